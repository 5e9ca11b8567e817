public import WiberBase

/// Where a message is.
public enum SequencePlace: Sendable {
    /// In memory, in the chunk at this index.
    case memory(LogIndex)
    /// In a segment that this plan reads.
    case segment(ReadPlan)
    /// After the last message.
    case beyondEnd
    /// Before the first message that is still stored.
    case belowStart(first: Sequence)
}

extension LogStore {
    /// The entry at `index`, if it is in memory.
    public func chunk(_ group: GroupID, at index: LogIndex) -> Chunk? {
        slots[group].flatMap { groups[$0].entry(at: index)?.chunk }
    }

    /// The last entry, unless it is large and has left memory: then ask ``lastHeader(_:)``.
    public func lastChunk(_ group: GroupID) -> Chunk? {
        slots[group].flatMap { groups[$0].lastChunk }
    }

    /// The last entry's header; `nil` in an empty log.
    public func lastHeader(_ group: GroupID) -> ChunkHeader? {
        slots[group].flatMap { groups[$0].lastHeader }
    }

    /// The header of the entry at `index`, if it is in memory or the last one before it.
    public func header(_ group: GroupID, at index: LogIndex) -> ChunkHeader? {
        slots[group].flatMap { groups[$0].header(at: index) }
    }

    /// The first entry that is still stored; `nil` in an empty log.
    public func firstIndex(_ group: GroupID) -> LogIndex? {
        guard let slot = slots[group], !groups[slot].isEmpty else { return nil }
        return groups[slot].firstIndex
    }

    /// Where the first segment begins that takes messages out of the topic, or the first entry in
    /// memory that does; `nil` if there is none.
    public func firstRemovals(_ group: GroupID) -> LogIndex? {
        guard let slot = slots[group] else { return nil }
        if let closed = groups[slot].closed.first(where: { $0.trailer.removalCount > 0 }) {
            return closed.trailer.baseIndex
        }
        if let active = groups[slot].active, active.removalCount > 0 {
            return active.header.baseIndex
        }
        let entries = groups[slot].entries
        for place in 0..<entries.count where entries[place].chunk.header.removalCount > 0 {
            return entries[place].chunk.header.index
        }
        return nil
    }

    /// The last entry's index; `nil` in an empty log.
    public func lastIndex(_ group: GroupID) -> LogIndex? {
        guard let slot = slots[group], !groups[slot].isEmpty else { return nil }
        return groups[slot].last.index
    }

    /// The first entry of each term in the log, in order.
    public func termRuns(_ group: GroupID) -> [EntryID] {
        slots[group].map { groups[$0].runs } ?? []
    }

    /// The term of the entry at `index`, or of the one before the first; `nil` elsewhere.
    public func term(_ group: GroupID, at index: LogIndex) -> Term? {
        slots[group].flatMap { groups[$0].term(at: index) }
    }

    /// The lowest index from which on every entry is in memory.
    public func firstIndexInMemory(_ group: GroupID) -> LogIndex {
        slots[group].map { groups[$0].firstInMemory } ?? LogIndex(1)
    }

    /// How to read entries from `index` on that are in a segment; `nil` if none is there.
    public func plan(_ group: GroupID, from index: LogIndex, byteBudget: Int) -> ReadPlan? {
        guard let slot = slots[group] else { return nil }
        let log = groups[slot]
        if log.recovery != nil {
            return index <= log.base.index ? unlistedPlan(log, from: index, byteBudget) : nil
        }
        guard index > log.base.index, index <= log.flushed else { return nil }
        let place = partition(log.closed) { $0.trailer.lastIndex < index }
        return plan(log, segment: place, .index(index), byteBudget)
    }

    /// Up to where whole closed segments follow `index`, and about how many bytes they have from there
    /// on; `nil` if none begins behind it.
    public func closedSpan(
        _ group: GroupID,
        from index: LogIndex
    ) -> (through: LogIndex, bytes: UInt64)? {
        guard let slot = slots[group], groups[slot].recovery == nil,
            let last = groups[slot].closed.last?.trailer, last.baseIndex >= index
        else { return nil }
        let first = partition(groups[slot].closed) { $0.trailer.lastIndex < index }
        let bytes = groups[slot].closed[first...].reduce(UInt64(0)) {
            $0 &+ UInt64($1.trailer.fileSize)
        }
        return (last.lastIndex, bytes)
    }

