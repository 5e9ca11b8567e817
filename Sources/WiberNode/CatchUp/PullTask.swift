import WiberBase
import WiberRaft

/// What a follower fetches that lacks closed segments (architecture §4.6).
struct PullTask {
    /// The most topics that fetch at a time; the others are sent entries, or wait.
    static let countMax = 4
    /// The most bytes of entries that are asked for at once, unless one is larger.
    static let byteBudget = 1 << 20
    /// After so many nodes in a row that did not help it is given up.
    static let failuresMax = 12

    /// The member that leads, in whose term the offer was made.
    let leader: NodeID
    let term: Term
    /// The next entry to fetch: the one before is in this log as in the leader's.
    var next: LogIndex
    /// The last entry to fetch.
    var through: LogIndex
    /// About what is left, in bytes.
    var bytesLeft: UInt64
    let since: Instant
    /// The request that is not answered yet, with when it was made.
    var request: (number: UInt64, at: Instant)?
    /// Nodes that did not help, since one did.
    var failures = 0
    /// Which of the nodes that may have it is asked.
    var holder = 0
    /// When one may be asked again.
    var nextAsk = Instant.zero
    var fetchedBytes: UInt64 = 0
}

/// What a leader has offered a node of a topic.
struct PullOffer {
    /// The first entry that the node lacked then, and since when that is so.
    var first: LogIndex
    var since: Instant
    /// When it was last said.
    var said: Instant
    /// The node made nothing of it: until then it is sent entries.
    var refusedUntil = Instant.zero
}
