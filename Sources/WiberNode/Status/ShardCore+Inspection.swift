package import WiberBase
package import WiberLog
import WiberMeta
package import WiberRaft
import WiberTopic

/// What a checker sees of one group on one node.
package struct GroupView {
    /// The group.
    package var id: GroupID
    /// Its topic; `meta` for the meta group.
    package var name: String
    /// The nodes that have a part in it, as its log says.
    package var configuration: Configuration
    /// What this node is in it.
    package var role: Role
    /// The newest term that this node knows.
    package var term: Term
    /// The leader as this node believes.
    package var leader: NodeID?
    /// The last entry in its log.
    package var last: EntryID
    /// Its log is on disk up to here.
    package var durable: LogIndex
    /// Committed as far as this node knows.
    package var commit: LogIndex
    /// Applied on this node.
    package var applied: LogIndex
    /// The topic's first message that is still there.
    package var firstSequence: Sequence
    /// The sequence that follows the last applied message.
    package var nextSequence: Sequence
}

/// The inside of a shard, for checkers: read only, and only in simulations and tests.
extension ShardCore {
    /// What names this node's data directory.
    package var storeID: UniqueID { store.superblock.storeID }

    /// Whether this node belongs to a cluster.
    package var isFormed: Bool { store.superblock.clusterID != .zero }

    /// The store of each node by this node's meta log, committed or not; `nil`: no cluster in it.
    package var storesInLog: [NodeID: UniqueID]? {
        let state = metaInLog
        guard state.isFormed else { return nil }
        return Dictionary(uniqueKeysWithValues: state.nodes.map { ($0.id, $0.storeID) })
    }

    /// This node's number.
    package var nodeNumber: NodeID { selfID }

    /// Whether a node belongs to the cluster, as far as this one has applied the meta log.
    package func hasNode(_ node: NodeID) -> Bool { meta.node(node) != nil }

    /// The feature level, as this node has it.
    package var levels: LevelView {
        LevelView(
            applied: meta.level,
            onDisk: store.superblock.level,
            nodes: meta.nodes.map { node in
                LevelView.Node(
                    id: node.id,
                    told: node.levels?.max,
                    hasCome: node.storeID != .zero,
                    isLeaving: node.isLeaving
                )
            }
        )
    }

    /// The level that is needed to read all of the meta log, committed or not.
    package var levelOfLog: FeatureLevel {
        let last = groups[ShardCore.metaSlot].raft?.lastIndex ?? .zero
        let chunks = (try? entries(.meta, through: last)) ?? []
        return chunks.compactMap { MetaCommand($0)?.level }.max() ?? .base
    }

    /// Whether a data directory is one of the cluster's.
    package func hasStore(_ store: UniqueID) -> Bool { meta.nodes.contains { $0.storeID == store } }

    /// Whether any node is to come.
    package var expectsNode: Bool { meta.nodes.contains { $0.storeID == .zero } }

    /// Whether a node of a name is to come.
    package func expects(_ name: String) -> Bool {
        meta.nodes.contains { $0.name == name && $0.storeID == .zero }
    }

    /// Whether a node is on its way in or out.
    package var areNodesChanging: Bool {
        meta.nodes.contains { $0.isLeaving || $0.storeID == .zero }
    }

    /// The nodes, for people.
    package var nodesText: String {
        meta.nodes.map { node in
            "\(node.name)#\(node.id)\(node.isLeaving ? " leaves" : "")"
                + "\(node.storeID == .zero ? " did not come" : "")"
                + "\(meta.isInUse(node.id) ? " holds topics" : "")"
        }.joined(separator: ", ")
    }

    /// Whether a node is on its way out.
    package var hasLeavingNode: Bool { meta.nodes.contains(where: \.isLeaving) }

    /// Whether a node has come, and is not on its way out.
    package func isStaying(_ node: NodeID) -> Bool {
        meta.stayingNodes.contains { $0.id == node && $0.storeID != .zero }
    }

    /// Which process this is, of all that ran on this data directory.
    package var incarnation: UInt64 { store.superblock.incarnation }

