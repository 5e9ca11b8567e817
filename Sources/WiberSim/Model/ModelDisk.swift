/// An entry as the write-ahead log holds it; one leader a term, so index and term name its bytes.
struct ModelRecord: Equatable, Sendable {
    var index: Int
    var term: Int
    /// Whether its bytes can be read; a record without them marks a hole.
    var isReadable = true
}

/// What is written and synced together.
struct ModelBatch: Equatable, Sendable {
    /// Where its bytes are.
    enum Place: Equatable, Sendable {
        /// In the page cache, to be written by the next fsync.
        case cache
        /// In the page cache only, and clean: an fsync has failed.
        case cleanCache
        /// On the disk by chance; nobody was told.
        case disk
        /// On the disk, after an fsync.
        case synced
    }
    enum Damage: Equatable, Sendable {
        /// The write was cut short.
        case torn
        /// The table cannot be read, so that nobody knows what was in it.
        case table
    }

    var records: [ModelRecord]
    /// Whether it begins a file with everything that the log holds.
    var isWholeTail = false
    var place = Place.cache
    var damage: Damage?
    /// Whether one of its records has rotted; the mark of a hole is a record that never could be
    /// read, and no damage.
    var isRotten = false
    /// Whether a durable point says that it is durable.
    var isSealed = false

    var isInCache: Bool { place == .cache || place == .cleanCache }
    var isDamaged: Bool { damage != nil || isRotten }
}

/// Term and vote.
struct ModelVote: Equatable, Sendable {
    var term = 0
    /// The candidate's number, from 1 on; 0 is nobody.
    var candidate = 0

    func isNewer(than other: ModelVote) -> Bool {
        (term, candidate > 0 ? 1 : 0) > (other.term, other.candidate > 0 ? 1 : 0)
    }
}

/// One of the two places for the hard state.
struct ModelSlot: Equatable, Sendable {
    /// `nil` if it cannot be read.
    var disk: ModelVote? = ModelVote()
    /// What the page cache has instead.
    var cache: ModelVote?
    /// Whether the page is clean, though the disk has something else: an fsync has failed.
    var isClean = false

    var content: ModelVote? { cache ?? disk }

    mutating func write(_ vote: ModelVote) {
        cache = vote
        isClean = false
    }

    mutating func sync() {
        guard let cache, !isClean else { return }
        disk = cache
        self.cache = nil
    }
}

/// A replica's disk, and its page cache.
struct ModelDisk: Equatable, Sendable {
    var wal: [ModelBatch] = []
    /// What a recycled file still holds, behind what is written to it next.
    var recycled: [ModelBatch] = []
    var slots = [ModelSlot(), ModelSlot()]
    var isSuspect = false
    /// Whether the power has failed since the last start.
    var isBootNew = false

    /// What becomes of something that only the page cache had.
    enum Fate: Equatable, Sendable {
        case lost
        case torn
        case kept
    }

    /// Makes everything in the log durable that still can be.
    mutating func syncLog(isSealing: Bool) {
        for place in wal.indices where wal[place].place == .cache {
            wal[place].place = .synced
            wal[place].isSealed = isSealing
        }
    }

    /// An fsync of the log fails: the pages are clean, the disk has what it had.
    mutating func failSync() {
        for place in wal.indices where wal[place].place == .cache {
            wal[place].place = .cleanCache
        }
    }

    /// All that a power cut can do: a fate for each batch and then each slot that is in the cache.
    var powerCuts: [[Fate]] {
        var outcomes: [[Fate]] = [[]]
        for batch in wal where batch.isInCache {
            let fates: [Fate] = batch.place == .cache ? [.torn, .kept] : [.torn]
            outcomes = outcomes.flatMap { outcome in fates.map { outcome + [$0] } }
        }
        for slot in slots where slot.cache != nil {
            let fates: [Fate] = slot.isClean ? [.lost] : [.lost, .torn, .kept]
            outcomes = outcomes.flatMap { outcome in fates.map { outcome + [$0] } }
        }
        return outcomes
    }

    mutating func cutPower(_ fates: [Fate]) {
        var fates = fates[...]
        for place in wal.indices where wal[place].isInCache {
            let isKept = fates.popFirst() == .kept
            wal[place].place = .disk
            if !isKept { wal[place].damage = .torn }
        }
        for place in slots.indices where slots[place].cache != nil {
            switch fates.popFirst() {
            case .kept: slots[place].disk = slots[place].cache
            case .torn: slots[place].disk = nil
            case .lost, nil: break
            }
            slots[place].cache = nil
            slots[place].isClean = false
        }
        isBootNew = true
    }
}
