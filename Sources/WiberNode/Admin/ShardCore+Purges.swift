import WiberBase
import WiberRaft
import WiberTopic
import WiberWire

/// Messages that go because somebody asked for it: decided by the leader, as retention is.
extension ShardCore {
    /// The most people that wait for a topic's messages to go.
    private static let purgesMax = 64

    /// Takes a command for a topic's messages, as its leader.
    func takePurge(_ bytes: [UInt8], _ slot: Int, _ origin: CommandOrigin) {
        guard let command = try? TopicCommand.decode(bytes) else {
            let text = "the leader does not know this command; it may run an older version"
            return answer(origin, .refused, text: text)
        }
        guard shutdown == nil, fullDisk == nil, groups[slot].raft?.refusal == nil,
            groups[slot].purges.count < Self.purgesMax
        else { return answer(origin, .notNow) }
        seal(slot)
        let target = groups[slot].topic.purge(command)
        counters.purges += 1
        groups[slot].purges.append((origin, target))
        answerPurges(slot)
        nextSweep = time.now
    }

    /// Tells those whose messages are gone.
    func answerPurges(_ slot: Int) {
        guard !groups[slot].purges.isEmpty, groups[slot].isLeader else { return }
        let first = groups[slot].topic.firstSequence
        let done = groups[slot].purges.filter { $0.target <= first }
        groups[slot].purges.removeAll { $0.target <= first }
        for purge in done { answer(purge.origin, .done, at: groups[slot].applied) }
    }

    /// Another node leads now, and was not asked.
    func failPurges(_ slot: Int) {
        groups[slot].topic.endPurge()
        let waiting = groups[slot].purges
        groups[slot].purges = []
        for purge in waiting { answer(purge.origin, .unknown) }
    }
}
