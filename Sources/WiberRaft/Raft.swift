public import WiberBase

/// One replica of a Raft group, without I/O: inputs go in, effects come out.
///
/// It knows indices and terms, never contents. A message leaves only when what it promises is
/// durable, so the driver needs no rules of its own: it does what the effects say, in order.
public struct Raft: Sendable {
    /// This replica.
    public let id: NodeID
    let options: RaftOptions
    var random: RandomSource
    var log: RaftLog
    var hardState: HardState
    var durableHardState: HardState
    /// What is on disk once the newest persist is: the log up to here.
    var barrier: (state: HardState, index: LogIndex)?
    /// What this replica is.
    public internal(set) var role = Role.follower
    /// Who leads, if that is known.
    public internal(set) var leader: NodeID?
    /// Everything up to here is committed.
    public internal(set) var commitIndex: LogIndex
    /// Everything up to here is on this node's disk.
    public internal(set) var durableIndex: LogIndex
    /// Everything up to here is known to be the leader's, by an append of this term.
    var verifiedIndex = LogIndex.zero
    var acknowledgedIndex = LogIndex.zero
    var electionDeadline: Instant
    var isLeaderLaneEnded = false
    /// No campaign before this (rule 11: after a stall).
    var quietUntil = Instant.zero
    var votes: [NodeID: Bool] = [:]
    var areVotesRequested = false
    var isTransferCampaign = false
    /// Elections that are tried again soon if they fail.
    var hurriedElections = 0
    var pendingVote: (VoteResponse, NodeID)?
    /// Whether the leader waits for an answer although nothing new is durable.
    var mustAcknowledge = false
    var electedAt = Instant.zero
    /// The leader's view of the others, sorted by node.
    var peers: [Progress] = []
    var uncommittedBytes = 0
    /// Sizes of own uncommitted entries, oldest first.
    var uncommitted = RingBuffer<Progress.Inflight>()
    var stalledSince: Instant?
    var leaderDeadline = Instant.zero
    var transfer: (target: NodeID, deadline: Instant, isTold: Bool)?
    var reads: [PendingRead] = []
    var readRound: UInt64 = 0
    var confirmedRound: UInt64 = 0
    var roundSentAt = Instant.zero
    var lastReported = RoleChange(role: .follower, term: .zero, leader: nil)

    /// A replica as it was recovered: everything in `log` is durable.
    ///
    /// - Parameter commit: what is known to be committed, at most the log's end.
    public init(
        id: NodeID,
        options: RaftOptions,
        hardState: HardState,
        log: RaftLog,
        commit: LogIndex,
        now: Instant
    ) {
        invariant(commit <= log.lastIndex, "commit \(commit) of \(log.lastIndex)")
        invariant(hardState.term >= log.last.term, "term \(hardState.term), log \(log.last)")
        self.id = id
        self.options = options
        self.log = log
        self.hardState = hardState
        durableHardState = hardState
        commitIndex = commit
        durableIndex = log.lastIndex
        random = RandomSource(seed: options.seed)
        electionDeadline = now
        electionDeadline = now + electionTimeout()
        lastReported = RoleChange(role: .follower, term: hardState.term, leader: nil)
    }

    /// The current term.
    public var currentTerm: Term { hardState.term }
    /// The end of the log.
    public var lastIndex: LogIndex { log.lastIndex }
    /// The last entry.
    public var lastEntry: EntryID { log.last }
    /// The configuration in force.
    public var configuration: Configuration { log.configuration }
    /// When ``Input/deadline`` is due.
    public var nextDeadline: Instant { role == .leader ? leaderDeadline : electionDeadline }

    /// Why the driver must not propose now; `nil` if it may.
    public var refusal: ProposalRefusal? {
        guard role == .leader else { return .notLeader }
        if transfer != nil { return .transferring }
        return uncommittedBytes >= options.uncommittedBytesMax ? .uncommittedLimit : nil
    }

    /// What the leader knows about a follower; `nil` on others.
    public func progress(of node: NodeID) -> Progress? {
        role == .leader ? peers.first { $0.node == node } : nil
    }

