import WiberBase
import WiberLog
import WiberTopic

/// Which messages have which subject: read from the log where it is wanted.
extension ShardCore {
    /// How many subjects are looked after at a time, of all topics and of one.
    private static let subjectsSwept = (all: 4_096, one: 1_024)

    /// How much of a log is added to an index at a time, in bytes, and what each chunk costs of that
    /// beside its own.
    private static let indexBudget = 4 << 20
    private static let smallChunk = 1 << 10

    /// Goes on with the indexes, and with what follows from them.
    func sweepSubjects() {
        var left = Self.subjectsSwept.all
        for step in groups.indices {
            let slot = (firstSweptSlot + step) % groups.count
            guard groups[slot].topic.readsMessages, groups[slot].raft != nil else { continue }
            buildIndex(slot)
            guard left > 0 else { continue }
            let isLeader = groups[slot].isLeader
            let most = min(left, Self.subjectsSwept.one)
            left -= groups[slot].topic.sweepSubjects(most: most, isLeader: isLeader)
        }
        // Another one comes first the next time.
        firstSweptSlot = (firstSweptSlot + 1) % max(1, groups.count)
    }

    /// Gives the index of a topic's subjects, and its times to live, what they lack.
    private func buildIndex(_ slot: Int) {
        guard groups[slot].topic.lacksMessages else { return }
        goOnWithIndex(slot)
    }

    private func goOnWithIndex(_ slot: Int) {
        addToIndex(slot)
        if groups[slot].topic.isIndexComplete {
            groups[slot].topic.sweepSubjectsAgain()
        }
    }

    private func addToIndex(_ slot: Int) {
        var budget = Self.indexBudget
        while groups[slot].indexRead == nil, let next = groups[slot].topic.indexNeeds() {
            guard budget > 0 else { return }
            budget -= Self.smallChunk
            switch place(of: next, slot) {
            case .chunk(let chunk):
                budget -= chunk.bytes.count
                addToIndex(chunk, slot)
            case .plan(let plan):
                let token = startRead(plan, for: .index(groups[slot].id))
                groups[slot].indexRead = (token, next)
            case .gap(let first): groups[slot].topic.skipIndex(to: max(first, next.next))
            case .end: return
            }
        }
        guard groups[slot].indexRead == nil, groups[slot].topic.lacksMessages else { return }
        // All that is committed is there: what follows is in memory.
        let id = groups[slot].id
        var index = groups[slot].applied.next
        while let chunk = store.chunk(id, at: index) {
            groups[slot].topic.feedIndex(chunk)
            index = index.next
        }
        seal(slot)
    }

    /// What was read for the index is there; it may have been begun anew meanwhile.
    func feedIndex(_ group: GroupID, _ token: UInt64, _ chunks: [Chunk]) {
        guard let slot = slotOfGroup[group], let read = groups[slot].indexRead,
            read.token == token
        else { return }
        groups[slot].indexRead = nil
        guard groups[slot].topic.indexNeeds() == read.from else { return }
        for chunk in chunks { addToIndex(chunk, slot) }
        goOnWithIndex(slot)
    }

    /// Adds a chunk that comes next; before it there may be sequences that no message has.
    private func addToIndex(_ chunk: Chunk, _ slot: Int) {
        groups[slot].topic.skipIndex(to: chunk.header.baseSequence)
        groups[slot].topic.feedIndex(chunk)
    }
}
