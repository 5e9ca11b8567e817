import WiberBase

/// Connections that end and come back (rules 12 and 13).
extension Raft {
    mutating func laneEnded(_ node: NodeID) {
        if !unreachable.contains(node) { unreachable.append(node) }
        if leader == node { isLeaderLaneEnded = true }
        if let place = peerPlace(node) {
            peers[place].isReachable = false
            peers[place].isCollecting = false
        }
    }

    /// Nobody listens there: if it was the leader, an election may begin at once.
    mutating func laneRefused(_ node: NodeID, _ effects: inout [Effect]) {
        laneEnded(node)
        guard role == .follower, leader == node, isPromotable else { return }
        if now < election.restrainedUntil {
            election.deadline = max(election.restrainedUntil, election.notBefore)
        } else if options.priority >= RaftOptions.priorityMax, now >= election.notBefore {
            preCampaign(&effects)
        } else {
            armQuickElection()
        }
    }

    mutating func laneOpened(_ node: NodeID, _ isSame: Bool, _ effects: inout [Effect]) {
        unreachable.removeAll { $0 == node }
        switch role {
        case .follower:
            // Of the same process, word as a leader is still awaited: it sends an append at once.
            if leader == node, !isSame, !Mutant.leaderKeptAcrossRestart.isOn {
                leader = nil
                isLeaderLaneEnded = false
            }
        case .preCandidate: requestVote(node, &effects)
        case .candidate: if isHardStateDurable { requestVote(node, &effects) }
        case .leader:
            guard let place = peerPlace(node) else { return }
            peers[place].isReachable = true
            peers[place].isCollecting = false
            if !isSame, !Mutant.matchKeptAcrossRestart.isOn {
                peers[place].match = .zero
                peers[place].confirmedRound = 0
                peers[place].inflight.removeAll()
                peers[place].probe(from: lastIndex.next)
            }
            restartProbe(place, &effects)
            confirmAgain(place, &effects)
        }
    }
}
