import WiberBase
import WiberLog
import WiberTopic

/// Erases bodies from this node's disk that the log wants erased (docs/decisions/0015).
///
/// Each replica does it for itself once it has applied the entry: what is in memory goes to segments,
/// segments that have such a body are written anew, the old files and the write-ahead log are
/// overwritten. A start finds in the log what there is to erase, and in the segments what is done.
extension ShardCore {
    /// Whether something is to be erased, or overwritten.
    var isErasing: Bool { store.hasOverwrites || erasuresPending > 0 }

    /// What is to be erased and is not yet: messages in a row.
    var erasuresPending: Int {
        groups.reduce(0) { $0 + $1.erasures.count + ($1.topic.hasErasures ? 1 : 0) }
    }

    func sweepErasures() {
        allowOverwriting()
        finishPass()
        for slot in groups.indices {
            takeErasures(slot)
            if !groups[slot].erasures.isEmpty { advanceErasures(slot) }
        }
        guard erasing.isWanted, erasing.begun == erasing.done, erasing.due <= time.now else {
            return
        }
        erasing.isWanted = false
        erasing.begun += 1
        erasing.due = time.now + limits.erasePause
        store.overwriteLog()
    }

    /// Hands out as many bytes as may have been overwritten since the last time.
    private func allowOverwriting() {
        guard store.hasOverwrites, limits.rewriteBytesPerSecond > 0 else {
            erasing.allowedAt = time.now
            return store.allowOverwriting(0)
        }
        let passed = min(time.now.since(erasing.allowedAt).nanoseconds, 1_000_000_000)
        erasing.allowedAt = time.now
        let bytes = UInt64(limits.rewriteBytesPerSecond) * passed / 1_000_000_000
        store.allowOverwriting(max(4_096, Int(bytes)))
    }

    private func finishPass() {
        guard erasing.begun > erasing.done, !store.isOverwritingLog else { return }
        erasing.done = erasing.begun
    }

    func takeErasures(_ slot: Int) {
        guard groups[slot].topic.hasErasures else { return }
        for erasure in groups[slot].topic.takeErasures() {
            if groups[slot].erasures.count < PendingErasure.countMax {
                groups[slot].erasures.append(PendingErasure(erasure: erasure))
            } else {
                groups[slot].erasures[PendingErasure.countMax - 1].erasure.join(erasure)
                groups[slot].erasures[PendingErasure.countMax - 1].pass = nil
            }
        }
    }

    /// Goes on with what a topic has to erase, and forgets what is erased.
    private func advanceErasures(_ slot: Int) {
        let group = groups[slot].id
        let looked = min(groups[slot].erasures.count, PendingErasure.lookedAtMax)
        var done: [Int] = []
        for place in 0..<looked {
            let pending = groups[slot].erasures[place]
            guard store.flushForErasure(group, through: pending.erasure.entry) else { continue }
            if let pass = pending.pass {
                if erasing.done >= pass, isErased(pending.erasure, group) { done.append(place) }
            } else {
                groups[slot].erasures[place].pass = erasing.begun + 1
                erasing.isWanted = true
            }
        }
        guard !done.isEmpty, !store.isOverwriting(group) else { return }
        for place in done.reversed() { groups[slot].erasures.remove(at: place) }
        counters.erasures += UInt64(done.count)
        trace(
            .info,
            "messages were erased from this node's disk",
            [
                ("topic", groups[slot].configuration.name), ("runs", "\(done.count)"),
                ("left", "\(groups[slot].erasures.count)"),
            ]
        )
    }

    private func isErased(_ erasure: Erasure, _ group: GroupID) -> Bool {
        store.closedSegments(group, from: erasure.first, to: erasure.end).allSatisfy {
            store.isErased($0, through: erasure.entry)
        }
    }

    // MARK: Segments

    /// The next segment that has what is to be erased, and may be written anew.
    func nextUnerasedSegment() -> (group: GroupID, segment: SegmentSummary)? {
        for slot in groups.indices where !groups[slot].erasures.isEmpty && mayRewrite(slot) {
            let group = groups[slot].id
            for pending in groups[slot].erasures.prefix(PendingErasure.lookedAtMax)
            where pending.pass != nil {
                let erasure = pending.erasure
                let segments = store.closedSegments(group, from: erasure.first, to: erasure.end)
                let found = segments.first { segment in
                    !store.isErased(segment, through: erasure.entry)
                        && erasable(segment, slot) >= erasure.entry
                }
                if let found { return (group, found) }
            }
        }
        return nil
    }

    /// Up to which entry everything can be erased from a segment that is written anew now.
    ///
    /// What the topic remembers the ids of stays until it does not: a start reads them again.
    func erasable(_ segment: SegmentSummary, _ slot: Int) -> LogIndex {
        var through = groups[slot].applied
        for pending in groups[slot].erasures {
            let first = max(pending.erasure.first, segment.baseSequence)
            let end = min(pending.erasure.end, segment.nextSequence)
            guard first < end, groups[slot].topic.remembersIDs(from: first, to: end) else {
                continue
            }
            through = min(through, pending.erasure.entry.previous)
        }
        return through
    }
}
