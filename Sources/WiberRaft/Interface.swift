public import WiberBase

/// When something fresh last came from each node.
public struct Liveness: Sendable {
    private var lastHeard: [Instant?] = []
    /// Nobody was heard of.
    public init() {}
    /// When a node was last heard of.
    public subscript(node: NodeID) -> Instant? {
        get {
            let place = Int(clamping: node.rawValue)
            return place < lastHeard.count ? lastHeard[place] : nil
        }
        set {
            let place = Int(clamping: node.rawValue)
            guard place < 4_096 else { return }
            while lastHeard.count <= place { lastHeard.append(nil) }
            lastHeard[place] = newValue
        }
    }
}

/// What happens to a group's replica.
public enum Input: Sendable {
    /// ``Raft/nextDeadline`` has passed.
    case deadline
    /// A message came; its terms and indices are below half the range.
    case received(RaftMessage, from: NodeID)
    /// The leader's driver has appended an entry at `lastIndex.next` in the current term.
    ///
    /// - Precondition: ``Raft/refusal`` was `nil`.
    case proposed(kind: EntryKind, bytes: Int)
    /// Answers a ``Effect/replicate(to:request:from:through:byteBudget:)``; `through` before `from`
    /// means that nothing could be sent.
    case sent(to: NodeID, through: LogIndex, bytes: Int, term: Term)
    /// Everything up to an index is durable; `term` was current when it was appended.
    case logDurable(through: LogIndex, term: Term)
    /// A persisted state is durable, and with it everything that was appended before.
    case hardStateDurable(HardState)
    /// The connection to a node ended without goodbye: loyalty to it ends.
    case laneEnded(NodeID)
    /// A node could not be reached again.
    case laneRefused(NodeID)
    /// A connection to a node is open; what it matched still holds only for the same incarnation.
    case laneOpened(NodeID, isSameIncarnation: Bool)
    /// A linearizable read wants to know how far the log is committed.
    case readIndex(context: UInt64)
    /// Leadership should go to a node; `nil`: to the one that is most up to date.
    case transfer(to: NodeID?)
    /// The voters and learners should be others.
    case changeConfiguration(Configuration)
    /// Campaign at once.
    case campaign
}

/// What a replica wants done, in this order.
public enum Effect: Equatable, Sendable {
    /// Make the state durable, then ``Input/hardStateDurable(_:)``.
    case persist(HardState)
    /// Make an entry of the leader's own, append it to log and disk.
    case appendControl(EntryID, EntryKind)
    /// Take these entries of the message at hand; what the log has from the first on goes.
    case accept(from: LogIndex, through: LogIndex)
    /// Send a message.
    case send(RaftMessage, to: NodeID)
    /// Send entries: as many as fit the budget, at least one; then ``Input/sent(to:through:bytes:term:)``.
    case replicate(
        to: NodeID,
        request: AppendRequest,
        from: LogIndex,
        through: LogIndex,
        byteBudget: Int
    )
    /// Everything up to here is committed.
    case committed(through: LogIndex)
    /// The role, the term or the known leader changed.
    case role(RoleChange)
    /// A read may be served once this index is applied.
    case readReady(context: UInt64, index: LogIndex)
    /// A read could not be confirmed; ask the leader.
    case readFailed(context: UInt64)
    /// Another configuration is in force.
    case configuration(Configuration)
    /// A transfer is over.
    case transferEnded(succeeded: Bool)
    /// A follower needs entries that the log no longer has.
    case snapshotNeeded(NodeID)
}

/// What a replica is in its term.
public enum Role: String, Equatable, Sendable {
    /// Follows a leader, or waits for one.
    case follower
    /// Asks whether an election would succeed.
    case preCandidate
    /// Asks for votes.
    case candidate
    /// Leads.
    case leader
}

/// A replica's role, term and leader.
public struct RoleChange: Equatable, Sendable {
    /// What it is.
    public var role: Role
    /// In which term.
    public var term: Term
    /// Who leads, if that is known.
    public var leader: NodeID?
}

/// Why a proposal would be refused now.
public enum ProposalRefusal: Equatable, Sendable {
    /// Somebody else leads, or nobody.
    case notLeader
    /// Leadership is being handed over.
    case transferring
    /// Too many bytes are not committed yet.
    case uncommittedLimit
}

/// What may be chosen about a replica.
public struct RaftOptions: Sendable {
    /// The shortest time without a leader before an election.
    public var electionTimeoutMin = Instant.Span.milliseconds(400)
    /// The longest time without a leader before an election.
    public var electionTimeoutMax = Instant.Span.milliseconds(800)
    /// How much longer a replica waits, for those that should lead only if nobody else can.
    public var priorityDelay = Instant.Span.milliseconds(0)
    /// The most append messages under way to one follower.
    public var inflightMessagesMax = 64
    /// The most bytes under way to one follower.
    public var inflightBytesMax = 8 << 20
    /// The most bytes of one append message.
    public var appendBytesMax = 1 << 20
    /// The most bytes that are not committed.
    public var uncommittedBytesMax = 32 << 20
    /// How old an uncommitted entry may be before the leader gives up (rule 11).
    public var stallLimit = Instant.Span.seconds(2)
    /// Where the randomness starts.
    public var seed: UInt64
    /// The defaults.
    public init(seed: UInt64) { self.seed = seed }
}
