import WiberBase

/// Connections that end and come back (rules 12 and 13): between nodes, whatever members they are.
extension Raft {
    /// The member that a node is; the node itself if it is none.
    private func member(on node: NodeID) -> NodeID {
        configuration.members.first { $0.node == node.node } ?? node
    }

    /// Whether this node's lane to the leader ended, and nothing was heard from it since.
    public var isLeaderGone: Bool { leader == nil || isLeaderLaneEnded }

    mutating func laneEnded(_ node: NodeID) {
        if !unreachable.contains(node.node) { unreachable.append(node.node) }
        if leader?.node == node.node { isLeaderLaneEnded = true }
        if let place = peerPlace(member(on: node)) {
            peers[place].isReachable = false
            peers[place].isCollecting = false
        }
    }

    /// Nobody listens there: if it was the leader, an election may begin at once.
    mutating func laneRefused(_ node: NodeID, _ effects: inout [Effect]) {
        laneEnded(node)
        guard role == .follower, leader?.node == node.node, isPromotable else { return }
        if now < election.restrainedUntil {
            election.deadline = max(election.restrainedUntil, election.notBefore)
        } else if options.priority >= RaftOptions.priorityMax, now >= election.notBefore {
            preCampaign(&effects)
        } else {
            armQuickElection()
        }
    }

    mutating func laneOpened(
        _ node: NodeID,
        _ isSame: Bool,
        _ isNothingMissed: Bool,
        _ effects: inout [Effect]
    ) {
        unreachable.removeAll { $0 == node.node }
        // Of the same process, word as a leader is still awaited: it sends an append at once. If its
        // own lane did not end it sends none, and would have said that it leads no more.
        if !isSame {
            restarted(node)
        } else if isNothingMissed, leader?.node == node.node {
            isLeaderLaneEnded = false
        }
        switch role {
        case .follower: break
        case .preCandidate: requestVote(member(on: node), &effects)
        case .candidate: if isHardStateDurable { requestVote(member(on: node), &effects) }
        case .leader:
            guard let place = peerPlace(member(on: node)) else { return }
            peers[place].isReachable = true
            peers[place].isCollecting = false
            restartProbe(place, &effects)
            confirmAgain(place, &effects)
        }
    }

    /// Another process runs on a node (rules.md 13).
    mutating func restarted(_ node: NodeID) {
        if role == .follower, leader?.node == node.node {
            leader = nil
            isLeaderLaneEnded = false
        }
        guard role == .leader, let place = peerPlace(member(on: node)),
            !Mutant.matchKeptAcrossRestart.isOn
        else { return }
        peers[place].match = .zero
        peers[place].confirmedRound = 0
        peers[place].inflight.removeAll()
        peers[place].probe(from: lastIndex.next)
    }
}
