public import WiberBase

/// Segments that are written anew: to give the room of erased bodies back, to compress them, or because
/// one that was written anew before is damaged.
///
/// One at a time: the caller reads the entries, from the old file or from another replica, takes the
/// bodies out and hands them in; the flush thread writes them piece by piece.
extension LogStore {
    /// The closed segment with the first entry after `index`; `nil` if there is none.
    ///
    /// Only durable ones, and none of a group that is not in use.
    public func closedSegment(_ group: GroupID, after index: LogIndex) -> SegmentSummary? {
        guard let slot = slots[group], !groups[slot].isImpaired else { return nil }
        let log = groups[slot]
        let place = partition(log.closed) { $0.trailer.baseIndex <= index }
        guard place < log.closed.count, log.closed[place].trailer.lastIndex < log.synced else {
            return nil
        }
        return SegmentSummary(log.closed[place])
    }

    /// The closed segment that has an entry; as above.
    public func closedSegment(_ group: GroupID, holding index: LogIndex) -> SegmentSummary? {
        guard let slot = slots[group] else { return nil }
        let place = partition(groups[slot].closed) { $0.trailer.lastIndex < index }
        guard place < groups[slot].closed.count else { return nil }
        return closedSegment(group, after: groups[slot].closed[place].trailer.baseIndex.previous)
    }

    /// Whether a segment is being written anew.
    public var isRewriting: Bool { rewrite != nil }

    /// Begins to write a closed segment anew, in the place of any other rewrite.
    ///
    /// - Parameters:
    ///   - group: Whose.
    ///   - path: The segment's file.
    ///   - erasedThrough: The caller takes out all bodies that entries up to this one want erased.
    ///   - isCompressed: Whether the new file is compressed.
    /// - Returns: `false` if there is no such segment now.
    public mutating func beginRewrite(
        _ group: GroupID,
        _ path: String,
        erasedThrough: LogIndex = .zero,
        isCompressed: Bool = false
    ) -> Bool {
        cancelRewrite()
        guard let slot = slots[group], !groups[slot].isImpaired,
            let source = groups[slot].closed.first(where: { $0.path == path }),
            source.trailer.lastIndex < groups[slot].synced, group != .meta
        else { return false }
        let blocks = isCompressed ? BlockWriter(blockLength: options.blockLength) : nil
        rewrite = Rewrite(slot, source, blocks, erasedThrough: erasedThrough)
        return true
    }

    /// How to read the next entries of the segment; `nil` if none are needed now, or it is gone.
    public func rewritePlan(byteBudget: Int) -> ReadPlan? {
        guard let rewrite, rewrite.closed == nil, rewrite.steps.isEmpty, isCurrent(rewrite),
            var plan = plan(groups[rewrite.slot].id, from: rewrite.next, byteBudget: byteBudget)
        else { return nil }
        plan.withConfiguration = rewrite.segment == nil
        plan.mayLackChunks = true
        return plan
    }

    /// The next entry that the rewrite needs; `nil` if there is none.
    public var rewriteNext: LogIndex? {
        rewrite.flatMap { $0.closed == nil && isCurrent($0) ? $0.next : nil }
    }

    /// Takes the next entries of the segment, as they shall be; other ones in front and behind are
    /// passed over.
    ///
    /// - Parameters:
    ///   - chunks: verified ones.
    ///   - configuration: the chunk that the file's header repeats; at the first call only.
    /// - Returns: how many it took; none if they are not those of this log.
    public mutating func rewrite(_ chunks: [Chunk], configuration: Chunk? = nil) -> Int {
        guard var work = rewrite, work.closed == nil, isCurrent(work) else { return 0 }
        let log = groups[work.slot]
        var count = 0
        for chunk in chunks where chunk.header.index == work.next {
            let header = chunk.header
            guard header.group == log.id, header.term == log.term(at: header.index) else { break }
            if work.segment == nil {
                guard let first = Self.header(of: work, chunk, configuration, log) else { break }
                work.begin(first, directory: log.directory)
            } else if work.segment?.last?.checksum != header.previousChecksum {
                break
            }
            work.add(chunk, sparseInterval: options.sparseInterval)
            count += 1
            guard work.next <= work.source.trailer.lastIndex else {
                work.close(directory: log.directory)
                break
            }
        }
        if let closed = work.closed, !closed.trailer.isRewritten(from: work.source.trailer) {
            cancelRewrite()
            return 0
        }
        rewrite = work
        return count
    }

