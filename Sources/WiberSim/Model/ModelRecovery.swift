/// What a start finds on a disk, by the rules or by all but one of them.
struct ModelRecovery {
    /// An entry of the log in memory.
    struct Entry: Equatable, Sendable {
        var term: Int
        /// Whether its bytes are missing.
        var isHole = false
    }

    /// The log; the entry at index 1 first.
    private(set) var log: [Entry] = []
    /// Whether there may have been entries of which nothing is known.
    private(set) var isSuspect = false
    /// `nil` if neither slot can be read.
    let vote: ModelVote?

    init(_ disk: ModelDisk, breaking broken: StorageRule?) {
        vote = Self.vote(disk.slots, breaking: broken)
        var batches = Self.needed(disk.wal)
        Self.cutTail(&batches, breaking: broken)
        if broken == .generationChecked { batches += disk.recycled }
        for batch in batches {
            if batch.damage != nil {
                isSuspect = true
            } else if !replay(batch) {
                break
            }
        }
        if broken == .holeVotesByTrueLast, let hole = log.firstIndex(where: \.isHole) {
            log.removeSubrange(hole...)
        }
    }

    private static func vote(_ slots: [ModelSlot], breaking broken: StorageRule?) -> ModelVote? {
        guard let first = slots[0].content, let second = slots[1].content else {
            return slots[0].content ?? slots[1].content
        }
        let isFirst = first.isNewer(than: second) != (broken == .newerSlotWins)
        return isFirst ? first : second
    }

    /// A whole tail makes all before it superfluous, once it is there.
    private static func needed(_ wal: [ModelBatch]) -> [ModelBatch] {
        let start = wal.lastIndex { $0.isWholeTail && (!$0.isDamaged || $0.isSealed) }
        return Array(wal[(start ?? 0)...])
    }

    /// What was cut short is cut off: only at the end, and only above every durable point.
    private static func cutTail(_ batches: inout [ModelBatch], breaking broken: StorageRule?) {
        if broken == .rotNotCut {
            guard let bad = batches.firstIndex(where: \.isDamaged) else { return }
            return batches.removeSubrange(bad...)
        }
        while let last = batches.last, last.isDamaged, !last.isSealed { batches.removeLast() }
    }

    /// A record at an index discards what came before it from there on.
    ///
    /// - Returns: whether what follows may be replayed too.
    private mutating func replay(_ batch: ModelBatch) -> Bool {
        for record in batch.records {
            guard record.index <= log.count + 1 else {
                isSuspect = true
                return false
            }
            log.removeSubrange((record.index - 1)...)
            log.append(Entry(term: record.term, isHole: !record.isReadable))
        }
        return true
    }
}
