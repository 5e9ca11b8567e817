import WiberBase
import WiberLog
import WiberTopic
import WiberWire

/// Gives the room of messages back that have left the middle of a topic: a closed segment of which less
/// than half is left is written anew without their bodies. In the same way the segments of a topic that
/// asks for it are compressed.
///
/// Each replica does it for itself, and only with what is committed: header and table of each chunk
/// stay, so that it is the same entry as before. A segment that is damaged after it was written anew is
/// written anew once more, with what other replicas have in the damaged places.
extension ShardCore {
    func sweepRewrites() {
        guard shutdown == nil else { return }
        if fullDisk == nil, let damaged = damagedRewrite(),
            rewriting.task.map({ !$0.isRescue }) ?? true
        {
            begin(damaged.group, damaged.segment, isRescue: true)
        }
        if rewriting.task != nil { return continueRewrite() }
        guard limits.rewriteBytesPerSecond > 0, rewriting.due <= time.now, fullDisk == nil,
            !isDiskBusy
        else { return }
        guard let found = nextUnerasedSegment() ?? nextSegment() else { return }
        begin(found.group, found.segment, isRescue: false)
        continueRewrite()
    }

    /// Whether something of a rewrite goes on by itself.
    var isRewriting: Bool { rewriting.task != nil }

    private func begin(_ group: GroupID, _ segment: SegmentSummary, isRescue: Bool) {
        rewriting.task = nil
        guard let slot = slotOfGroup[group] else { return }
        takeErasures(slot)
        let isCompressed = isCompressing(slot)
        guard
            store.beginRewrite(
                group,
                segment.path,
                erasedThrough: erasable(segment, slot),
                isCompressed: isCompressed
            )
        else { return }
        rewriting.task = RewriteTask(
            group: group,
            segment: segment,
            isRescue: isRescue,
            isCompressed: isCompressed,
            due: time.now,
            since: time.now
        )
    }

    /// A segment that was written anew, and that a read has found damaged.
    private func damagedRewrite() -> (group: GroupID, segment: SegmentSummary)? {
        guard !repairs.isEmpty else { return nil }
        for id in repairs.keys.sorted() {
            guard let task = repairs[id], !task.isWriting, task.isInRewritten,
                case .entry(_, let place) = task.cure, place.index > .zero,
                let segment = store.closedSegment(task.group, holding: place.index),
                segment.path == task.damage.path
            else { continue }
            return (task.group, segment)
        }
        return nil
    }

    // MARK: Looking

    /// The next segment of which less than half is left, or that is to be compressed.
    private func nextSegment() -> (group: GroupID, segment: SegmentSummary)? {
        for _ in 0..<Rewriting.lookedAtMax {
            guard rewriting.slot < groups.count else {
                rewriting.slot = 0
                rewriting.after = .zero
                rewriting.due = time.now + limits.rewritePause
                return nil
            }
            let slot = rewriting.slot
            let group = groups[slot].id
            guard mayRewrite(slot),
                let segment = store.closedSegment(group, after: rewriting.after)
            else {
                rewriting.slot += 1
                rewriting.after = .zero
                continue
            }
            rewriting.after = segment.indices.lowerBound
            if isSparse(segment, slot) || isWide(segment, slot) { return (group, segment) }
        }
        return nil
    }

    func mayRewrite(_ slot: Int) -> Bool {
        groups[slot].raft != nil && groups[slot].id != .meta
            && (groups[slot].topic.hasGone || isCompressing(slot))
            && !groups[slot].configuration.isRestoring && !isBackedUp(groups[slot].id)
    }

    /// A backup reads what was there when it began.
    private func isBackedUp(_ group: GroupID) -> Bool {
        backups.values.contains { $0.group == group }
    }

    /// Whether files of a group are compressed when they are written anew: not before the directory says
    /// that older releases cannot read it.
    private func isCompressing(_ slot: Int) -> Bool {
        groups[slot].configuration.compression == .zstd && store.durableLevel >= .compression
    }

    /// Whether a segment is to be compressed; one that leaves from the front soon is not worth it.
    private func isWide(_ segment: SegmentSummary, _ slot: Int) -> Bool {
        isCompressing(slot) && !segment.isCompressed
            && groups[slot].topic.liveCount(from: segment.baseSequence, to: segment.nextSequence)
                > 0
    }

    private func isSparse(_ segment: SegmentSummary, _ slot: Int) -> Bool {
        let topic = groups[slot].topic
        // Ids that are still remembered are read again at a restart: their bodies stay.
        guard topic.hasGone, segment.indices.upperBound < topic.oldestIDIndex ?? LogIndex(.max),
            segment.indices.upperBound <= groups[slot].applied
        else { return false }
        let live = topic.liveCount(from: segment.baseSequence, to: segment.nextSequence)
        let gone = topic.goneCount(from: segment.baseSequence, to: segment.nextSequence)
        // What leaves from the front soon takes the whole file along.
        return segment.roomCount > 0 && live <= segment.roomCount / 2 && gone >= max(1, live)
    }

    // MARK: Going on

