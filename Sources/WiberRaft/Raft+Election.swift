import WiberBase

/// Elections: pre-vote first, votes durable before they are told, loyalty to a leader that lives
/// (Raft §5.2, §5.4.1; thesis §4.2.3, §9.6).
extension Raft {
    mutating func deadlinePassed(
        _ now: Instant,
        _ liveness: Liveness,
        _ effects: inout [Effect]
    ) {
        if role == .leader { return leaderDeadlinePassed(now, liveness, &effects) }
        guard now >= electionDeadline else { return }
        if let leader, !isLeaderLaneEnded, let heard = liveness[leader],
            now.since(heard) < options.electionTimeoutMin
        {
            electionDeadline = heard + electionTimeout()
            return
        }
        preCampaign(now, &effects)
    }

    func isPromotable(_ now: Instant) -> Bool {
        configuration.isVoter(id) && now >= quietUntil
    }

    /// Asks whether an election would succeed, which changes nothing anywhere.
    mutating func preCampaign(_ now: Instant, _ effects: inout [Effect]) {
        electionDeadline = now + electionTimeout()
        guard isPromotable(now) else { return }
        if configuration.voters == [id], !configuration.isJoint {
            return campaign(isTransfer: false, now, &effects)
        }
        hurry(now)
        role = .preCandidate
        leader = nil
        votes = [id: true]
        let request = VoteRequest(
            term: currentTerm.next,
            last: lastEntry,
            isPreVote: true,
            isTransfer: false
        )
        for node in voters { effects.append(.send(.voteRequest(request), to: node)) }
    }

    /// The other voters.
    private var voters: [NodeID] {
        configuration.members.filter { $0 != id && configuration.isVoter($0) }
    }

    /// Asks for votes in a new term, once the own one is durable.
    mutating func campaign(isTransfer: Bool, _ now: Instant, _ effects: inout [Effect]) {
        guard configuration.isVoter(id) else { return }
        becomeFollower(term: currentTerm.next, leader: nil, now, &effects)
        hardState.votedFor = id
        effects.removeAll { $0 == .persist(HardState(term: currentTerm)) }
        persist(HardState(term: currentTerm, votedFor: id), &effects)
        role = .candidate
        hurry(now)
        votes = [id: true]
        areVotesRequested = false
        isTransferCampaign = isTransfer
    }

    mutating func campaignAtOnce(_ now: Instant, _ effects: inout [Effect]) {
        guard role != .leader, leader == nil, isPromotable(now) else { return }
        preCampaign(now, &effects)
    }

    /// After a leader's process has died, elections that fail are tried again soon: the others may
    /// notice some milliseconds later, or campaign in the same moment.
    private mutating func hurry(_ now: Instant) {
        guard hurriedElections > 0 else { return }
        hurriedElections -= 1
        electionDeadline = now + .milliseconds(UInt64.random(in: 30...120, using: &random))
    }

    // MARK: Votes

    mutating func receive(
        _ request: VoteRequest,
        _ candidate: NodeID,
        _ now: Instant,
        _ liveness: Liveness,
        _ effects: inout [Effect]
    ) {
        let isLoyal = !request.isTransfer && isLeaderAlive(now, liveness)
        if isLoyal, role == .leader { reassure(candidate, &effects) }
        if request.isPreVote {
            let isGranted =
                !isLoyal && request.term > currentTerm && request.last >= lastEntry
            let response = VoteResponse(
                term: isGranted ? request.term : currentTerm,
                isGranted: isGranted,
                isPreVote: true
            )
            // A term that is not durable yet is nobody's business.
            guard isGranted || durableHardState.term == currentTerm else { return }
            effects.append(.send(.voteResponse(response), to: candidate))
            return
        }
        guard !isLoyal || request.term <= currentTerm else { return }
        if request.term > currentTerm {
            becomeFollower(term: request.term, leader: nil, now, &effects)
        }
        let isCurrent = request.term == currentTerm
        let isFree = hardState.votedFor == .zero || hardState.votedFor == candidate
        let isGranted =
            isCurrent && isFree && role == .follower && leader == nil && request.last >= lastEntry
        if isGranted, hardState.votedFor != candidate {
            effects.removeAll { $0 == .persist(HardState(term: currentTerm)) }
            persist(HardState(term: currentTerm, votedFor: candidate), &effects)
            electionDeadline = now + electionTimeout()
        }
        pendingVote = (
            VoteResponse(term: currentTerm, isGranted: isGranted, isPreVote: false), candidate
        )
        answerVote(&effects)
    }

    /// Whether this node is loyal: the leader lives, as far as it can tell (rules 11 and 12).
    private func isLeaderAlive(_ now: Instant, _ liveness: Liveness) -> Bool {
        if role == .leader { return hasFreshQuorum(now, liveness) }
        guard let leader, !isLeaderLaneEnded, let heard = liveness[leader] else { return false }
        return now.since(heard) < options.electionTimeoutMin
    }

