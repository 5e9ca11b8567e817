import WiberBase
import WiberLog
import WiberMeta
import WiberRaft
import WiberWire

/// Topics that move to other nodes: meta says where to, the topic's leader changes its group step by
/// step, and tells meta when it is done.
///
/// New nodes first get the log without a vote. Once they have nearly all of it, one joint change
/// gives them theirs and takes it from those that leave (Raft §6). Only when that is committed do
/// the nodes that have left hear that they hold it no more.
extension ShardCore {
    /// How many entries a new node may lack when it gets its vote.
    private static let nearlyAll: UInt64 = 64
    /// The time between two steps of a topic's move.
    static let movePause = Instant.Span.milliseconds(100)

    /// Meta's log says at `index` who holds a topic.
    ///
    /// A node that starts reads old decisions again: what a later one has brought here stays.
    func topicMoved(_ id: GroupID, at index: LogIndex) {
        guard let slot = slotOfGroup[id], let record = meta.topic(id) else { return }
        groups[slot].placedAt = index
        groups[slot].replicas = record.replicas
        groups[slot].configuration.replicas = record.configuration.replicas
        let nodes = (record.move?.target ?? record.replicas).map { name(of: $0) }.sorted()
        trace(
            .info,
            record.move == nil ? "a topic's move is over" : "a topic moves",
            [("topic", record.configuration.name), ("to", nodes.joined(separator: ","))]
        )
        let isNews = store.placement(of: id) <= index || Mutant.oldDecisionCarriedOut.isOn
        if store.isRegistered(id), isNews,
            !record.replicas.contains(ownMember(of: id))
        {
            handReplicaOver(slot)
        }
        takeUp(slot)
        groups[slot].nextMoveStep = time.now
        groups[slot].nextReport = time.now
    }

    /// Does the next step of a move, as the topic's leader.
    func sweepMove(_ slot: Int) {
        let id = groups[slot].id
        guard groups[slot].isLeader, id != .meta, shutdown == nil,
            groups[slot].nextMoveStep <= time.now, let record = meta.topic(id)
        else { return }
        groups[slot].nextMoveStep = time.now + Self.movePause
        if let move = record.move { reportMembers(slot, record, move) }
        if meta.node(selfID)?.isDrained == true, let heir = heir(slot, among: record.replicas) {
            // Whoever leads next goes on with a move.
            groups[slot].nextMoveStep = time.now + .seconds(1)
            return step(slot, .transfer(to: heir))
        }
        if let move = record.move {
            advance(slot, towards: Configuration.Target(voters: move.target))
        }
    }

    /// Tells meta who the members are, once that is committed, and it does not know.
    private func reportMembers(_ slot: Int, _ record: TopicRecord, _ move: TopicRecord.Move) {
        guard let raft = groups[slot].raft, raft.isConfigurationSettled else { return }
        let members = raft.configuration.members
        let isOver = raft.configuration.learners.isEmpty && members == move.target
        guard isOver || Set(members + move.target) != Set(record.replicas),
            groups[slot].nextReport <= time.now
        else { return }
        groups[slot].nextReport = time.now + .milliseconds(500)
        let command = MetaCommand.settled(record.group, move: move.id, members: members)
        sendCommand(command.encoded, .meta)
    }

    /// Goes a step towards a configuration: who comes gets the log first, then all votes change at
    /// once.
    func advance(_ slot: Int, towards end: Configuration.Target) {
        guard let raft = groups[slot].raft else { return }
        let current = raft.configuration
        guard !current.isJoint, current.voters != end.voters || current.learners != end.learners
        else { return }
        let missing = end.voters.filter { !current.voters.contains($0) }
        let followers = missing + end.learners.filter { !current.voters.contains($0) }
        var target = Configuration.Target(voters: current.voters, learners: followers)
        if target.learners == current.learners {
            guard missing.allSatisfy({ hasNearlyAll($0, slot) }) else { return }
            target = end
            if !end.voters.contains(raft.id) {
                // Who leads on must not be found by an election.
                if let heir = heir(slot, among: end.voters) {
                    return step(slot, .transfer(to: heir))
                }
                target = Configuration.Target(
                    voters: end.voters + [raft.id],
                    learners: end.learners.filter { $0 != raft.id }
                )
            }
        }
        guard raft.refusal(of: target) == nil, isWell(target, slot) else { return }
        step(slot, .changeConfiguration(target))
        markDirty(slot)
    }

    /// Whether the voters that shall be can decide at once: a change must not end what works.
    private func isWell(_ target: Configuration.Target, _ slot: Int) -> Bool {
        Configuration(voters: target.voters).isQuorum { node in
            guard let place = place(of: node) else { return node == groups[slot].raft?.id }
            return peers[place].health == .alive && peers[place].openLane != nil
                && hasNearlyAll(node, slot)
        }
    }

    private func hasNearlyAll(_ node: NodeID, _ slot: Int) -> Bool {
        guard let raft = groups[slot].raft, let match = raft.progress(of: node)?.match else {
            return false
        }
        return match.rawValue + Self.nearlyAll >= raft.commitIndex.rawValue
            && match > .zero
    }

    /// Another voter that is well and has most of the log, and is not drained.
    private func heir(_ slot: Int, among nodes: [NodeID]) -> NodeID? {
        guard let raft = groups[slot].raft else { return nil }
        let well = nodes.filter { node in
            guard node != raft.id, raft.configuration.voters.contains(node),
                let place = place(of: node)
            else { return false }
            return peers[place].health == .alive && peers[place].openLane != nil
                && !liveness.isDiskStalled(node) && meta.node(node)?.isDrained == false
                && hasNearlyAll(node, slot)
        }
        return well.max { one, other in
            let ones = raft.progress(of: one)?.match ?? .zero
            let others = raft.progress(of: other)?.match ?? .zero
            return (ones, other) < (others, one)
        }
    }

    func isUp(_ node: NodeID) -> Bool {
        place(of: node).map { peers[$0].health == .alive } ?? true
    }
}
