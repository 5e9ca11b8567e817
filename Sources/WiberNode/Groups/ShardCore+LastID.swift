import WiberBase
import WiberLog
import WiberTopic

/// The id of a topic's last message, where the log has to be asked for it.
extension ShardCore {
    /// Looks for the id of the last message, unless it is known or being read.
    func findLastID(_ slot: Int) {
        seal(slot)
        guard !groups[slot].topic.knowsLastID, !groups[slot].isReadingLastID else { return }
        let id = groups[slot].id
        switch store.index(id, of: groups[slot].topic.tail.nextSequence.previous) {
        case .memory(let index): noteLastID(store.chunk(id, at: index).map { [$0] } ?? [], slot)
        case .segment(let plan):
            groups[slot].isReadingLastID = true
            startRead(plan, for: .lastID(id))
        case .belowStart, .beyondEnd: groups[slot].topic.findLastID(in: nil)
        }
    }

    /// The chunk with the last message was read, or could not be.
    func finishLastIDRead(_ group: GroupID, _ chunks: [Chunk]) {
        guard let slot = slotOfGroup[group] else { return }
        groups[slot].isReadingLastID = false
        noteLastID(chunks, slot)
    }

    private func noteLastID(_ chunks: [Chunk], _ slot: Int) {
        let next = groups[slot].topic.tail.nextSequence
        guard let chunk = chunks.first(where: { $0.header.nextSequence == next }) else { return }
        // At the end of what was restored there may be sequences that no message has.
        groups[slot].topic.findLastID(in: chunk.header.count > 0 ? chunk : nil)
    }
}
