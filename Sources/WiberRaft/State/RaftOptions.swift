public import WiberBase

/// Times and limits of a group's consensus.
public struct RaftOptions: Sendable {
    /// The shortest time without a leader before a node asks for a pre-vote.
    public var electionTimeoutMin = Instant.Span.milliseconds(400)
    /// The longest such time, and the time a leader goes on without a quorum.
    public var electionTimeoutMax = Instant.Span.milliseconds(800)
    /// A node of a lower priority waits longer before it campaigns; at most ``priorityMax``.
    ///
    /// It never refuses its vote because of it.
    public var priority = Self.priorityMax
    /// After this time without an answer a voter is asked again, for one that has only now heard
    /// of a new group.
    public var voteRetryInterval = Instant.Span.milliseconds(50)
    /// After this time without an answer a follower is probed again.
    public var retryInterval = Instant.Span.milliseconds(250)
    /// A leader whose log makes no progress for this long steps down, and waits as long again.
    public var stallTimeout = Instant.Span.seconds(2)
    /// The most appends on their way to a follower.
    public var inflightAppendsMax = 64
    /// The most bytes on their way to a follower; the last append may go over it.
    public var inflightBytesMax = 8 << 20
    /// The most bytes that one append asks for.
    public var appendBytesMax = 1 << 20
    /// The most bytes of proposals that wait for their commit.
    public var uncommittedBytesMax = 32 << 20
    /// The most reads that wait for a confirmation.
    public var readsMax = 4_096
    /// What the random part of every timeout depends on.
    public var seed: UInt64

    /// The highest priority, which waits for no one.
    public static let priorityMax: UInt8 = 3

    /// The defaults, with `seed` for what is random.
    public init(seed: UInt64) { self.seed = seed }
}
