import WiberBase

/// One group's log: what is in memory, and what its segments hold.
struct GroupLog: Sendable {
    /// An entry in memory.
    struct Entry: Sendable {
        var chunk: Chunk
        /// Of the newest write-ahead log file that has it durably; 0: none yet.
        var generation: UInt64
    }

    /// The group's place in `groups` and `hard`.
    let number: Int
    var slot: GroupSlot
    /// What shall be, or is, on disk.
    var hard: HardSlot
    /// Entries `firstInMemory ... last.index`.
    private(set) var entries = RingBuffer<Entry>()
    private(set) var firstInMemory = LogIndex(1)
    /// The entry before the first of the log.
    var base = EntryID.zero
    private(set) var last = EntryID.zero
    /// The entry before ``firstInMemory``; the chunk itself only if it is short.
    private var headerBelow: ChunkHeader?
    private var chunkBelow: Chunk?
    private(set) var runs: [EntryID] = []
    /// Entries up to here survive a crash, as they are now.
    private(set) var durable = LogIndex.zero
    private(set) var commit = LogIndex.zero
    /// Entries up to here are in segment files, which may not be synced yet.
    private(set) var flushed = LogIndex.zero
    /// Entries up to here are in segment files durably.
    var synced = LogIndex.zero
    /// Entries up to here are committed and durable.
    private(set) var flushable = LogIndex.zero
    private(set) var flushableBytes = 0
    /// Bytes of entries in memory that no segment has yet.
    private(set) var unflushedBytes = 0
    var closed: [ClosedSegment] = []
    var active: ActiveSegment?
    /// The last configuration chunk that is in a segment; empty before the first.
    var configuration: [UInt8] = []
    /// The newest write-ahead log file that lists this group.
    var notedGeneration: UInt64 = 0
    var isDue = false
    /// Set while segments are damaged: nothing may be added, committed or trimmed.
    var recovery: GroupRecovery?
    /// Set while the end of the log is damaged.
    var wound: Wound?
    /// Set while the log is being replaced as a whole.
    var install: Install?
    /// Set once the replica is to be removed, or was.
    var removal: Removal?
    /// Entries up to here want something erased.
    var eraseThrough = LogIndex.zero
    /// Bytes of segments that are still there though it was removed.
    var leftBytes = 0

    init(number: Int, slot: GroupSlot, hard: HardSlot) {
        self.number = number
        self.slot = slot
        self.hard = hard
    }

    var id: GroupID { slot.group }
    /// Whether the group is not in use until it is repaired, or for good.
    var isImpaired: Bool { recovery != nil || wound != nil || install != nil || removal != nil }
    /// Where its segments are.
    var directory: String { slot.directory(hard.epoch) }
    /// Bytes of entries in memory that a segment has, too.
    var retainedBytes: Int {
        var bytes = 0
        var index = firstInMemory
        while index <= flushed, let entry = entry(at: index) {
            bytes += entry.chunk.bytes.count
            index = index.next
        }
        return bytes
    }
    var firstIndex: LogIndex { base.index.next }
    var isEmpty: Bool { last.index == base.index }
    var lastChunk: Chunk? { entries.isEmpty ? chunkBelow : entries.last?.chunk }
    var lastHeader: ChunkHeader? { entries.isEmpty ? headerBelow : entries.last?.chunk.header }

    /// Takes over what recovery found: segments first; each later entry is then appended.
    mutating func restore(_ segments: RecoveredSegments) {
        base = segments.base
        last = segments.last
        headerBelow = segments.lastChunk?.header
        chunkBelow = segments.lastChunk
        runs = segments.runs
        closed = segments.closed
        active = segments.active
        configuration = segments.configuration
        flushed = last.index
        synced = last.index
        flushable = last.index
        durable = last.index
        commit = last.index
        firstInMemory = last.index.next
    }

    /// The entry at `index`, if it is in memory.
    func entry(at index: LogIndex) -> Entry? {
        guard index >= firstInMemory, index <= last.index, !entries.isEmpty else { return nil }
        return entries[Int(index.rawValue - firstInMemory.rawValue)]
    }

