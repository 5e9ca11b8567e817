import WiberBase
import WiberLog

/// Where the scrubber is.
struct Scrub {
    /// How much one read verifies, about, in bytes.
    static let stepBytes = 256 << 10

    /// The group whose segments are being read; `nil` between two passes.
    var group: GroupID?
    var next = LogIndex.zero
    var isReading = false
    /// When the next step may be made.
    var due = Instant.zero
    var passBegan = Instant.zero
}

/// Reads everything that is in segments, slowly and for ever, so that rot is found while other
/// replicas still have what rotted (reliability §3, rule 11).
extension ShardCore {
    func sweepScrub() {
        guard limits.scrubBytesPerSecond > 0, !scrub.isReading, scrub.due <= time.now,
            time.now.since(startedAt) >= limits.scrubDelay, shutdown == nil, !isDiskBusy
        else { return }
        if scrub.group == nil {
            scrub.passBegan = time.now
            advanceScrub(after: nil)
        }
        while let group = scrub.group {
            let plan = store.scrubPlan(group, from: scrub.next, byteBudget: Scrub.stepBytes)
            if let plan {
                scrub.isReading = true
                startRead(plan, for: .scrub(group))
                return
            }
            advanceScrub(after: group)
        }
        counters.scrubPasses += 1
        scrub.due = max(time.now + .seconds(1), scrub.passBegan + limits.scrubInterval)
    }

    /// The scrubber gives way to a log whose disk does not keep up.
    var isDiskBusy: Bool {
        store.isOverBudget || hasLogJob && time.now.since(logJobSince) > limits.sealAfter
    }

    /// Goes to the next group in use, by number.
    func advanceScrub(after group: GroupID?) {
        let next = groups.lazy.filter { $0.raft != nil }.map(\.id)
            .filter { id in group.map { id > $0 } ?? true }.min()
        scrub.group = next
        scrub.next = next.flatMap { store.firstIndex($0) } ?? .zero
    }

    func scrubbed(_ group: GroupID, _ chunks: [Chunk]) {
        scrub.isReading = false
        guard scrub.group == group else { return }
        let bytes = chunks.reduce(0) { $0 + $1.bytes.count }
        counters.scrubbedBytes += UInt64(bytes)
        scrub.next = max(scrub.next.next, chunks.last?.header.index.next ?? .zero)
        let nanoseconds = UInt64(bytes) * 1_000_000_000 / UInt64(limits.scrubBytesPerSecond)
        scrub.due = time.now + Instant.Span(nanoseconds: nanoseconds)
    }

    /// Nobody could repair what was found; it is found again in the next pass.
    func scrubFailed(_ group: GroupID) {
        scrub.isReading = false
        scrub.due = time.now + .seconds(1)
        guard scrub.group == group else { return }
        if let next = store.nextSegment(group, after: scrub.next) {
            scrub.next = next
        } else {
            scrub.next = LogIndex(.max)
        }
    }
}