    /// Makes the next step, unless one is under way.
    func continueRewrite() {
        guard let task = rewriting.task else { return }
        guard store.isRewriting else { return endRewrite() }
        let mustEnd = fullDisk != nil || !task.isRescue && isBackedUp(task.group)
        if mustEnd || time.now.since(task.since) > limits.repairWait { return giveUpRewrite() }
        guard !task.isReading, task.due <= time.now else { return }
        if task.request != nil { return askForRewrite() }  // No answer came in time.
        let budget = task.isCompressed ? RewriteTask.compressedStepBytes : RewriteTask.stepBytes
        guard let plan = store.rewritePlan(byteBudget: budget) else { return }
        rewriting.task?.isReading = true
        startRead(plan, for: .rewrite(task.group))
    }

    func finishRewriteRead(_ group: GroupID, _ chunks: [Chunk]) {
        guard let task = rewriting.task, task.group == group, task.isReading else { return }
        rewriting.task?.isReading = false
        var entries = chunks[...]
        if let first = chunks.first, first.header.index < task.segment.indices.lowerBound {
            rewriting.task?.configuration = first
            entries = entries.dropFirst()
        }
        if !write(entries) { askForRewrite() }
    }

    /// The old file is damaged at the next entry.
    func rewriteReadFailed(_ group: GroupID) {
        guard rewriting.task?.group == group, rewriting.task?.isReading == true else { return }
        rewriting.task?.isReading = false
        askForRewrite()
    }

    /// Hands entries to the log without the bodies of what is gone.
    private func write(_ chunks: ArraySlice<Chunk>) -> Bool {
        guard let task = rewriting.task, let slot = slotOfGroup[task.group] else { return false }
        let topic = groups[slot].topic
        var bytes = 0
        var erased: UInt64 = 0
        let entries = chunks.map { chunk -> Chunk in
            bytes += chunk.bytes.count
            let isAll = Mutant.rewriteErasesLive.isOn
            guard let rest = chunk.erasing({ topic.mayErase($0) || isAll }) else { return chunk }
            erased += UInt64(rest.header.erasedCount - chunk.header.erasedCount)
            return rest
        }
        guard store.rewrite(entries, configuration: task.configuration) > 0 else { return false }
        rewriting.task?.erased += erased
        rewriting.task?.asked = 0
        rewriting.task?.request = nil
        rewriting.task?.since = time.now
        let rate = UInt64(max(1, limits.rewriteBytesPerSecond))
        let pause = Instant.Span(nanoseconds: UInt64(bytes) * 1_000_000_000 / rate)
        rewriting.task?.due = task.isRescue ? time.now : time.now + pause
        return true
    }

    // MARK: Asking

    /// Asks another replica for the next entries; after each round there is a pause.
    private func askForRewrite() {
        guard let task = rewriting.task else { return }
        guard let next = store.rewriteNext else { return }
        let holders = holders(of: task.group)
        rewriting.task?.request = nil
        guard !holders.isEmpty else {
            rewriting.task?.due = time.now + limits.repairPause
            return
        }
        let request = token()
        rewriting.task?.request = request
        rewriting.task?.asked += 1
        rewriting.task?.due = time.now + limits.repairAnswerWait
        let last = min(
            task.segment.indices.upperBound.rawValue,
            next.rawValue.addingReportingOverflow(RewriteTask.span).partialValue
        )
        sendFrame(
            .repairRequest(
                RepairRequest(
                    request: request,
                    group: task.group,
                    first: next,
                    last: LogIndex(max(next.rawValue, last)),
                    byteBudget: UInt32(RepairTask.byteBudget)
                )
            ),
            to: holders[task.asked % holders.count]
        )
    }

    /// Whether an answer was for the rewrite.
    func receiveForRewrite(_ reply: RepairReply, _ chunks: [Chunk]) -> Bool {
        guard let task = rewriting.task, task.request == reply.request else { return false }
        rewriting.task?.request = nil
        guard task.group == reply.group, write(chunks[...]) else {
            rewriting.task?.request = reply.request  // Asks the next one when it is due.
            rewriting.task?.due = time.now + limits.repairPause
            return true
        }
        continueRewrite()
        return true
    }

    // MARK: The end

    /// Nobody could help, or it must not go on: the old file stays.
    private func giveUpRewrite() {
        store.cancelRewrite()
        rewriting.task = nil
        rewriting.due = time.now + .seconds(1)
        counters.rewritesGivenUp += 1
    }

    /// The new file is there, or the old one is not needed any more.
    private func endRewrite() {
        guard let task = rewriting.task else { return }
        let base = task.segment.indices.lowerBound
        guard store.closedSegment(task.group, holding: base)?.path != task.segment.path else {
            return giveUpRewrite()
        }
        rewriting.task = nil
        trace(
            .info,
            "a segment was written anew",
            [
                ("path", task.segment.path), ("erased", "\(task.erased)"),
                ("compressed", "\(task.isCompressed)"),
            ]
        )
        let mended = repairs.keys.sorted().filter { id in
            repairs[id]?.damage.path == task.segment.path && repairs[id]?.isInRewritten == true
        }
        repaired(mended)
    }
}
