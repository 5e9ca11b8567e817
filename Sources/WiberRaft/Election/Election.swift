import WiberBase

/// A node's clockwork of elections, and the votes of the one it stands in.
struct Election: Sendable {
    /// When to ask for a pre-vote, or to try again.
    var deadline = Instant.distantFuture
    /// When to ask those again who did not answer.
    var resend = Instant.distantFuture
    /// No campaign before, after a stall of one's own.
    var notBefore = Instant.zero
    /// Another node's pre-vote was granted just now: it may go first.
    var restrainedUntil = Instant.zero
    /// Whether the leader has asked for this election.
    var isTransfer = false
    var granted: [NodeID] = []
    var refused: [NodeID] = []

    mutating func clearVotes() {
        granted.removeAll(keepingCapacity: true)
        refused.removeAll(keepingCapacity: true)
        isTransfer = false
    }
}

/// When elections begin and how they end (Raft §5.2; PreVote: thesis §9.6).
extension Raft {
    /// Whether this node may lead: as a voter of the committed configuration or of a later one.
    ///
    /// A change that is not committed may leave a node out whose log is the longest, so that no
    /// other can be elected: it leads once more, by the others' votes, and finishes the change
    /// (Raft thesis §4.2.2).
    var isPromotable: Bool {
        (configuration.isVoter(id) || log.hasVoter(id)) && currentTerm < Self.termMax
    }

    /// The term in which this node would stand next: the lowest new one that is its own, if terms are
    /// divided.
    var nextTerm: Term {
        guard areTermsDivided, !Mutant.termsShared.isOn,
            let place = configuration.voters.firstIndex(of: id)
        else { return currentTerm.next }
        let count = UInt64(configuration.voters.count)
        let others = (UInt64(place) + count - currentTerm.rawValue % count) % count
        return Term(currentTerm.rawValue + 1 + others)
    }

    /// What a node of a lower priority waits in addition.
    private var patience: Instant.Span {
        let steps = UInt64(RaftOptions.priorityMax - min(options.priority, RaftOptions.priorityMax))
        return Instant.Span(nanoseconds: options.electionTimeoutMin.nanoseconds / 2 * steps)
    }

    /// Waits a full election timeout from now.
    mutating func armElection() {
        let timeout = random(options.electionTimeoutMin, options.electionTimeoutMax)
        election.deadline = max(now + timeout + patience, election.notBefore)
    }

    /// Waits only long enough that two nodes rarely begin together: there is no leader for sure.
    mutating func armQuickElection() {
        let timeout = random(.milliseconds(10), .milliseconds(50))
        election.deadline = max(now + timeout + patience, election.notBefore)
    }

    /// Adopts `term` if it is newer, and is a follower in it.
    mutating func follow(term: Term, leader: NodeID?, _ effects: inout [Effect]) {
        adopt(term: term, leader: leader, &effects)
        persist(&effects)
        report(&effects)
    }

    /// Adopts `term` without a word to the disk yet: a vote may follow.
    mutating func adopt(term: Term, leader: NodeID?, _ effects: inout [Effect]) {
        if term > currentTerm {
            hardState = HardState(term: term)
            verifiedIndex = .zero
            acknowledgedIndex = .zero
        } else if Mutant.voteCleared.isOn {
            hardState.votedFor = .zero
        }
        endLeadership(hasSuccessor: true, &effects)
        role = .follower
        self.leader = leader
        leaderHeard = now
        isLeaderLaneEnded = false
        election.clearVotes()
        armElection()
    }

    /// Whether the leader was heard from within `span`, by this group or by its node's beats.
    ///
    /// A node that is no voter any more lives on without leading: only its own word counts then.
    func isLeaderFresh(within span: Instant.Span, _ liveness: Liveness) -> Instant? {
        guard let leader else { return nil }
        var heard = leaderHeard
        if !isLeaderLaneEnded, configuration.isVoter(leader), let beat = liveness[leader] {
            heard = max(heard, beat)
        } else if isLeaderLaneEnded {
            return nil
        }
        return heard + span > now ? heard : nil
    }

    mutating func electionTimedOut(_ liveness: Liveness, _ effects: inout [Effect]) {
        guard now >= election.deadline, isPromotable else { return }
        let timeout = random(options.electionTimeoutMin, options.electionTimeoutMax)
        if let heard = isLeaderFresh(within: timeout, liveness) {
            election.deadline = heard + timeout + patience
            return
        }
        preCampaign(&effects)
    }

    mutating func candidacyTimedOut(_ effects: inout [Effect]) {
        if now >= election.deadline { return preCampaign(&effects) }
        if now >= election.resend { requestVotes(&effects) }
    }

    mutating func campaignAtOnce(_ effects: inout [Effect]) {
        guard isPromotable, role == .follower || role == .preCandidate, leader == nil else {
            return
        }
        // Nobody's leader can be disturbed in a group that has never had one.
        if currentTerm == .zero, lastIndex == .zero {
            campaign(isTransfer: false, &effects)
        } else {
            preCampaign(&effects)
        }
    }

    /// Asks whether an election could be won.
    mutating func preCampaign(_ effects: inout [Effect]) {
        guard isPromotable else { return }
        if configuration.isSoleVoter(id) || Mutant.preVoteSkipped.isOn {
            return campaign(isTransfer: false, &effects)
        }
        role = .preCandidate
        leader = nil
        election.clearVotes()
        election.granted.append(id)
        armElection()
        report(&effects)
        requestVotes(&effects)
    }

    /// Stands for election in a new term: term and own vote first go to the disk.
    mutating func campaign(isTransfer: Bool, _ effects: inout [Effect]) {
        hardState = HardState(term: nextTerm, votedFor: id)
        verifiedIndex = .zero
        acknowledgedIndex = .zero
        role = .candidate
        leader = nil
        election.clearVotes()
        election.isTransfer = isTransfer
        election.resend = .distantFuture
        armElection()
        persist(&effects)
        report(&effects)
        if Mutant.candidacyBeforeSync.isOn {
            persistence.durable = hardState
            candidacyDurable(&effects)
        }
    }

    /// Term and own vote are durable: the vote counts, and others may be asked for theirs.
    mutating func candidacyDurable(_ effects: inout [Effect]) {
        guard !election.granted.contains(id) else { return }
        election.granted.append(id)
        if configuration.isQuorum({ election.granted.contains($0) }) {
            return becomeLeader(&effects)
        }
        requestVotes(&effects)
    }

    /// Asks every voter that has not answered.
    mutating func requestVotes(_ effects: inout [Effect]) {
        election.resend = now + options.voteRetryInterval
        for node in configuration.voters { requestVote(node, &effects) }
        for node in configuration.outgoing ?? [] where !configuration.voters.contains(node) {
            requestVote(node, &effects)
        }
    }

    mutating func requestVote(_ node: NodeID, _ effects: inout [Effect]) {
        guard node != id, !election.granted.contains(node), !election.refused.contains(node) else {
            return
        }
        let isPreVote = role == .preCandidate
        let request = VoteRequest(
            term: isPreVote ? nextTerm : currentTerm,
            last: lastEntry,
            isPreVote: isPreVote,
            isTransfer: election.isTransfer
        )
        send(.voteRequest(request), to: node, &effects)
    }
}
