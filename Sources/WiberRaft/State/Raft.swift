public import WiberBase

/// A node of a Raft group, as a value: inputs and the time in, effects out.
///
/// It does no I/O, and reads no clock. What a message promises is durable before the message is
/// an effect: term and vote by ``Persistence``, entries by ``durableIndex``. The driver performs
/// the effects of a step in order; it may step again while it does.
public struct Raft: Sendable {
    /// This node.
    public let id: NodeID
    /// Times and limits.
    public let options: RaftOptions
    /// Term and vote, durable or on their way there.
    public internal(set) var hardState: HardState
    /// What this node is.
    public internal(set) var role = Role.follower
    /// The leader of the current term; `nil` until one is heard from.
    public internal(set) var leader: NodeID?
    /// Where terms begin, and the configurations.
    public internal(set) var log: RaftLog
    /// Everything up to here is committed, and never changes.
    public internal(set) var commitIndex: LogIndex
    /// This node's log is on its disk up to here.
    public internal(set) var durableIndex: LogIndex

    /// Whether each term belongs to one voter, which alone may stand in it: in a group whose voters
    /// may vote twice, since a lost disk is not told from a new one yet.
    public var areTermsDivided = false

    /// The moment of this step.
    var now: Instant
    var persistence: Persistence
    /// The log is the current leader's up to here: set by its appends, void in another term.
    var verifiedIndex = LogIndex.zero
    /// What the current leader was told to be durable.
    var acknowledgedIndex = LogIndex.zero
    /// When the current leader last sent something to this group.
    var leaderHeard = Instant.zero
    /// The connection to the leader ended, and it has not been heard from since.
    var isLeaderLaneEnded = false
    /// Nodes without a connection, as far as is known.
    var unreachable: [NodeID] = []
    var election: Election
    /// The other members' progress in ascending order of their ids; empty unless leader.
    var peers: [Progress] = []
    var leadership = Leadership()
    var reads = PendingReads()
    var transfer: Transfer?
    var reported: RoleChange
    var random: RandomSource

    /// A node as it starts.
    ///
    /// - Parameters:
    ///   - id: this node.
    ///   - options: times and limits.
    ///   - hardState: what the disk holds.
    ///   - log: what the disk holds; all of it durable.
    ///   - commit: what is known to be committed.
    ///   - now: the time.
    public init(
        id: NodeID,
        options: RaftOptions,
        hardState: HardState,
        log: RaftLog,
        commit: LogIndex,
        now: Instant
    ) {
        self.id = id
        self.options = options
        self.log = log
        self.now = now
        // Entries of a term without its hard state were never acknowledged, but the term is known.
        let isTermKnown = hardState.term >= log.lastEntry.term
        self.hardState = isTermKnown ? hardState : HardState(term: log.lastEntry.term)
        persistence = Persistence(durable: hardState)
        commitIndex = min(max(commit, log.base.index), log.lastIndex)
        durableIndex = log.lastIndex
        random = RandomSource(seed: options.seed &+ id.rawValue &* 0x9e37_79b9)
        election = Election()
        reported = RoleChange(role: .follower, term: self.hardState.term, leader: nil)
        self.log.committed(through: commitIndex)
        armElection()
        if log.configuration.isSoleVoter(id) { election.deadline = now }
    }

    /// The newest term that this node knows.
    public var currentTerm: Term { hardState.term }
    /// The last entry in the log, durable or not.
    public var lastEntry: EntryID { log.lastEntry }
    /// The last index in the log, durable or not.
    public var lastIndex: LogIndex { log.lastIndex }
    /// The configuration in force: the last one in the log, committed or not.
    public var configuration: Configuration { log.configuration }

    /// When ``Input/deadline`` is due.
    public var nextDeadline: Instant {
        switch role {
        case .follower: isPromotable ? election.deadline : .distantFuture
        case .preCandidate, .candidate: min(election.deadline, election.resend)
        case .leader:
            min(
                min(leadership.quorumDeadline, leadership.retryDeadline),
                transfer?.deadline ?? .distantFuture
            )
        }
    }

    /// Why no proposal is taken now; `nil` if one is.
    public var refusal: ProposalRefusal? {
        guard role == .leader else { return .notLeader }
        if transfer != nil { return .transferring }
        return leadership.uncommitted.bytes >= options.uncommittedBytesMax ? .uncommittedLimit : nil
    }

    /// What this node, as the leader, knows about another one; `nil` if it does not lead.
    public func progress(of node: NodeID) -> Progress? {
        peerPlace(node).map { peers[$0] }
    }

    /// Takes an input and appends what follows from it to `effects`.
    ///
    /// - Parameters:
    ///   - input: what happened.
    ///   - now: the time, which never goes back.
    ///   - liveness: when each node was last heard from.
    ///   - effects: gets what is to be done, in order.
    public mutating func step(
        _ input: Input,
        now: Instant,
        liveness: Liveness,
        effects: inout [Effect]
    ) {
        let before = Fingerprint(self)
        self.now = now
        persist(&effects)
        dispatch(input, liveness, &effects)
        report(&effects)
        checkTransition(from: before)
    }

    private mutating func dispatch(
        _ input: Input,
        _ liveness: Liveness,
        _ effects: inout [Effect]
    ) {
        switch input {
        case .deadline: deadlinePassed(liveness, &effects)
        case .received(let message, let node): receive(message, node, liveness, &effects)
        case .proposed(let kind, let bytes): proposed(kind, bytes, &effects)
        case .sent(let node, let through, let bytes, let term):
            sent(node, through, bytes, term, &effects)
        case .logDurable(let through, let term):
            if term == currentTerm || Mutant.staleCompletionTrusted.isOn {
                advanceDurable(through, &effects)
            }
        case .hardStateDurable(let state): hardStateDurable(state, &effects)
        case .laneEnded(let node): laneEnded(node)
        case .laneRefused(let node): laneRefused(node, &effects)
        case .laneOpened(let node, let isSame, let isNothingMissed):
            laneOpened(node, isSame, isNothingMissed, &effects)
        case .restarted(let node): restarted(node)
        case .readIndex(let context): readIndex(context, &effects)
        case .transfer(let node): beginTransfer(node, liveness, &effects)
        case .changeConfiguration(let target): changeConfiguration(target, &effects)
        case .campaign: campaignAtOnce(&effects)
        case .compacted(let through): compacted(through)
        case .restored(let entry, let configuration): restored(entry, configuration, &effects)
        }
    }

    private mutating func deadlinePassed(_ liveness: Liveness, _ effects: inout [Effect]) {
        switch role {
        case .follower: electionTimedOut(liveness, &effects)
        case .preCandidate, .candidate: candidacyTimedOut(&effects)
        case .leader: leaderTimedOut(liveness, &effects)
        }
    }

    /// Announces role, term and leader if one of them is new.
    mutating func report(_ effects: inout [Effect]) {
        guard reported.role != role || reported.term != currentTerm || reported.leader != leader
        else { return }
        reported = RoleChange(role: role, term: currentTerm, leader: leader)
        effects.append(.role(reported))
    }

    /// A length of time between `shortest` and `longest`.
    mutating func random(
        _ shortest: Instant.Span,
        _ longest: Instant.Span
    ) -> Instant.Span {
        let range =
            longest.nanoseconds > shortest.nanoseconds
            ? longest.nanoseconds - shortest.nanoseconds : 1
        return Instant.Span(nanoseconds: shortest.nanoseconds + random.next() % range)
    }
}
