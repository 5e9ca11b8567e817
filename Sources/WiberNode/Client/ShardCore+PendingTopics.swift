import WiberBase
import WiberWire

/// Requests that wait until their topic has been created.
struct PendingTopic {
    enum Request {
        /// A publish: the encoded body.
        case publish([UInt8])
        case subscribe(Sequence?)
    }
    var requests: [(connection: ConnectionID, slot: UInt64, request: Request)] = []
    var byteCount = 0
    var failure: String?
    let since: Instant
    var lastAsked: Instant
}

/// Topics are created on first use, through the meta group (contract: `auto_create_topics`).
extension ShardCore {
    enum TopicRequest {
        case publish(MessageBody)
        case subscribe(Sequence?)
    }

    func waitForTopic(
        _ topic: UnsafeRawBufferPointer,
        _ connection: ConnectionID,
        _ request: TopicRequest
    ) {
        let name = Array(topic)
        guard configuration.autoCreateTopics, TopicConfiguration.isValidName(name) else {
            return reply(
                connection,
                error: .noTopic,
                "there is no topic \(text(topic)): names are 1 to 255 of A-Z a-z 0-9 _ -, "
                    + "and topics are created by the configuration"
            )
        }
        guard pendingTopics[name] != nil || pendingTopics.count < limits.pendingTopics else {
            return reply(connection, error: .overloaded, "too many topics are being created")
        }
        var pending =
            pendingTopics[name] ?? PendingTopic(since: time.now, lastAsked: .zero)
        let slot = sessions[connection]?.replies.add() ?? 0
        switch request {
        case .publish(let body):
            var bytes: [UInt8] = []
            body.encode(into: &bytes)
            guard pending.byteCount + bytes.count <= limits.outboxBytes else {
                return fail(connection, slot, .overloaded, "the topic is still being created")
            }
            pending.byteCount += bytes.count
            pending.requests.append((connection, slot, .publish(bytes)))
        case .subscribe(let from):
            pending.requests.append((connection, slot, .subscribe(from)))
        }
        pendingTopics[name] = pending
        askForTopic(name)
    }

    /// Asks the meta leader for a topic; asked again until it exists, since that is idempotent.
    private func askForTopic(_ name: [UInt8]) {
        guard let pending = pendingTopics[name],
            pending.lastAsked == .zero || time.now.since(pending.lastAsked) > .milliseconds(100)
        else { return }
        let text = String(decoding: name, as: UTF8.self)
        // A publish may be faster than the leader of meta with what the configuration asks for.
        let topic =
            configuration.topics.first { $0.name == text }
            ?? TopicConfiguration(name: text, replicas: defaultReplicas)
        if requestTopic(topic) { pendingTopics[name]?.lastAsked = time.now }
    }

    /// The topic exists now: what waited goes its way, in order.
    func topicAppeared(_ name: [UInt8], _ slot: Int) {
        guard let pending = pendingTopics.removeValue(forKey: name) else { return }
        var batch = PublishBatch(order: token(), since: time.now)
        for (connection, replySlot, request) in pending.requests {
            switch request {
            case .publish(let bytes):
                bytes.withUnsafeBytes { raw in
                    guard let body = try? MessageBody.decode(raw) else { return }
                    counters.publishes += 1
                    batch.append(body, connection: connection, slot: replySlot)
                }
                if batch.isFull {
                    enqueue(batch, slot)
                    batch = PublishBatch(order: token(), since: time.now)
                }
            case .subscribe(let from):
                let from = from ?? Sequence(1)
                guard !groups[slot].relaysReads else {
                    let id = groups[slot].id
                    relay(.subscription(id, next: from), slot, for: connection, at: replySlot)
                    continue
                }
                let text = "OK subscribed to \(groups[slot].configuration.name)\r\n"
                complete(connection, replySlot, Array(text.utf8))
                subscribe(connection, slot, from: from)
            }
        }
        enqueue(batch, slot)
    }

    private func enqueue(_ batch: PublishBatch, _ slot: Int) {
        guard batch.count > 0 else { return }
        groups[slot].outbox.append(batch)
        groups[slot].outboxBytes += batch.byteCount
        markDirty(slot)
    }

    func expirePendingTopics() {
        for name in pendingTopics.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let pending = pendingTopics[name] else { continue }
            if refusesForFullDisk(ShardCore.metaSlot) {
                pendingTopics[name] = nil
                for (connection, slot, _) in pending.requests {
                    fail(connection, slot, .diskFull, diskFullText)
                }
            } else if time.now.since(pending.since) > limits.leaderWait || pending.failure != nil {
                pendingTopics[name] = nil
                for (connection, slot, _) in pending.requests {
                    fail(
                        connection,
                        slot,
                        .noLeader,
                        pending.failure ?? "the topic could not be created within 2 s, "
                            + "because the meta group has no leader; not stored, try again "
                            + "when more nodes are up"
                    )
                }
            } else {
                askForTopic(name)
            }
        }
    }
}
