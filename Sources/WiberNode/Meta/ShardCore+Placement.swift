import WiberBase
import WiberLog
import WiberMeta
import WiberWire

/// Which nodes hold topics, as the meta leader decides it: away from drained nodes, and where a topic's
/// placement and the nodes' tags have it.
extension ShardCore {
    /// How many topics move at a time without anybody having asked for each.
    private static let movesMax = 4
    /// The time between two words of a node about its tags.
    private static let tagPause = Instant.Span.milliseconds(500)
    /// The most topics of which it is remembered that no nodes will do for them.
    private static let topicsNotedMax = 1_024

    // MARK: Tags

    /// Tells the meta leader this node's tags, if the log says something else.
    func sweepTags() {
        guard nextTagWord <= time.now, shutdown == nil, isMetaCurrent,
            let own = meta.node(selfID), own.storeID == store.superblock.storeID,
            own.tags != configuration.tags, !own.isLeaving
        else { return }
        nextTagWord = time.now + Self.tagPause
        let command = MetaCommand.tagNode(selfID, tags: configuration.tags)
        sendCommand(command.encoded, .meta)
    }

    func noteTags(of id: NodeID) {
        guard let node = meta.node(id) else { return }
        trace(
            .info,
            "a node's tags were changed",
            [("node", node.name), ("tags", node.tags.joined(separator: " "))]
        )
    }

    // MARK: Places

    /// Nodes for a topic's replicas; those that are up first.
    func place(
        replicas: Int,
        on placement: TopicConfiguration.Placement,
        keeping kept: [NodeID] = []
    ) -> [NodeID] {
        let down = meta.nodes.map(\.id).filter { !isUp($0) }
        return meta.place(replicas: replicas, on: placement, keeping: kept, avoiding: down)
    }

    /// Whether a move leads to a node that leaves the cluster; or to one that is dead, and away from
    /// a node that must be left.
    private func isVain(_ move: TopicRecord.Move, of record: TopicRecord) -> Bool {
        let isAway = record.replicas.contains { meta.node($0)?.isDrained ?? true }
        return move.target.contains { meta.node($0)?.isLeaving ?? true || isAway && isDead($0) }
    }

    func isDead(_ node: NodeID) -> Bool {
        place(of: node).map { peers[$0].health == .dead } ?? (node.node != selfID)
    }

    /// A topic waits for nodes; said once, unless it has been made meanwhile.
    func noteWithoutPlace(_ topic: TopicConfiguration) {
        guard !topic.placement.isAnywhere, topicsWithoutPlace.count < Self.topicsNotedMax,
            topicsWithoutPlace.insert(topic.name).inserted
        else { return }
        let why = meta.refusal(of: .createTopic(topic, replicas: []))
        trace(
            .warning,
            "a topic waits for nodes that it may be on",
            [("topic", topic.name), ("why", why ?? "")]
        )
    }

    /// Asks for the next moves away from nodes that may not hold a topic, as the meta leader.
    func moveMisplaced() {
        guard decidesMeta, meta.movingCount < Self.movesMax else { return }
        let isDraining = meta.nodes.contains(where: \.isDrained)
        for record in isDraining ? meta.allTopics : meta.misplacedTopics {
            guard let target = betterPlace(for: record) else { continue }
            return propose(.move(record.group, to: target))
        }
    }

    /// Nodes for a topic that cannot stay where it is, or on its way there; `nil` if it can, or must.
    private func betterPlace(for record: TopicRecord) -> [NodeID]? {
        let isMisplaced = meta.isMisplaced(record.group)
        guard isMisplaced || record.move.map({ isVain($0, of: record) }) ?? true else { return nil }
        let stay = record.replicas.filter {
            meta.node($0)?.isDrained == false && (record.move == nil || !isDead($0))
        }
        guard isMisplaced || stay.count < record.replicas.count else { return nil }
        let count = record.move?.target.count ?? record.replicas.count
        let target = place(replicas: count, on: record.configuration.placement, keeping: stay)
        // With too few nodes a topic stays: it must not have fewer replicas than asked for.
        guard target.count == count,
            target.allSatisfy({ stay.map(\.node).contains($0) || isUp($0) })
        else { return nil }
        let present = record.move?.target.map(\.node) ?? []
        return Set(present) == Set(target) ? nil : target
    }
}
