import WiberBase

/// Why a command would change nothing, for the person who gave it.
extension MetaState {
    /// Why a command is refused, and what to do; `nil` if it is not.
    public func refusal(of command: MetaCommand) -> String? {
        switch command {
        case .form, .bindStore, .settled, .forgetNode, .moveNode, .announce, .raise: nil
        case .createTopic(let topic, _): refusal(ofNew: topic)
        case .deleteTopic(let group): refusal(ofUnknown: group)
        case .updateTopic(let group, let before, let after): refusal(of: after, before, group)
        case .move(let group, let nodes): refusal(ofMove: group, nodes)
        case .drain(let node, let isDrained): refusal(ofDrain: node, isDrained)
        case .addNode(let record, let replaced): refusal(ofAdd: record, replacing: replaced)
        case .removeNode(let node): refusal(ofRemove: node)
        case .restored(let group): refusal(ofRestored: group)
        case .tagNode(let node, let tags): refusal(ofTagging: node, tags)
        }
    }

    private func refusal(ofUnknown group: GroupID) -> String? {
        topic(group) == nil
            ? "there is no such topic any more; `wiber topics` lists those there are" : nil
    }

    private func refusal(ofNew topic: TopicConfiguration) -> String? {
        guard TopicConfiguration.isValidName(Array(topic.name.utf8)) else {
            return "a topic's name is 1 to 255 of A-Z a-z 0-9 _ -"
        }
        if let other = group(named: topic.name).flatMap({ self.topic($0)?.configuration }) {
            return refusal(of: topic, besides: other)
        }
        return refusal(ofPlacing: topic.replicas, topic.placement)
            ?? refusal(ofSubjects: topic.subjects, nil)
    }

    /// Going on with a restore is no new topic.
    private func refusal(
        of topic: TopicConfiguration,
        besides other: TopicConfiguration
    ) -> String? {
        guard topic.isRestoring else {
            return other.isRestoring
                ? "a topic of this name is being restored; `wiber restore` goes on with it, `wiber topic"
                    + " delete` ends it"
                : "there is a topic of this name; `wiber topic update` changes it"
        }
        guard other.isRestoring else {
            return
                "there is a topic \(topic.name); restore under another name with --as, or delete it"
                + " with `wiber topic delete`"
        }
        return topic.restoredFrom == other.restoredFrom
            ? nil
            : "topic \(topic.name) is being restored from another backup; go on with that one, or"
                + " delete it with `wiber topic delete`"
    }

    private func refusal(ofRestored group: GroupID) -> String? {
        refusal(ofUnknown: group)
            ?? (topic(group)?.configuration.isRestoring == true
                ? nil : "the topic is not being restored; nothing is to be done")
    }

    private func refusal(ofSubjects subjects: [String], _ group: GroupID?) -> String? {
        for subject in subjects {
            guard let other = overlapping(subject, except: group), let record = topic(other) else {
                continue
            }
            return "the subject \(subject) overlaps one of topic \(record.configuration.name): a"
                + " subject belongs to one topic; choose another one"
        }
        return nil
    }

    private func refusal(
        of topic: TopicConfiguration,
        _ looked: TopicConfiguration?,
        _ group: GroupID
    ) -> String? {
        if let refusal = refusal(ofUnknown: group) { return refusal }
        guard let before = self.topic(group)?.configuration, looked ?? before == before else {
            return "the topic was changed meanwhile; give the command again"
        }
        guard before.name == topic.name, before.dedupKey == topic.dedupKey else {
            return "a topic's name, and what makes two messages the same, cannot change; create"
                + " another topic"
        }
        guard before.replicas == topic.replicas else {
            return "`wiber topic replicas` changes how many nodes hold a topic"
        }
        if before.placement != topic.placement,
            let refusal = refusal(ofPlacing: topic.replicas, topic.placement)
        {
            return refusal
        }
        return refusal(ofSubjects: topic.subjects, group)
    }

    private func refusal(ofMove group: GroupID, _ target: [NodeID]) -> String? {
        if let refusal = refusal(ofUnknown: group) { return refusal }
        guard !target.isEmpty, target.count <= TopicRecord.replicasMax else {
            return "a topic is held by 1 to \(TopicRecord.replicasMax) nodes"
        }
        let placement = topic(group)?.configuration.placement ?? TopicConfiguration.Placement()
        if target.allSatisfy({ $0 == .zero }),
            let refusal = refusal(ofPlacing: target.count, placement)
        {
            return refusal
        }
        guard Set(target.map(\.node)).count == target.count,
            target.allSatisfy({ node($0) != nil })
        else {
            return "each node can be named once, and must be one of the cluster's"
        }
        let records = target.compactMap { node($0) }
        if let leaving = records.first(where: \.isLeaving) {
            return "\(leaving.name) is on its way out of the cluster; name another node"
        }
        if let absent = records.first(where: { !$0.isDrained && !$0.canHold }) {
            return "\(absent.name) has not come yet; start it first"
        }
        if let drained = records.first(where: \.isDrained) {
            return "\(drained.name) is drained; `wiber cluster drain \(drained.name) --undo` first"
        }
        return refusal(ofTarget: target, placement)
    }

    private func refusal(ofDrain id: NodeID, _ isDrained: Bool) -> String? {
        guard let record = node(id) else { return "there is no such node" }
        guard !record.isLeaving else {
            return "\(record.name) is on its way out of the cluster, and drained until it is gone"
        }
        let left = nodes.filter { !$0.isDrained && $0.id != id }.count
        guard !isDrained || left > 0 else {
            return "this is the last node that holds topics; add another one first"
        }
        return nil
    }
}
