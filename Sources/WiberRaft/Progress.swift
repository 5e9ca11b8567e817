public import WiberBase

/// What a leader knows about a follower.
public struct Progress: Sendable {
    /// How entries are sent to it.
    public enum State: String, Sendable {
        /// One message at a time, until it is known where the logs agree.
        case probe
        /// As many as the limits allow, without waiting for answers.
        case replicate
        /// It needs entries that the log no longer has.
        case snapshot
    }

    struct Inflight {
        var last: LogIndex
        var bytes: Int
    }

    /// The follower.
    public let node: NodeID
    /// How entries are sent to it.
    public internal(set) var state = State.probe
    /// How far its log is known to be the leader's, on its disk.
    public internal(set) var match = LogIndex.zero
    /// The next entry to send.
    public internal(set) var next: LogIndex
    /// Whether a lane to it is open.
    public internal(set) var isReachable = true
    /// Whether a probe waits for its answer, and since when.
    var probeSentAt: Instant?
    var probeFrom = LogIndex.zero
    /// Whether the driver is collecting entries for it.
    var isCollecting = false
    var inflight = RingBuffer<Inflight>()
    var inflightBytes = 0
    /// The commit index that it was told.
    var commitSent = LogIndex.zero
    /// The round of reads that it confirmed.
    var confirmedRound: UInt64 = 0

    init(node: NodeID, next: LogIndex) {
        self.node = node
        self.next = next
        probeFrom = next
    }

    mutating func probe(from index: LogIndex) {
        state = .probe
        next = max(index, match.next)
        probeSentAt = nil
        probeFrom = next
        isCollecting = false
        inflight.removeAll()
        inflightBytes = 0
    }

    mutating func acknowledge(_ index: LogIndex) {
        match = max(match, index)
        while let first = inflight.first, first.last <= index {
            inflight.popFirst()
            inflightBytes -= first.bytes
        }
    }
}