    /// Where the message with a sequence is, in memory or in a segment.
    public func index(
        _ group: GroupID,
        of sequence: Sequence,
        byteBudget: Int = 1 << 20
    ) -> SequencePlace {
        guard let slot = slots[group] else { return .beyondEnd }
        let log = groups[slot]
        guard let last = log.lastHeader, sequence < last.nextSequence else { return .beyondEnd }
        if let first = log.entries.first?.chunk.header, sequence >= first.baseSequence {
            return .memory(memoryIndex(log) { $0.nextSequence <= sequence })
        }
        let base = log.closed.first?.trailer.baseSequence ?? log.active?.header.baseSequence
        guard let base, sequence >= base else {
            let inMemory = log.entries.first?.chunk.header.baseSequence
            return .belowStart(first: base ?? inMemory ?? last.nextSequence)
        }
        let place = partition(log.closed) { $0.trailer.nextSequence <= sequence }
        guard let plan = plan(log, segment: place, .sequence(sequence), byteBudget) else {
            return log.entries.isEmpty ? .beyondEnd : .memory(log.firstInMemory)
        }
        return .segment(plan)
    }

    /// Where the first message at or after `time` is: in the chunk named, or after it.
    public func index(
        _ group: GroupID,
        at time: Timestamp,
        byteBudget: Int = 1 << 20
    ) -> SequencePlace {
        guard let slot = slots[group] else { return .beyondEnd }
        let log = groups[slot]
        guard log.lastHeader != nil else { return .beyondEnd }
        if let first = log.entries.first?.chunk.header,
            time > first.baseTime || log.firstInMemory == log.firstIndex
        {
            let after = memoryIndex(log) { $0.baseTime < time }
            return .memory(max(log.firstInMemory, after.previous))
        }
        let after = partition(log.closed) { $0.trailer.firstTime < time }
        let last = log.active?.tables.sparse.first.map { $0.time < time } ?? false
        let place = last ? log.closed.count : max(0, after - 1)
        guard let plan = plan(log, segment: place, .time(time), byteBudget) else {
            return log.entries.isEmpty ? .beyondEnd : .memory(log.firstInMemory)
        }
        return .segment(plan)
    }

    /// An entry at or before the first one that begins at or after `time`, found without a read.
    ///
    /// At most a segment early; `nil` in an empty log.
    public func firstIndex(_ group: GroupID, since time: Timestamp) -> LogIndex? {
        guard let slot = slots[group], !groups[slot].isEmpty else { return nil }
        let log = groups[slot]
        if let first = log.entries.first?.chunk.header, time > first.baseTime {
            return max(log.firstInMemory, memoryIndex(log) { $0.baseTime < time }.previous)
        }
        if let rows = log.active?.tables.sparse, let first = rows.first, time > first.time {
            return rows.last { $0.time < time }?.index
        }
        let after = partition(log.closed) { $0.trailer.firstTime < time }
        return after == 0 ? log.firstIndex : log.closed[after - 1].trailer.baseIndex
    }

    /// What the log has done, and what waits in it now.
    public var statistics: LogStatistics {
        var now = counters
        now.queuedEntries = queue.count
        now.queuedBytes = queuedBytes
        now.memtableBytes = unflushedBytes
        now.retainedBytes = retainedBytes
        now.walFiles = wal.fileCount
        now.walFilesFull = wal.full.count
        now.filesToOverwrite = overwrites.count { $0.file == nil } + wal.stale.count
        now.segments = groups.reduce(0) { $0 + $1.closed.count + ($1.active == nil ? 0 : 1) }
        now.groups = groups.count
        measure(&now)
        return now
    }

    private func plan(
        _ log: GroupLog,
        segment place: Int,
        _ start: ReadPlan.Start,
        _ byteBudget: Int
    ) -> ReadPlan? {
        if place < log.closed.count {
            let segment = log.closed[place]
            return ReadPlan(
                path: segment.path,
                group: log.id,
                start: start,
                byteBudget: byteBudget,
                place: nil,
                trailer: segment.trailer,
                end: Int(segment.trailer.chunksEnd),
                sparseInterval: options.sparseInterval,
                header: header(of: place, log)
            )
        }
        guard let active = log.active, active.last != nil else { return nil }
        let row = ReadPlan.row(of: start, in: active.tables.sparse)
        var plan = ReadPlan(
            path: active.path,
            group: log.id,
            start: start,
            byteBudget: byteBudget,
            place: row.map { ChunkPlace($0, active.header.spacing) } ?? ChunkPlace(active.header),
            trailer: nil,
            end: active.end,
            sparseInterval: options.sparseInterval
        )
        // From the start of the file: its header is looked at, and put right, as well.
        if row == nil { plan.frame = SegmentFrame(header: active.header) }
        return plan
    }

    /// The first index in memory whose header is not `before`.
    private func memoryIndex(_ log: GroupLog, before: (ChunkHeader) -> Bool) -> LogIndex {
        var low = 0
        var high = log.entries.count
        while low < high {
            let middle = (low + high) / 2
            if before(log.entries[middle].chunk.header) { low = middle + 1 } else { high = middle }
        }
        return LogIndex(log.firstInMemory.rawValue + UInt64(low))
    }

    func partition(
        _ segments: [ClosedSegment],
        before: (ClosedSegment) -> Bool
    ) -> Int {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if before(segments[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