    /// Takes one input in and appends what follows to `effects`.
    public mutating func step(
        _ input: Input,
        now: Instant,
        liveness: Liveness,
        effects: inout [Effect]
    ) {
        let before = witness
        let first = effects.count
        switch input {
        case .deadline: deadlinePassed(now, liveness, &effects)
        case .received(let message, let sender): receive(message, sender, now, liveness, &effects)
        case .proposed(let kind, let bytes): proposed(kind, bytes, now, &effects)
        case .sent(let node, let through, let bytes, let term):
            sent(node, through, bytes, term, now, &effects)
        case .logDurable(let through, let term): logDurable(through, term, now, &effects)
        case .hardStateDurable(let state): hardStateDurable(state, now, &effects)
        case .laneEnded(let node): laneEnded(node, now)
        case .laneRefused(let node): laneRefused(node, now, &effects)
        case .laneOpened(let node, let isSame): laneOpened(node, isSame, now, &effects)
        case .readIndex(let context): read(context, now, &effects)
        case .transfer(let target): beginTransfer(target, now, &effects)
        case .changeConfiguration(let target): changeConfiguration(target, now, &effects)
        case .campaign: campaignAtOnce(now, &effects)
        }
        reportRole(&effects)
        checkState()
        checkTransition(from: before, effects[first...])
    }

    private mutating func receive(
        _ message: RaftMessage,
        _ sender: NodeID,
        _ now: Instant,
        _ liveness: Liveness,
        _ effects: inout [Effect]
    ) {
        guard sender != id else { return }
        switch message {
        case .voteRequest(let request): receive(request, sender, now, liveness, &effects)
        case .voteResponse(let response): receive(response, sender, now, &effects)
        case .append(let request): receive(request, sender, now, &effects)
        case .appendResponse(let response): receive(response, sender, now, &effects)
        case .timeoutNow(let term):
            guard term == currentTerm, role == .follower, leader == sender else { return }
            campaign(isTransfer: true, now, &effects)
        case .stepDown(let term):
            guard term == currentTerm, leader == sender, role == .follower else { return }
            leader = nil
            electionDeadline = min(electionDeadline, now + electionTimeout())
        case .confirm(let term, let round):
            guard term == currentTerm, leader == sender, role == .follower,
                durableHardState.term == currentTerm
            else { return }
            effects.append(.send(.confirmed(term: term, round: round), to: sender))
        case .confirmed(let term, let round): confirmed(term, round, sender, now, &effects)
        }
    }

    // MARK: State changes that every part uses

    /// Enters a term as a follower; in a higher term with a vote to give.
    mutating func becomeFollower(
        term: Term,
        leader newLeader: NodeID?,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        invariant(term >= currentTerm, "term \(term) after \(currentTerm)")
        if role == .leader { stopLeading(&effects) }
        if term > currentTerm {
            persist(HardState(term: term), &effects)
            verifiedIndex = .zero
            acknowledgedIndex = .zero
            pendingVote = nil
        }
        role = .follower
        if leader != newLeader { isLeaderLaneEnded = false }
        leader = newLeader
        if newLeader != nil { hurriedElections = 0 }
        votes.removeAll()
        areVotesRequested = false
        electionDeadline = now + electionTimeout()
        // Before anything of the new leader is accepted: whoever waits for entries of the old
        // term must hear first that they may be replaced.
        reportRole(&effects)
    }

    mutating func persist(_ state: HardState, _ effects: inout [Effect]) {
        hardState = state
        barrier = (state, lastIndex)
        effects.append(.persist(state))
    }

    private mutating func stopLeading(_ effects: inout [Effect]) {
        for read in reads { effects.append(.readFailed(context: read.context)) }
        reads.removeAll()
        if transfer != nil {
            transfer = nil
            effects.append(.transferEnded(succeeded: true))
        }
        peers.removeAll()
        uncommitted.removeAll()
        uncommittedBytes = 0
        stalledSince = nil
    }

    mutating func electionTimeout() -> Instant.Span {
        let shortest = options.electionTimeoutMin.nanoseconds
        let longest = max(shortest, options.electionTimeoutMax.nanoseconds)
        let drawn = UInt64.random(in: shortest...longest, using: &random)
        return Instant.Span(nanoseconds: drawn &+ options.priorityDelay.nanoseconds)
    }

    mutating func reportRole(_ effects: inout [Effect]) {
        let change = RoleChange(role: role, term: currentTerm, leader: leader)
        guard change != lastReported else { return }
        lastReported = change
        effects.append(.role(change))
    }
}
