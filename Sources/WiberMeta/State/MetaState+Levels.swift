public import WiberBase

/// The cluster's feature level: it rises when all nodes know the next one, and never falls.
///
/// 1. A node counts once its store is known, and until it leaves. One that was added and never came
///    is told when it comes that it needs another release.
/// 2. What a node has said last counts. One that says less than the cluster's level is not heard.
/// 3. A command that would break this changes nothing, on every node alike.
extension MetaState {
    /// The nodes without which the level does not rise, because they do not know it, or have not said
    /// so.
    public func nodes(without level: FeatureLevel) -> [NodeRecord] {
        stayingNodes.filter { node in
            node.storeID != .zero && (node.levels?.max ?? .base) < level
                && !Mutant.levelRaisedEarly.isOn
        }
    }

    /// The highest level that all nodes know; the present one if some have not said what they know.
    public var levelOfAll: FeatureLevel {
        let known = stayingNodes.filter { $0.storeID != .zero }.map { $0.levels?.max ?? level }
        return max(level, known.min() ?? level)
    }

    mutating func announce(
        _ id: NodeID,
        _ levels: LevelRange,
        _ software: String?
    ) -> [MetaChange] {
        guard let place = nodes.firstIndex(where: { $0.id == id }), levels.max >= level,
            nodes[place].levels != levels || nodes[place].software != software
        else { return [] }
        nodes[place].levels = levels
        nodes[place].software = software
        return [.nodeAnnounced(id)]
    }

    mutating func raise(to higher: FeatureLevel) -> [MetaChange] {
        guard isFormed, higher > level, nodes(without: higher).isEmpty else { return [] }
        level = higher
        return [.levelRaised(higher)]
    }
}