    /// The header of the entry at `index`, if it is in memory or the last one before it.
    func header(at index: LogIndex) -> ChunkHeader? {
        if index.next == firstInMemory || entries.isEmpty {
            return headerBelow?.index == index ? headerBelow : nil
        }
        return entry(at: index)?.chunk.header
    }

    /// Adds an entry that follows the last; with a generation, it is durable already.
    mutating func append(_ chunk: Chunk, generation: UInt64 = 0) {
        let id = chunk.id
        invariant(id.index == last.index.next, "\(id) after \(last) in group \(self.id)")
        if entries.isEmpty { firstInMemory = id.index }
        entries.append(Entry(chunk: chunk, generation: generation))
        unflushedBytes += chunk.bytes.count
        if runs.last?.term != id.term { runs.append(EntryID(index: id.index, term: id.term)) }
        last = id
        if generation > 0 { durable = id.index }
    }

    /// Drops everything at `index` and above; returns the bytes that left memory.
    mutating func truncate(from index: LogIndex) -> Int {
        invariant(index > commit && index > flushed, "truncation at \(index), commit \(commit)")
        var bytes = 0
        while last.index >= index, let entry = entries.popLast() {
            bytes += entry.chunk.bytes.count
            last = EntryID(index: last.index.previous, term: last.term)
        }
        unflushedBytes -= bytes
        while let run = runs.last, run.index >= index { runs.removeLast() }
        last.term = runs.last?.term ?? base.term
        durable = min(durable, last.index)
        return bytes
    }

    /// The entry at `index` and `term` is durable in the file of `generation`.
    mutating func noteDurable(_ id: EntryID, generation: UInt64) {
        guard let entry = entry(at: id.index), entry.chunk.header.term == id.term else { return }
        entries[Int(id.index.rawValue - firstInMemory.rawValue)].generation = generation
        durable = max(durable, id.index)
    }

    /// Moves the commit index.
    mutating func advance(commit index: LogIndex) {
        commit = max(commit, min(index, last.index))
        updateFlushable()
    }

    mutating func updateFlushable() {
        let limit = min(commit, durable)
        while flushable < limit, let entry = entry(at: flushable.next) {
            flushable = flushable.next
            flushableBytes += entry.chunk.bytes.count
        }
    }

    /// Entries up to `index`, of `bytes`, are in segment files now.
    mutating func noteFlushed(through index: LogIndex, bytes: Int) {
        flushed = index
        flushableBytes -= bytes
        unflushedBytes -= bytes
    }

    /// Drops the oldest entries from memory, up to `index`; returns their bytes.
    mutating func evict(through index: LogIndex, lastChunkMax: Int) -> Int {
        var bytes = 0
        while firstInMemory <= min(index, flushed), let entry = entries.popFirst() {
            bytes += entry.chunk.bytes.count
            firstInMemory = firstInMemory.next
            headerBelow = entry.chunk.header
            chunkBelow = entry.chunk.bytes.count <= lastChunkMax ? entry.chunk : nil
        }
        return bytes
    }

    /// Whether something in the file of `generation` is not in a segment yet.
    func isPinning(_ generation: UInt64, flushedThrough: LogIndex) -> Bool {
        if let wound, wound.generation <= generation { return true }
        guard let entry = entry(at: flushedThrough.next) else { return false }
        return entry.generation > 0 && entry.generation <= generation
    }

    /// The term of the entry at `index`; `nil` outside of the log; the base's own at its index.
    func term(at index: LogIndex) -> Term? {
        if index == base.index { return base.term }
        guard index > base.index, index <= last.index else { return nil }
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].index <= index { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : runs[low - 1].term
    }

    /// Forgets the first segments, up to and including the one that ends at `entry`.
    mutating func trim(through entry: EntryID, count: Int) {
        closed.removeFirst(count)
        base = entry
        while runs.count > 1, runs[1].index <= entry.index.next { runs.removeFirst() }
        if let first = runs.first, first.index <= entry.index {
            runs[0] = EntryID(index: entry.index.next, term: first.term)
        }
    }
}