    /// How far this node, as leader of a group, counts the log of another node's process; `nil` if it
    /// does not lead, or has not been greeted by that process.
    package func match(_ id: GroupID, of node: NodeID, incarnation: UInt64) -> LogIndex? {
        guard let slot = slotOfGroup[id], groups[slot].isLeader, let place = place(of: node),
            peers[place].incarnation == incarnation
        else { return nil }
        return groups[slot].raft?.progress(of: node)?.match
    }

    /// How many groups this node knows.
    package var groupCount: Int { groups.count }

    /// Whether a topic exists, as far as this node has applied the meta log.
    package func knows(_ group: GroupID) -> Bool { group == .meta || meta.topic(group) != nil }

    /// Whether a topic is on its way to other nodes.
    package func isMoving(_ group: GroupID) -> Bool { meta.topic(group)?.move != nil }

    /// Whether somebody has asked for something that is not done, such as another leader.
    package var hasCommands: Bool { !adminTasks.isEmpty }

    /// Whether a node shall lead nothing.
    package var hasDrainedNode: Bool { meta.nodes.contains(where: \.isDrained) }

    /// How often a group's consensus was stepped: unless it was, nothing of it has changed.
    package func stepCount(_ slot: Int) -> UInt64 { groups[slot].stepCount }

    /// One group; `nil` if this node holds no replica of it.
    package func view(_ slot: Int) -> GroupView? {
        let group = groups[slot]
        guard let raft = group.raft else { return nil }
        return GroupView(
            id: group.id,
            name: group.configuration.name,
            configuration: raft.configuration,
            role: raft.role,
            term: raft.currentTerm,
            leader: raft.leader,
            last: raft.lastEntry,
            durable: raft.durableIndex,
            commit: raft.commitIndex,
            applied: group.applied,
            firstSequence: group.topic.firstSequence,
            nextSequence: group.topic.appliedNextSequence
        )
    }

    /// The group of a topic on this node, if it holds a replica of it.
    package func view(of topic: String) -> GroupView? {
        slotOfName[Array(topic.utf8)].flatMap { view($0) }
    }

    /// Whether a message of a topic is gone from the middle, as far as this node has applied.
    package func isRemoved(_ topic: String, _ sequence: Sequence) -> Bool {
        guard let slot = slotOfName[Array(topic.utf8)] else { return false }
        return groups[slot].topic.isRemoved(sequence)
    }

    /// What is to be erased from this node's disk and is not yet.
    package var erasures: Int { erasuresPending }

    /// The floor of a topic, as far as this node has applied the meta log.
    package func keepFrom(_ topic: String) -> UInt64? {
        slotOfName[Array(topic.utf8)].flatMap { groups[$0].configuration.keepFrom }
    }

    /// The term of an entry; `nil` outside of this node's log.
    package func term(_ slot: Int, at index: LogIndex) -> Term? {
        groups[slot].raft?.log.term(at: index)
    }

    /// An entry that is in memory.
    package func chunk(_ group: GroupID, at index: LogIndex) -> Chunk? {
        store.chunk(group, at: index)
    }

    /// All entries of a group from `index` to `end` that this node still has, memory and disk.
    ///
    /// - Throws: ``LogError`` if one of them cannot be read.
    package func entries(
        _ group: GroupID,
        through end: LogIndex
    ) throws(LogError) -> [Chunk] {
        guard var index = store.firstIndex(group) else { return [] }
        var found: [Chunk] = []
        while index <= end {
            if let chunk = store.chunk(group, at: index) {
                found.append(chunk)
            } else if let plan = store.plan(group, from: index, byteBudget: 1 << 20) {
                let read = try startupReader(plan).filter {
                    $0.header.index >= index && $0.header.index <= end
                }
                guard !read.isEmpty else { break }
                found += read
            } else {
                break
            }
            index = (found.last?.header.index ?? index).next
        }
        return found
    }

    /// The highest of the queues that have a limit, in bytes or items, with its limit.
    package var queueOverLimit: String? {
        for session in sessions.values
        where session.replies.requestCount > limits.requestsPerConnection + 1 {
            return "a connection has \(session.replies.requestCount) requests waiting"
        }
        for group in groups where group.outboxBytes > limits.outboxBytes + (2 << 20) {
            return "topic \(group.configuration.name) has \(group.outboxBytes) bytes waiting"
        }
        return nil
    }
}
