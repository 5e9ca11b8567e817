public import WiberBase

/// Which nodes may hold a topic, and which of them do it best.
extension MetaState {
    /// Nodes for a topic's replicas: some that are given first, then those that hold the fewest, then
    /// the lowest numbers, then others that are given; none that are drained, or were added and never
    /// came, or that the topic may not be on.
    ///
    /// - Returns: as many as asked for, or as there are; sorted.
    public func place(
        replicas: Int,
        on placement: TopicConfiguration.Placement = TopicConfiguration.Placement(),
        keeping kept: [NodeID] = [],
        avoiding avoided: [NodeID] = []
    ) -> [NodeID] {
        let isIgnored = Mutant.placementIgnored.isOn
        let able = nodes.filter { $0.canHold && (isIgnored || placement.allows($0.tags)) }
        let order = able.sorted {
            rank($0.id, kept, avoided) < rank($1.id, kept, avoided)
        }
        let most = min(max(1, replicas), TopicRecord.replicasMax)
        // The best of each value: whoever comes first rules out nobody that could add to the number.
        return Self.spread(order, placement).prefix(most).map(\.id).sorted()
    }

    private func rank(_ node: NodeID, _ kept: [NodeID], _ avoided: [NodeID]) -> (Int, Int, NodeID) {
        let isKept = kept.contains { $0.node == node }
        return (isKept ? 0 : avoided.contains(node) ? 2 : 1, load[node] ?? 0, node)
    }

    /// The first node of each value of the tag over which a topic is spread.
    private static func spread(
        _ nodes: [NodeRecord],
        _ placement: TopicConfiguration.Placement
    ) -> [NodeRecord] {
        guard let key = placement.spread else { return nodes }
        var values: Set<String> = []
        return nodes.filter { node in
            NodeTag.value(of: key, in: node.tags).map { values.insert($0).inserted } ?? false
        }
    }

    /// Whether these nodes may hold a topic together.
    public func fits(_ nodes: [NodeID], _ placement: TopicConfiguration.Placement) -> Bool {
        guard !placement.isAnywhere else { return true }
        let records = nodes.compactMap { node($0) }
        return records.count == nodes.count && records.allSatisfy { placement.allows($0.tags) }
            && Self.spread(records, placement).count == records.count
    }

    mutating func tag(_ id: NodeID, _ tags: [String]) -> [MetaChange] {
        guard let place = nodes.firstIndex(where: { $0.id == id }), nodes[place].tags != tags,
            NodeTag.refusal(of: tags) == nil
        else { return [] }
        nodes[place].tags = tags
        for topic in placedTopics { note(topic.group) }
        return [.nodeTagged(id)]
    }

    // MARK: Refusals

    func refusal(ofTagging id: NodeID, _ tags: [String]) -> String? {
        guard let record = node(id) else { return "there is no such node" }
        return record.tags == tags
            ? "node \(record.name) has these tags" : NodeTag.refusal(of: tags)
    }

    /// Why so many replicas have no place, which nodes there are, and what to do.
    func refusal(
        ofPlacing replicas: Int,
        _ placement: TopicConfiguration.Placement
    ) -> String? {
        let able = place(replicas: TopicRecord.replicasMax, on: placement).count
        guard able < replicas else { return nil }
        guard !placement.isAnywhere else {
            return
                "\(replicas) replicas need as many nodes, and \(able) can hold one; add nodes or ask"
                + " for fewer"
        }
        return
            "\(replicas) replicas \(placement.text)\(placement.spread == nil ? "" : ",") need as many"
            + " nodes, and \(able) will do: \(tagText); give nodes other tags: in their configuration"
            + " and start them again, or ask for fewer replicas or another placement"
    }

    /// Why these nodes cannot hold a topic together.
    func refusal(
        ofTarget target: [NodeID],
        _ placement: TopicConfiguration.Placement
    ) -> String? {
        guard !fits(target, placement) else { return nil }
        return
            "these nodes are not right for the topic, which is to be \(placement.text): \(tagText); name"
            + " others, or change that with `wiber topic update`"
    }

    /// Which nodes have which tags, for people.
    private var tagText: String {
        nodes.map { node in
            let tags = node.tags.isEmpty ? "no tags" : node.tags.joined(separator: " ")
            return "\(node.name) has \(tags)\(node.canHold ? "" : " and may hold nothing")"
        }.joined(separator: ", ")
    }
}

extension TopicConfiguration.Placement {
    /// On which nodes it is, in words.
    var text: String {
        let tagged = tags.isEmpty ? "on nodes" : "on nodes with \(tags.joined(separator: " "))"
        return tagged + (spread.map { ", each of another \($0)" } ?? "")
    }
}
