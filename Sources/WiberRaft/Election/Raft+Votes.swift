import WiberBase

/// Who gets this node's vote, and what becomes of those it asked for (Raft §5.2, §5.4.1).
extension Raft {
    mutating func voteRequested(
        _ request: VoteRequest,
        _ node: NodeID,
        _ liveness: Liveness,
        _ effects: inout [Effect]
    ) {
        guard request.term >= currentTerm else {
            return answer(request, isGranted: false, to: node, &effects)
        }
        if request.term > currentTerm {
            // A leader that campaigns leads no more.
            if leader == node { leader = nil }
            if !request.isTransfer, isSticky(liveness) {
                return refuseWhileLed(request, node, &effects)
            }
            if !request.isPreVote { adopt(term: request.term, leader: nil, &effects) }
        }
        let isFree =
            request.term > currentTerm || hardState.votedFor == node
            || (hardState.votedFor == .zero && leader == nil)
        let isUpToDate = request.last >= lastEntry || Mutant.upToDateSkipped.isOn
        let isGranted = isFree && role != .leader && isUpToDate
        if isGranted, !request.isPreVote {
            hardState.votedFor = node
            if role == .preCandidate { role = .follower }
            armElection()
        } else if isGranted {
            election.restrainedUntil =
                now + Instant.Span(nanoseconds: options.electionTimeoutMin.nanoseconds / 2)
        }
        persist(&effects)
        report(&effects)
        answer(request, isGranted: isGranted, to: node, &effects)
    }

    /// Whether a leader is alive, so that an election would only disturb (Raft thesis §4.2.3).
    private func isSticky(_ liveness: Liveness) -> Bool {
        if Mutant.leaderNotSticky.isOn { return false }
        return role == .leader
            || isLeaderFresh(within: options.electionTimeoutMin, liveness) != nil
    }

    /// Refuses a pre-vote; a vote is not even answered, so that its term does not spread.
    ///
    /// A leader also shows itself to the candidate, which either finds its leader again or, if
    /// its term is ahead, makes this one step down instead of being stuck for ever.
    private mutating func refuseWhileLed(
        _ request: VoteRequest,
        _ node: NodeID,
        _ effects: inout [Effect]
    ) {
        if request.isPreVote { answer(request, isGranted: false, to: node, &effects) }
        if role == .leader, let place = peerPlace(node) {
            peers[place].isReachable = true
            unreachable.removeAll { $0 == node.node }
            restartProbe(place, &effects)
        }
    }

    private mutating func answer(
        _ request: VoteRequest,
        isGranted: Bool,
        to node: NodeID,
        _ effects: inout [Effect]
    ) {
        let response = VoteResponse(
            term: isGranted ? request.term : currentTerm,
            isGranted: isGranted,
            isPreVote: request.isPreVote
        )
        if Mutant.voteBeforeSync.isOn {
            return effects.append(.send(.voteResponse(response), to: node))
        }
        send(.voteResponse(response), to: node, &effects)
    }

    mutating func voteAnswered(
        _ response: VoteResponse,
        _ node: NodeID,
        _ effects: inout [Effect]
    ) {
        let isPreGrant = response.isPreVote && response.isGranted
        guard response.term <= currentTerm || isPreGrant else {
            return follow(term: response.term, leader: nil, &effects)
        }
        guard isAnswerAwaited(response), configuration.isVoter(node),
            !election.granted.contains(node), !election.refused.contains(node)
        else { return }
        if response.isGranted {
            election.granted.append(node)
        } else {
            election.refused.append(node)
        }
        countVotes(&effects)
    }

    private func isAnswerAwaited(_ response: VoteResponse) -> Bool {
        switch role {
        case .follower, .leader: false
        case .preCandidate:
            response.isPreVote
                && response.term == (response.isGranted ? nextTerm : currentTerm)
        case .candidate:
            !response.isPreVote && response.term == currentTerm && isHardStateDurable
        }
    }

    private mutating func countVotes(_ effects: inout [Effect]) {
        let isMany = election.granted.count > configuration.voters.count / 2
        if configuration.isQuorum({ election.granted.contains($0) })
            || Mutant.anyVoteCounts.isOn && isMany
        {
            if role == .candidate { return becomeLeader(&effects) }
            return campaign(isTransfer: false, &effects)
        }
        let isLost = !configuration.isQuorum { !election.refused.contains($0) }
        if isLost, role == .candidate {
            // A split vote: try again soon, and not together.
            let pause = random(.milliseconds(50), .milliseconds(200))
            election.deadline = min(election.deadline, now + pause)
        }
    }
}
