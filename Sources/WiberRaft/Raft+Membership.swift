import WiberBase

/// Changes of the configuration, by joint consensus (Raft §6): one at a time, in force from the
/// moment they are appended, and none before the leader has committed in its own term.
extension Raft {
    mutating func changeConfiguration(
        _ target: Configuration,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard canChangeConfiguration, !target.isJoint, !target.voters.isEmpty,
            target.members.count <= Configuration.nodesMax, target != configuration
        else { return }
        let isJoint = target.voters != configuration.voters
        let next = isJoint ? configuration.joint(with: target) : target
        appendOwn(.configuration(next), bytes: ChunkHeader.size, now, &effects)
    }

    /// Whether the leader may change the configuration now.
    public var canChangeConfiguration: Bool {
        refusal == nil && hasCommittedInTerm && !configuration.isJoint
            && log.configurationIndex <= commitIndex
    }

    mutating func configurationAppended(_ now: Instant, _ effects: inout [Effect]) {
        effects.append(.configuration(configuration))
        let members = configuration.members
        peers.removeAll { !members.contains($0.node) }
        for node in members where node != id && !peers.contains(where: { $0.node == node }) {
            peers.append(Progress(node: node, next: lastIndex))
        }
        peers.sort { $0.node < $1.node }
    }

    /// Leaves a joint configuration once it is committed, and leadership once it has left us out.
    ///
    /// - Returns: whether anything was appended or given up.
    mutating func finishConfiguration(_ now: Instant, _ effects: inout [Effect]) -> Bool {
        guard log.configurationIndex <= commitIndex else { return false }
        if configuration.isJoint {
            appendOwn(
                .configuration(configuration.final),
                bytes: ChunkHeader.size,
                now,
                &effects
            )
            return true
        }
        guard !configuration.voters.contains(id) else { return false }
        // The others must learn that the change is committed before they stop hearing of it.
        replicateToAll(now, &effects)
        stepDown(now, &effects)
        return true
    }
}
