import WiberBase
import WiberMeta
import WiberRaft

/// The meta group's own members: every node follows it, and some vote.
///
/// The meta log says which nodes there are, and its leader makes the group's members agree with it:
/// a new node first gets the log, then perhaps a vote; one that leaves loses its vote, follows until
/// it holds no topic any more, and is forgotten then.
extension ShardCore {
    /// Does the next step towards the members that there should be, as the meta leader.
    func sweepMembers() {
        let slot = ShardCore.metaSlot
        guard decidesMeta, meta.isFormed, shutdown == nil, groups[slot].nextMoveStep <= time.now,
            let raft = groups[slot].raft
        else { return }
        groups[slot].nextMoveStep = time.now + Self.movePause
        let target = metaTarget(raft.configuration)
        advance(slot, towards: target)
        forgetNodes()
        raiseLevel()
    }

    /// Who should vote, and who follow.
    private func metaTarget(_ current: Configuration) -> Configuration.Target {
        let staying = meta.stayingNodes.map(\.id)
        var count = Self.metaVoters(of: staying.count)
        var voters = current.voters.filter { staying.contains($0) }
        let others = staying.filter { !voters.contains($0) }
        voters += others.filter { mayVoteInMeta($0) }.prefix(max(0, count - voters.count))
        let missing = others.filter { !voters.contains($0) }
        let isWaiting = voters.count < count && missing.contains { !isDead($0) || isExpected($0) }
        // Without those that are dead: as many that one more can fail.
        if voters.count < count, !isWaiting, voters.count > 2 { count = (voters.count - 1) | 1 }
        while voters.count > count {
            // Who is down goes first, then who came last.
            let down = voters.last { $0 != selfID && !isUp($0) }
            let last = voters.last { $0 != selfID }
            guard let next = down ?? last else { break }
            voters.removeAll { $0 == next }
        }
        // Who leaves votes until there is somebody in its place.
        if voters.isEmpty || isWaiting { voters = current.voters }
        let followers = meta.nodes.filter { !$0.isLeaving || meta.isInUse($0.id) }.map(\.id)
        return Configuration.Target(
            voters: voters,
            learners: followers.filter { !voters.contains($0) }
        )
    }

    /// Whether a node was added and has not come.
    private func isExpected(_ node: NodeID) -> Bool { meta.node(node)?.storeID == .zero }

    /// Whether a node's vote could count: it is there, on the disk that the log names.
    private func mayVoteInMeta(_ node: NodeID) -> Bool {
        guard let record = meta.node(node), record.storeID != .zero else { return false }
        guard let place = place(of: node) else { return node == selfID }
        return peers[place].health == .alive && peers[place].openLane != nil
            && peers[place].storeID == record.storeID
    }

    /// Nodes that leave, and have no part in anything any more, are forgotten.
    private func forgetNodes() {
        guard let raft = groups[ShardCore.metaSlot].raft, raft.isConfigurationSettled else {
            return
        }
        let gone = meta.nodes.first { node in
            node.isLeaving && !meta.isInUse(node.id) && !raft.configuration.contains(node.id)
                || node.isLeaving && Mutant.nodeForgottenEarly.isOn
        }
        if let gone { propose(.forgetNode(gone.id)) }
    }

    /// Where nodes say that others dial them, if the log says something else.
    func noteAddresses() {
        guard decidesMeta, meta.isFormed else { return }
        for node in meta.nodes where node.storeID != .zero {
            var announced = ownAddress.map { NodeRecord($0) }
            if node.id != selfID {
                guard let place = place(of: node.id), peers[place].storeID == node.storeID else {
                    continue
                }
                announced = peers[place].announced
            }
            guard var record = announced, !node.hasAddress(of: record), record.hasAddress else {
                continue
            }
            record.id = node.id
            record.name = node.name
            return propose(.moveNode(record))
        }
    }

    // MARK: What the log says

    func noteNode(_ id: NodeID) {
        guard let node = meta.node(id) else { return }
        trace(
            .info,
            node.isLeaving ? "a node leaves the cluster" : "a node belongs to the cluster",
            [("node", node.name), ("number", "\(id)"), ("address", "\(node.host):\(node.rpcPort)")]
        )
    }

    func nodeForgotten(_ record: NodeRecord) {
        nodesChanged()
        trace(
            .info,
            "a node has left the cluster",
            [("node", record.name), ("number", "\(record.id)")]
        )
    }
}