    /// Tells the candidate, once what it is told is durable.
    private mutating func answerVote(_ effects: inout [Effect]) {
        guard let (response, candidate) = pendingVote, durableHardState == hardState else { return }
        pendingVote = nil
        effects.append(.send(.voteResponse(response), to: candidate))
    }

    mutating func receive(
        _ response: VoteResponse,
        _ voter: NodeID,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        if response.term > currentTerm, !(response.isPreVote && response.isGranted) {
            return becomeFollower(term: response.term, leader: nil, now, &effects)
        }
        if response.isPreVote {
            guard role == .preCandidate, !response.isGranted || response.term == currentTerm.next
            else { return }
        } else {
            guard role == .candidate, response.term == currentTerm else { return }
        }
        votes[voter] = response.isGranted
        countVotes(now, &effects)
    }

    private mutating func countVotes(_ now: Instant, _ effects: inout [Effect]) {
        guard configuration.hasQuorum({ votes[$0] == true }) else { return }
        if role == .preCandidate {
            campaign(isTransfer: false, now, &effects)
        } else if role == .candidate, durableHardState == hardState {
            becomeLeader(now, &effects)
        }
    }

    mutating func hardStateDurable(
        _ state: HardState,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard state.term >= durableHardState.term, state.term <= currentTerm else { return }
        durableHardState = state
        if let barrier, barrier.state == state, state == hardState {
            durableIndex = max(durableIndex, min(barrier.index, lastIndex))
            self.barrier = nil
        }
        guard durableHardState == hardState else { return }
        answerVote(&effects)
        if role == .candidate, !areVotesRequested {
            areVotesRequested = true
            let request = VoteRequest(
                term: currentTerm,
                last: lastEntry,
                isPreVote: false,
                isTransfer: isTransferCampaign
            )
            for node in voters { effects.append(.send(.voteRequest(request), to: node)) }
            countVotes(now, &effects)
        }
        acknowledge(&effects)
        if role == .leader { advanceCommit(now, &effects) }
    }

    // MARK: Lanes

    mutating func laneEnded(_ node: NodeID, _ now: Instant) {
        if leader == node { isLeaderLaneEnded = true }
        setReachable(node, false)
    }

    /// The leader's process is gone: no reason to wait for the timeout.
    mutating func laneRefused(_ node: NodeID, _ now: Instant, _ effects: inout [Effect]) {
        guard role == .follower, leader == node, isLeaderLaneEnded else { return }
        hurriedElections = 6
        preCampaign(now, &effects)
    }

    mutating func laneOpened(
        _ node: NodeID,
        _ isSameIncarnation: Bool,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        if role == .leader { return reconnected(node, isSameIncarnation, now, &effects) }
        guard leader == node else { return }
        if isSameIncarnation {
            isLeaderLaneEnded = false
        } else {
            leader = nil
            electionDeadline = min(electionDeadline, now + electionTimeout())
        }
    }

    // MARK: Leading

    mutating func becomeLeader(_ now: Instant, _ effects: inout [Effect]) {
        invariant(role == .candidate && hardState.votedFor == id, "a leader without its own vote")
        role = .leader
        leader = id
        votes.removeAll()
        pendingVote = nil
        readRound = 0
        confirmedRound = 0
        stalledSince = nil
        leaderDeadline = now + .milliseconds(100)
        electedAt = now
        peers = configuration.members.filter { $0 != id }
            .map { Progress(node: $0, next: lastIndex.next) }
        reportRole(&effects)
        appendOwn(.noOp, bytes: ChunkHeader.size, now, &effects)
    }

    /// Whether a majority was heard of within one maximum election timeout.
    func hasFreshQuorum(_ now: Instant, _ liveness: Liveness) -> Bool {
        let limit = options.electionTimeoutMax
        if now.since(electedAt) < limit { return true }
        return configuration.hasQuorum { node in
            node == id || liveness[node].map { now.since($0) < limit } ?? false
        }
    }

    private mutating func leaderDeadlinePassed(
        _ now: Instant,
        _ liveness: Liveness,
        _ effects: inout [Effect]
    ) {
        guard now >= leaderDeadline else { return }
        leaderDeadline = now + .milliseconds(100)
        if !hasFreshQuorum(now, liveness) { return stepDown(now, &effects) }
        if let stalledSince, now.since(stalledSince) > options.stallLimit {
            quietUntil = now + options.stallLimit
            return stepDown(now, &effects)
        }
        if let transfer, now >= transfer.deadline {
            self.transfer = nil
            effects.append(.transferEnded(succeeded: false))
        }
        resend(now, &effects)
    }

    /// Leads no longer, in the same term, and says so, because nobody waits for its beats.
    mutating func stepDown(_ now: Instant, _ effects: inout [Effect]) {
        let others = configuration.members.filter { $0 != id }
        becomeFollower(term: currentTerm, leader: nil, now, &effects)
        for node in others {
            effects.append(.send(.stepDown(term: currentTerm), to: node))
        }
    }
}
