public import WiberBase

/// Bodies that are to be gone from the disk soon (docs/decisions/0015).
///
/// 1. An entry that asks for it begins a segment, so that the one before it can be written anew.
/// 2. Segments say up to which entry they are without what was to be erased: a start believes a file
///    only then.
/// 3. The files that are left over, and all of the write-ahead log that is there now, are overwritten with
///    zeros before they go or are used again.
extension LogStore {
    /// Moves a group's entries to durable segments up to one that wants something erased.
    ///
    /// - Returns: whether they are there, or the group has no log here any more.
    public mutating func flushForErasure(_ group: GroupID, through entry: LogIndex) -> Bool {
        guard let slot = slots[group], groups[slot].removal == nil else { return true }
        guard !groups[slot].isImpaired else { return false }
        groups[slot].eraseThrough = max(groups[slot].eraseThrough, entry)
        guard groups[slot].synced < entry else { return true }
        if groups[slot].flushable > groups[slot].flushed { addDue(slot) }
        isSyncRequested = true
        return false
    }

    /// Whether the segment with entries from an index on is without what an entry wants erased.
    public func isErased(_ segment: SegmentSummary, through entry: LogIndex) -> Bool {
        segment.erasedThrough >= entry || segment.indices.lowerBound >= entry
    }

    /// The closed segments that have sequences of a range.
    public func closedSegments(
        _ group: GroupID,
        from start: Sequence,
        to end: Sequence
    ) -> [SegmentSummary] {
        guard let slot = slots[group], !groups[slot].isImpaired, start < end else { return [] }
        let closed = groups[slot].closed
        var place = partition(closed) { $0.trailer.nextSequence <= start }
        var found: [SegmentSummary] = []
        while place < closed.count, closed[place].trailer.baseSequence < end {
            found.append(SegmentSummary(closed[place]))
            place += 1
        }
        return found
    }

    // MARK: The write-ahead log

    /// Begins to overwrite all that the write-ahead log's files hold now, as soon as it is not needed.
    public mutating func overwriteLog() { wal.markStale() }

    /// Whether some of what the write-ahead log held then is still there.
    public var isOverwritingLog: Bool { !wal.stale.isEmpty }

    // MARK: Overwriting

    /// Whether a file of a group waits to be overwritten.
    public func isOverwriting(_ group: GroupID) -> Bool {
        guard let slot = slots[group] else { return false }
        let directory = groups[slot].slot.directory(0) + "/"
        return overwrites.contains { $0.path.hasPrefix(directory) }
            || overwriting.contains { $0.hasPrefix(directory) }
    }

    /// Whether a file waits to be overwritten.
    public var hasOverwrites: Bool { !overwrites.isEmpty || !wal.stale.isEmpty }

    /// Says how many bytes may be overwritten until this is called again.
    public mutating func allowOverwriting(_ bytes: Int) { overwriteAllowance = bytes }

    /// Files that go, but for messages that are to be erased and may be in them.
    func unerased(_ segments: some Swift.Sequence<ClosedSegment>, of slot: Int) -> [String] {
        let through = groups[slot].eraseThrough
        return segments.filter { segment in
            segment.trailer.baseIndex < through && segment.trailer.erasedThrough < through
        }.map(\.path)
    }

    /// Removes segment files, with zeros in them first where that is asked for.
    ///
    /// Only files whose names never come again: what is overwritten later must not be another one.
    mutating func remove(_ paths: [String]) {
        for path in paths {
            if overwriting.remove(path) != nil {
                overwrites.append(Overwrite(path: path, size: leaving.size(of: path)))
            } else {
                removals.append(path)
            }
        }
    }

    /// Leaves a group's files as they are, which go as a whole.
    mutating func forgetOverwrites(_ slot: Int) {
        let directory = groups[slot].slot.directory(0) + "/"
        overwrites.removeAll { $0.path.hasPrefix(directory) }
        overwriting = overwriting.filter { !$0.hasPrefix(directory) }
    }

    /// What the flush thread overwrites next.
    mutating func takeOverwrite() -> OverwriteStep? {
        if overwrites.allSatisfy({ $0.file == nil }), let file = wal.takeStale() {
            overwrites.append(Overwrite(file))
        }
        guard let next = overwrites.first, overwriteAllowance > 0 else { return nil }
        let count = min(next.range.count, Overwrite.pieceMax, overwriteAllowance)
        overwriteAllowance -= count
        let piece = next.range.lowerBound..<next.range.lowerBound + count
        let isLast = count == next.range.count
        var steps = [DiskStep.overwrite(path: next.path, range: piece)]
        if isLast, next.file != nil { steps.append(.sync(path: next.path)) }
        if isLast, next.file == nil {
            steps += [.syncIfThere(path: next.path), .remove(path: next.path)]
        }
        return OverwriteStep(steps: steps, path: next.path, byteCount: count, isLast: isLast)
    }

    mutating func noteOverwritten(_ step: OverwriteStep?) {
        guard let step else { return }
        counters.overwrittenBytes += UInt64(step.byteCount)
        if step.isLast { leaving.remove([step.path]) }
        guard let place = overwrites.firstIndex(where: { $0.path == step.path }) else { return }
        guard step.isLast else {
            let range = overwrites[place].range
            overwrites[place].range = range.lowerBound + step.byteCount..<range.upperBound
            return
        }
        if let file = overwrites.remove(at: place).file { wal.addClean(file) }
    }
}
