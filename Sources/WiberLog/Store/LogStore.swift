public import WiberBase

/// The logs and hard states of all groups of a shard over one data directory.
///
/// A value that makes no system call after ``open(_:options:identity:)``: what has to be written
/// comes out as a ``LogJob`` or a ``FlushJob``, and goes back in when it is done (rule 23). One
/// write-ahead log takes the entries of all groups; committed ones move to segment files of their
/// group. At most one job of each kind is out at a time.
public struct LogStore: Sendable {
    struct Pending: Sendable {
        var slot: Int
        var chunk: Chunk
        var tag: Term
    }
    /// Logs that were replaced or removed in memory, with no room yet for the job that says so.
    struct ChangedLogs: Sendable {
        var installed: [Int] = []
        var completions: [LogCompletion] = []
    }

    /// What the directory knows about itself.
    public internal(set) var superblock: Superblock
    /// What this store has done.
    public internal(set) var counters = LogStatistics()
    /// The highest feature level that the directory says, durably, was in force here.
    public internal(set) var durableLevel: FeatureLevel
    let options: LogOptions
    var wal: WriteAheadLog
    var groups: [GroupLog] = []
    var slots: [GroupID: Int] = [:]

    // What waits for the next log job.
    var queue = RingBuffer<Pending>()
    var queuedBytes = 0
    /// The bytes of entries that were ever given to this store.
    public private(set) var appendedBytes: UInt64 = 0
    /// How many entries were ever queued, and taken out.
    var queuedTotal: UInt64 = 0
    var takenTotal: UInt64 = 0
    /// Groups whose hard state has to be written, and since which entry of the queue.
    var changedHard: [Int: UInt64] = [:]
    /// Groups whose hard slot has to be written for the log's own sake.
    var changedEnds: Set<Int> = []
    var registrations: [Int] = []
    /// Groups whose end has to be written again as a whole, and words about groups.
    var healing: [Int] = []
    var marks: [(slot: Int, kind: RecordHeader.Kind)] = []
    var isSuperblockChanged = false
    var isSealRequested = false
    var removalsAfterJob: [String] = []
    var jobInFlight: UInt64?
    var nextJobNumber: UInt64 = 1

    // What waits for the next flush.
    var due: [Int] = []
    var isSyncRequested = false
    var dirtyFiles: Set<String> = []
    var dirtyDirectories: Set<String> = []
    var dirtySlots: Set<Int> = []
    var removals: [String] = []
    var leaving = LeavingFiles()
    var repairs = RingBuffer<PendingRepair>()
    var rewrite: Rewrite?
    /// Files to overwrite before they go, those that are being overwritten, and how many bytes may be.
    var overwriting: Set<String> = []
    var overwrites: [Overwrite] = []
    var overwriteAllowance = 0
    /// Groups whose new log is to be written, and those whose new log is durable.
    var installs: [Int] = []
    var written: [Int] = []
    /// Groups that are to be removed, those that the flush thread is done with, and those whose files
    /// can go.
    var ending: [Int] = []
    var ended: [Int] = []
    var changedLogs = ChangedLogs()
    var discarded: [Int] = []
    /// How many groups have no log here any more.
    var removedCount = 0
    var flushInFlight: UInt64?
    var isPreparing = false
    var nextFlushNumber: UInt64 = 1

    // Memory.
    var unflushedBytes = 0
    var retainedBytes = 0
    var retained = RingBuffer<(slot: Int, through: LogIndex)>()

    init(superblock: Superblock, options: LogOptions, wal: WriteAheadLog) {
        self.superblock = superblock
        durableLevel = superblock.level
        self.options = options
        self.wal = wal
    }

    /// Makes a group known; its record goes with the next job, ahead of its first entry.
    ///
    /// - Parameters:
    ///   - group: The topic's id, or meta.
    ///   - name: The topic's name; not used for the meta group.
    ///   - since: The meta entry that brings the group here; an older one than the last that was
    ///     carried out changes nothing.
    /// - Returns: `false` if `name` cannot be a part of a path, or the group has another name, or its
    ///   files of an earlier time are still there.
    @discardableResult
    public mutating func register(
        _ group: GroupID,
        name: String,
        since: LogIndex = .zero
    ) -> Bool {
        let name = group == .meta ? "" : name
        if let slot = slots[group] {
            return groups[slot].slot.name == name && revive(slot, since)
        }
        guard GroupSlot.isValidName(name, of: group) else { return false }
        let number = groups.count
        let slot = GroupSlot(group: group, number: UInt64(number), name: name, since: since)
        groups.append(GroupLog(number: number, slot: slot, hard: HardSlot(group: group)))
        slots[group] = number
        registrations.append(number)
        return true
    }

