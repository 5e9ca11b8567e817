package import WiberBase
import WiberMeta

/// Looks at each entry of the meta log in its order, for simulations: no topic is ever given to nodes
/// that it may not be on.
package struct PlacementAudit {
    private var meta = MetaState()

    /// Nothing was seen.
    package init() {}

    /// Takes the next entry; returns what is wrong with it.
    package mutating func problem(with chunk: Chunk) -> String? {
        guard let command = MetaCommand(chunk) else { return nil }
        for change in meta.apply(command, at: chunk.header.index) {
            switch change {
            case .topicCreated(let group), .topicMoved(let group):
                guard isDecision(command), meta.isMisplaced(group), let topic = meta.topic(group)
                else { continue }
                let nodes = (topic.move?.target ?? topic.replicas).map { "\($0)" }
                return "\(topic.configuration.name) is given to \(nodes.joined(separator: ", "))"
            case .formed, .storeBound, .topicDeleted, .topicUpdated, .drained, .nodeAdded,
                .nodeLeaving, .nodeForgotten, .nodeMoved, .nodeTagged, .nodeAnnounced, .levelRaised:
                continue
            }
        }
        return nil
    }

    /// Whether a command chooses nodes.
    private func isDecision(_ command: MetaCommand) -> Bool {
        switch command {
        case .createTopic, .move: true
        case .form, .bindStore, .deleteTopic, .updateTopic, .settled, .drain, .addNode,
            .removeNode, .forgetNode, .moveNode, .restored, .tagNode, .announce, .raise:
            false
        }
    }
}

extension ShardCore {
    /// A topic that is where it may not be, though there are nodes for it; `nil` if there is none.
    package var needlesslyMisplaced: String? {
        let topic = meta.misplacedTopics.first { topic in
            let count = topic.configuration.replicas
            let placement = topic.configuration.placement
            return meta.place(replicas: count, on: placement).count == count
        }
        return topic?.configuration.name
    }
}
