public import WiberBase

/// What a leader knows about another node's log.
public struct Progress: Sendable {
    /// How a leader sends to a node.
    public enum State: Equatable, Sendable {
        /// One append at a time, until one is taken.
        case probe
        /// Appends follow each other without waiting.
        case replicate
        /// The node needs what the leader's log has no more.
        case snapshot
    }

    /// Whose progress this is.
    public let node: NodeID
    /// How it is sent to.
    public internal(set) var state = State.probe
    /// Its log is the leader's, and durable, up to here.
    public internal(set) var match = LogIndex.zero
    /// The next entry to send.
    public internal(set) var next: LogIndex
    /// Whether there is a connection, as far as is known.
    public internal(set) var isReachable: Bool
    /// A probe is on its way.
    var isPaused = false
    /// The driver is collecting entries for it.
    var isCollecting = false
    /// What is on its way in state `replicate`.
    var inflight = InflightWindow()
    /// When it last answered, or when the first thing after a silence was sent.
    var lastActive: Instant
    /// The highest commit index that was sent to it.
    var sentCommit = LogIndex.zero
    /// The newest round of confirmation that it answered.
    var confirmedRound: UInt64 = 0

    init(node: NodeID, next: LogIndex, isReachable: Bool, now: Instant) {
        self.node = node
        self.next = next
        self.isReachable = isReachable
        self.lastActive = now
    }

    /// Whether entries may be sent now, as far as limits and state go.
    func mayReceive(_ options: RaftOptions) -> Bool {
        guard isReachable, !isCollecting, !isPaused else { return false }
        switch state {
        case .probe: return true
        case .replicate:
            return inflight.count < options.inflightAppendsMax
                && inflight.bytes < options.inflightBytesMax
        case .snapshot: return false
        }
    }

    /// Whether something was sent that has not been answered.
    var isOutstanding: Bool { isPaused || !inflight.isEmpty }

    /// Starts over from `next`, one append at a time.
    mutating func probe(from next: LogIndex) {
        state = .probe
        self.next = max(next, match.next)
        isPaused = false
    }

    /// Sends without waiting, from behind what the node holds already.
    mutating func replicate(after verified: LogIndex) {
        state = .replicate
        isPaused = false
        next = max(verified, match).next
        inflight.drop(after: next.previous)
    }
}
