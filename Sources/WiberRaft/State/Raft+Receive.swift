import WiberBase

/// Messages of other nodes, which may say anything: what makes no sense is dropped, never trapped.
extension Raft {
    /// No honest term is as high: one more must always be possible.
    static let termMax = Term(1 << 62)

    mutating func receive(
        _ message: RaftMessage,
        _ node: NodeID,
        _ liveness: Liveness,
        _ effects: inout [Effect]
    ) {
        guard node != id, node != .zero, message.term <= Self.termMax else { return }
        switch message {
        case .voteRequest(let request): voteRequested(request, node, liveness, &effects)
        case .voteResponse(let response): voteAnswered(response, node, &effects)
        case .append(let request):
            guard followLeader(node, request.term, &effects) else { return }
            appendRequested(request, node, &effects)
        case .appendResponse(let response):
            guard response.term <= currentTerm else {
                return giveWay(to: response.term, &effects)
            }
            if response.term == currentTerm { appendAnswered(response, node, &effects) }
        case .timeoutNow(let term):
            guard followLeader(node, term, &effects) else { return }
            if isPromotable { campaign(isTransfer: true, &effects) }
        case .stepDown(let term): leaderSteppedDown(node, term, &effects)
        case .confirm(let term, let round):
            guard followLeader(node, term, &effects) else { return }
            send(.confirmed(term, round: round), to: node, &effects)
        case .confirmed(let term, let round):
            guard term <= currentTerm else { return giveWay(to: term, &effects) }
            if term == currentTerm { confirmed(round, node, &effects) }
        }
    }

    /// Takes `node` for the leader of `term`, unless this node knows better.
    ///
    /// - Returns: whether it is the leader of the current term. The sender of an older term is
    ///   told, which frees a candidate whose term is ahead of a leader's that everybody sticks to.
    private mutating func followLeader(
        _ node: NodeID,
        _ term: Term,
        _ effects: inout [Effect]
    ) -> Bool {
        guard term >= currentTerm else {
            let answer = AppendResponse(
                term: currentTerm,
                isRejected: true,
                match: .zero,
                verified: .zero
            )
            send(.appendResponse(answer), to: node, &effects)
            return false
        }
        guard term > .zero else { return false }
        if term > currentTerm {
            follow(term: term, leader: node, &effects)
        } else if leader != node {
            guard role != .leader, leader == nil else { return false }
            follow(term: term, leader: node, &effects)
        }
        leaderHeard = now
        isLeaderLaneEnded = false
        return true
    }

    /// Follows into a term that nobody leads yet, as far as is known: an election may begin soon.
    private mutating func giveWay(to term: Term, _ effects: inout [Effect]) {
        let wasLeader = role == .leader
        follow(term: term, leader: nil, &effects)
        if wasLeader { armQuickElection() }
    }

    private mutating func leaderSteppedDown(
        _ node: NodeID,
        _ term: Term,
        _ effects: inout [Effect]
    ) {
        if term > currentTerm { follow(term: term, leader: nil, &effects) }
        guard term == currentTerm, role == .follower, leader == nil || leader == node else {
            return
        }
        leader = nil
        armQuickElection()
    }
}
