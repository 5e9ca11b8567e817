import WiberBase
import WiberMeta
import WiberWire

/// The eight commands of the line protocol.
extension ShardCore {
    func handle(_ request: LineRequest, _ connection: ConnectionID) {
        sessions[connection]?.requestCount += 1
        counters.requests += 1
        switch request {
        case .ping: reply(connection, Array("PONG\r\n".utf8))
        case .publish(let publish): handle(publish, connection)
        case .subscribe(let topic, let from): handleSubscribe(topic, from, connection)
        case .unsubscribe(let topic): handleUnsubscribe(topic, connection)
        case .history(let topic, let from, let limit):
            handleHistory(topic, from, limit, connection)
        case .topics: replyJSON(connection, topicsJSON())
        case .stats(let topic): handleStats(topic, connection)
        case .help:
            var text: [UInt8] = []
            LineWriter.help(into: &text)
            reply(connection, text)
        case .quit:
            reply(connection, Array("OK bye\r\n".utf8))
            sessions[connection]?.isQuitting = true
        case .connect:
            reply(
                connection,
                error: .unsupported,
                "CONNECT is what a client of NATS sends first, on a connection of its own; "
                    + "this one speaks lines: send HELP for its commands"
            )
        }
    }

    private func handle(_ publish: PublishRequest, _ connection: ConnectionID) {
        var body = MessageBody(payload: publish.payload)
        body.id = publish.id
        hear(publish)
        if let slot = cachedSlot(publish.topic, connection) {
            // A name, too, where the topic's messages have another subject of their own.
            let isExplicit = groups[slot].configuration.ownSubject != nil
            if publish.topicIsSubject || isExplicit { body.subject = publish.topic }
            return self.publish(slot, body, from: connection)
        }
        guard !publish.topicIsSubject else {
            return reply(
                connection,
                error: .noTopic,
                "no topic captures the subject \(text(publish.topic)): create one whose "
                    + "subjects match it, or publish to a topic's name"
            )
        }
        waitForTopic(publish.topic, connection, .publish(body))
    }

    /// The slot of a name or subject; the last one a connection named costs no look-up.
    private func cachedSlot(_ name: UnsafeRawBufferPointer, _ connection: ConnectionID) -> Int? {
        guard let session = sessions[connection] else { return nil }
        if session.lastTopicSlot >= 0, session.lastTopicName.elementsEqual(name) {
            return session.lastTopicSlot
        }
        guard let slot = slot(named: name) else { return nil }
        sessions[connection]?.lastTopicName = Array(name)
        sessions[connection]?.lastTopicSlot = slot
        return slot
    }

    /// The slot of a topic's name, or of the topic that captures a subject.
    private func slot(named name: UnsafeRawBufferPointer) -> Int? {
        if let slot = slotOfName[Array(name)] { return slot }
        guard name.contains(UInt8(ascii: ".")),
            let group = meta.group(capturing: text(name))
        else { return nil }
        return slotOfGroup[group]
    }

    func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

    private func handleSubscribe(
        _ topic: UnsafeRawBufferPointer,
        _ from: Sequence?,
        _ connection: ConnectionID
    ) {
        guard let slot = slot(named: topic) else {
            return waitForTopic(topic, connection, .subscribe(from))
        }
        beginSubscription(slot, from, connection)
    }

    func beginSubscription(_ slot: Int, _ from: Sequence?, _ connection: ConnectionID) {
        guard let session = sessions[connection] else { return }
        guard session.subscriptions.count < limits.subscriptionsPerConnection else {
            return reply(
                connection,
                error: .limit,
                "a connection may follow \(limits.subscriptionsPerConnection) topics: UNSUB one first"
            )
        }
        guard !groups[slot].relaysReads else {
            return relay(.subscription(groups[slot].id, next: from), slot, for: connection)
        }
        var line: [UInt8] = Array("OK subscribed to ".utf8)
        line += groups[slot].nameBytes
        line.appendLiteral("\r\n")
        reply(connection, line)
        subscribe(connection, slot, from: from)
    }

    private func handleUnsubscribe(_ topic: UnsafeRawBufferPointer, _ connection: ConnectionID) {
        guard let slot = slot(named: topic),
            unsubscribe(connection, slot) || endRelays(of: connection, groups[slot].id)
        else {
            return reply(
                connection,
                error: .notSubscribed,
                "this connection does not follow \(text(topic)): SUB it first"
            )
        }
        reply(connection, Array("OK\r\n".utf8))
    }

    private func handleHistory(
        _ topic: UnsafeRawBufferPointer,
        _ from: Sequence?,
        _ limit: UInt64?,
        _ connection: ConnectionID
    ) {
        guard let slot = slot(named: topic) else { return replyNoTopic(topic, connection) }
        guard !groups[slot].relaysReads else {
            // HISTORY without `from` takes no limit: the newest hundred is what the replica gives.
            var line = "HISTORY \(groups[slot].configuration.name)"
            if let from { line += " \(from)" + (limit.map { " \($0)" } ?? "") }
            return relay(.request(line), slot, for: connection)
        }
        let replySlot = sessions[connection]?.replies.add() ?? 0
        beginHistory(
            HistoryJob(
                connection: connection,
                slot: replySlot,
                group: groups[slot].id,
                from: from,
                limit: limit ?? 100
            )
        )
    }

    private func handleStats(_ topic: UnsafeRawBufferPointer?, _ connection: ConnectionID) {
        guard let topic else { return replyJSON(connection, topicsJSON()) }
        if let slot = slot(named: topic), groups[slot].relaysReads {
            return relay(
                .request("STATS \(groups[slot].configuration.name)"),
                slot,
                for: connection
            )
        }
        guard let json = topicJSON(text(topic)) else { return replyNoTopic(topic, connection) }
        replyJSON(connection, json)
    }

    private func replyJSON(_ connection: ConnectionID, _ json: [UInt8]) {
        reply(connection, Array("OK ".utf8) + json + Array("\r\n".utf8))
    }

    private func replyNoTopic(_ topic: UnsafeRawBufferPointer, _ connection: ConnectionID) {
        reply(
            connection,
            error: .noTopic,
            "there is no topic \(text(topic)): TOPICS lists them, PUB \(text(topic)) <text> makes it"
        )
    }
}