    /// Whether the group is known and not removed.
    public func isRegistered(_ group: GroupID) -> Bool {
        slots[group].map { groups[$0].removal == nil } ?? false
    }

    /// Adds entries; an index at or below the last first drops everything from there on.
    ///
    /// - Parameters:
    ///   - group: Whose log.
    ///   - chunks: Entries of this group whose indices follow one another.
    ///   - tag: Comes back in the completion: the term in which the append was decided.
    /// - Precondition: the group is registered, nothing committed is dropped, no gap is left.
    public mutating func append(_ group: GroupID, _ chunks: [Chunk], tag: Term) {
        guard let first = chunks.first else { return }
        let slot = known(group)
        if first.id.index <= groups[slot].last.index {
            unflushedBytes -= groups[slot].truncate(from: first.id.index)
        }
        for chunk in chunks {
            invariant(chunk.header.group == group, "chunk of \(chunk.header.group) in \(group)")
            groups[slot].append(chunk)
            queue.append(Pending(slot: slot, chunk: chunk, tag: tag))
            queuedBytes += chunk.bytes.count
            appendedBytes &+= UInt64(chunk.bytes.count)
            unflushedBytes += chunk.bytes.count
        }
        queuedTotal += UInt64(chunks.count)
    }

    /// Makes a group's hard state durable with the next job.
    ///
    /// Its completion says that everything appended before is durable as well.
    public mutating func persist(_ group: GroupID, term: Term, votedFor: NodeID) {
        let slot = known(group)
        groups[slot].hard.term = term
        groups[slot].hard.votedFor = votedFor
        changedHard[slot] = queuedTotal
    }

    /// Binds this directory to a cluster, and to one of its nodes, with the next job.
    public mutating func bind(clusterID: UniqueID, nodeID: NodeID) {
        superblock.clusterID = clusterID
        superblock.nodeID = nodeID
        isSuperblockChanged = true
    }

    /// Notes with the next job, ahead of all that it writes, that the cluster is at a feature level.
    public mutating func raise(to level: FeatureLevel) {
        guard level > superblock.level else { return }
        superblock.level = level
        isSuperblockChanged = true
    }

    /// Says up to where a group's entries are committed: only those go to segments.
    public mutating func commit(_ group: GroupID, through index: LogIndex) {
        let slot = known(group)
        groups[slot].advance(commit: index)
        noteFlushable(slot)
    }

    /// Whether so much waits in memory for segments that publishers have to be slowed down.
    public var isOverBudget: Bool { unflushedBytes > options.memoryBudget }

    /// Whether publishers of a group have to be slowed down: the budget is used up, and the group
    /// has its share of it.
    ///
    /// A group that cannot commit so holds up itself only; all together stay below twice the budget
    /// and a chunk a group.
    public func mustWait(_ group: GroupID) -> Bool {
        guard isOverBudget, let slot = slots[group] else { return false }
        return groups[slot].unflushedBytes >= options.memoryBudget
            / max(1, groups.count - removedCount)
    }

    /// The most bytes that one group may hold uncommitted: a part of the budget.
    public var uncommittedBytesMax: Int { options.memoryBudget / 4 }

    /// Whether a durable end has not been recorded: ask for a ``seal()`` after 20 ms without jobs,
    /// and at a clean stop (rule 4).
    public var needsSeal: Bool {
        !wal.isSealed && !isSealRequested && queue.isEmpty && jobInFlight == nil
            && !Mutant.sealMissing.isOn
    }

    /// Records with the next job that everything before it is durable.
    public mutating func seal() {
        if !wal.isSealed { isSealRequested = true }
    }

    /// Moves everything committed to segments, which are then made durable: at a clean stop.
    public mutating func flushAll() {
        isSyncRequested = true
        for slot in groups.indices where groups[slot].flushable > groups[slot].flushed {
            addDue(slot)
        }
    }

    func known(_ group: GroupID) -> Int {
        guard let slot = slots[group] else { fatalError("group \(group) is not registered") }
        return slot
    }

    mutating func noteFlushable(_ slot: Int) {
        if groups[slot].flushableBytes >= options.flushThreshold { addDue(slot) }
    }

    mutating func addDue(_ slot: Int) {
        guard !groups[slot].isDue else { return }
        groups[slot].isDue = true
        due.append(slot)
    }
}