    /// Gives the rewrite up; what is written of it goes.
    public mutating func cancelRewrite() {
        guard let work = rewrite else { return }
        rewrite = nil
        guard let path = work.unfinishedPath else { return }
        removals.append(path)
        leaving.add(path, work.byteCount)
    }

    /// Whether a read was planned for a file that still counts.
    public func isCurrent(_ plan: ReadPlan) -> Bool {
        guard let slot = slots[plan.group], groups[slot].recovery == nil else { return true }
        return groups[slot].active?.path == plan.path
            || groups[slot].closed.contains { $0.path == plan.path }
    }

    /// The same read from the file that took the place of the one it was planned for.
    public func renewed(_ plan: ReadPlan) -> ReadPlan? {
        guard let slot = slots[plan.group], !groups[slot].isImpaired else { return nil }
        let log = groups[slot]
        var renewed: ReadPlan?
        switch plan.start {
        case .index(let index):
            renewed = self.plan(plan.group, from: index, byteBudget: plan.byteBudget)
        case .sequence(let sequence):
            let place = index(plan.group, of: sequence, byteBudget: plan.byteBudget)
            if case .segment(let found) = place { renewed = found }
        case .time(let time):
            let place = index(plan.group, at: time, byteBudget: plan.byteBudget)
            if case .segment(let found) = place { renewed = found }
        }
        renewed?.withConfiguration = plan.withConfiguration
        renewed?.mayLackChunks = plan.mayLackChunks
        if plan.frame != nil,
            let place = log.closed.firstIndex(where: { $0.path == renewed?.path })
        {
            renewed?.frame = SegmentFrame(header: header(of: place, log))
        }
        return renewed
    }

    private func isCurrent(_ work: Rewrite) -> Bool {
        !groups[work.slot].isImpaired
            && groups[work.slot].closed.contains { $0.path == work.source.path }
    }

    private static func header(
        of work: Rewrite,
        _ first: Chunk,
        _ configuration: Chunk?,
        _ log: GroupLog
    ) -> SegmentHeader? {
        let trailer = work.source.trailer
        guard let previous = log.term(at: trailer.baseIndex.previous),
            let name = SegmentName(path: work.source.path), name.rewrite < .max
        else { return nil }
        return SegmentHeader(
            group: log.id,
            baseIndex: trailer.baseIndex,
            baseSequence: trailer.baseSequence,
            previousTerm: previous,
            previousChecksum: first.header.previousChecksum,
            rewrite: name.rewrite + 1,
            isCompressed: work.blocks != nil,
            configuration: configuration?.bytes ?? []
        )
    }

    // MARK: Jobs

    /// What the flush thread writes of the rewrite.
    mutating func takeRewrite() -> (steps: [DiskStep], step: RewriteStep?) {
        guard let work = rewrite, !work.steps.isEmpty, let path = work.unfinishedPath else {
            return ([], nil)
        }
        rewrite?.steps = []
        let step = RewriteStep(
            slot: work.slot,
            source: work.source,
            closed: work.closed,
            path: work.closed?.path ?? path
        )
        return (work.steps, step)
    }

    /// A flush is done that wrote a part of a segment, or the last of it: then that takes the place of
    /// the old one.
    mutating func noteRewritten(_ step: RewriteStep?) {
        guard let step else { return }
        guard rewrite?.source.path == step.source.path else {
            if let closed = step.closed { leaving.add([closed]) }
            return removals.append(step.path)  // It was given up meanwhile.
        }
        guard let closed = step.closed else { return }
        rewrite = nil
        guard !groups[step.slot].isImpaired,
            let place = groups[step.slot].closed.firstIndex(where: { $0.path == step.source.path })
        else {
            leaving.add([closed])
            return removals.append(closed.path)
        }
        groups[step.slot].closed[place] = closed
        leaving.add([step.source])
        dirtyFiles.remove(step.source.path)
        if groups[step.slot].eraseThrough > .zero { overwriting.insert(step.source.path) }
        remove([step.source.path])
        counters.rewrites += 1
        let freed = step.source.size - closed.size
        counters.rewrittenBytes += UInt64(closed.size)
        counters.freedBytes += UInt64(max(0, freed))
    }
}

extension SegmentTrailer {
    /// Whether a segment has the same entries as another one.
    fileprivate func isRewritten(from old: SegmentTrailer) -> Bool {
        baseIndex == old.baseIndex && last == old.last && lastChecksum == old.lastChecksum
            && baseSequence == old.baseSequence && nextSequence == old.nextSequence
            && removalCount == old.removalCount && firstTime == old.firstTime
            && lastTime == old.lastTime
    }
}
