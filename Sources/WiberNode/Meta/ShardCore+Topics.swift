import WiberBase
import WiberMeta
import WiberTopic
import WiberWire

/// Topics that change or end, as the meta log says.
extension ShardCore {
    func topicUpdated(_ id: GroupID, _ before: TopicConfiguration) {
        guard let slot = slotOfGroup[id], let record = meta.topic(id) else { return }
        groups[slot].configuration = record.configuration
        groups[slot].topic.configure(record.configuration)
        if before.isRestoring, !record.configuration.isRestoring {
            // What it holds may be old: the time without use begins now.
            groups[slot].lastUse = time.now
            trace(.info, "topic restored", [("topic", record.configuration.name)])
        }
        if before.subjects != record.configuration.subjects {
            endCapture(id)
            capture(id, record.configuration.subjects)
            forgetLastTopics()
        }
        trace(.info, "topic updated", [("topic", record.configuration.name)])
    }

    /// Ends this node's part of a topic: everybody who waits for it is told.
    func closeTopic(_ record: TopicRecord, at index: LogIndex) {
        let id = record.group
        let name = record.configuration.name
        if configuration.topics.contains(where: { $0.name == name }) {
            deletedByCommand.insert(name)
        }
        guard let slot = slotOfGroup[id] else { return }
        let text = "topic \(name) was deleted; TOPICS lists those there are"
        retire(slot)
        refuseOutbox(slot, text)
        failForwards(of: id, exceptTo: .zero)
        endReads(slot, text)
        for connection in groups[slot].subscribers {
            _ = unsubscribe(connection, slot)
            announceEnd(of: name, to: connection)
        }
        endRelays(of: id, text)
        endCapture(id)
        forgetLastTopics()
        slotOfGroup[id] = nil
        if slotOfName[groups[slot].nameBytes] == slot { slotOfName[groups[slot].nameBytes] = nil }
        let steps = groups[slot].stepCount
        groups[slot] = .vacant(dedupBudget)
        groups[slot].stepCount = steps &+ 1
        freeSlots.append(slot)
        depart(id, at: index, filesStay: Self.trashDelay)
        counters.topicsDeleted += 1
        trace(.info, "topic deleted", [("topic", name), ("group", "\(id)")])
    }

    /// What sessions remember of the topic that they named last may be another one now.
    private func forgetLastTopics() {
        for connection in sessions.keys { sessions[connection]?.lastTopicSlot = -1 }
    }

    private func refuseOutbox(_ slot: Int, _ text: String) {
        while let batch = groups[slot].outbox.first {
            popOutbox(slot)
            switch batch.target {
            case .clients(let runs): fail(runs, .noTopic, text)
            case .peer(let node, let request):
                sendForwardReply(to: node, request, .notLeader, "", [])
            }
        }
    }

    private func endReads(_ slot: Int, _ text: String) {
        for context in groups[slot].reads.keys.sorted() { readFailed(slot, context) }
        groups[slot].reads = [:]
        endMessageReads(of: groups[slot].id, .missing(text))
        for id in histories.keys.sorted() where histories[id]?.group == groups[slot].id {
            guard let job = histories.removeValue(forKey: id) else { continue }
            fail(job.connection, job.slot, .noTopic, text)
        }
    }

    /// Tells a client that follows a topic that nothing will come any more.
    private func announceEnd(of name: String, to connection: ConnectionID) {
        guard nats.clients[connection] == nil else { return }
        withOut(of: connection) { out in
            sessions[connection]?.replies.drain(into: &out)
            out += Array("INFO {\"topic_deleted\":\"\(name)\"}\r\n".utf8)
        }
        touch(connection)
    }
}

extension Group {
    /// The place of a topic that is gone.
    static func vacant(_ budget: DedupBudget) -> Group {
        let configuration = TopicConfiguration(name: "", replicas: 0)
        return Group(
            id: GroupID(.max),
            configuration: configuration,
            nameBytes: [],
            replicas: [],
            firstReplicas: [],
            raft: nil,
            topic: TopicState(configuration: configuration, budget: budget)
        )
    }
}
