import WiberBase
import WiberWire

/// Where topics and subjects meet: what a topic captures is stored, and acknowledged once it is safe.
extension ShardCore {
    /// Lets a topic capture what is published to its subjects.
    func capture(_ group: GroupID, _ subjects: [String]) {
        let ids = subjects.compactMap { subject in
            nats.add(.topic(group), Interest(subject: Array(subject.utf8), queue: nil))
        }
        nats.subscriptionsOfTopic[group] = ids
    }

    /// Ends that.
    func endCapture(_ group: GroupID) {
        for id in nats.subscriptionsOfTopic.removeValue(forKey: group) ?? [] { nats.remove(id) }
    }

    func store(_ publish: NATSPublish, in group: GroupID, from client: NATSClient) {
        guard let slot = slotOfGroup[group] else { return }
        client.acknowledgements.append(
            NATSAcknowledgement(group: group, reply: publish.reply.map { Array($0) })
        )
        var body = MessageBody(payload: publish.payload)
        if !publish.subject.elementsEqual(groups[slot].ownSubject) {
            body.subject = publish.subject
        }
        body.headers = publish.headers
        body.id = publish.headers.flatMap { NATSHeaders.value(of: "Nats-Msg-Id", in: $0) }
        if body.headers?.count ?? 0 > NATSHeaders.lengthMax {
            refuse(client.connection, .tooLong, "header size exceeds maximum allowed of 64k")
        } else if body.id?.count ?? 0 > LineLimits.idLengthMax {
            let text = "a Nats-Msg-Id holds at most \(LineLimits.idLengthMax) bytes"
            refuse(client.connection, .tooLong, text)
        } else {
            self.publish(slot, body, from: client.connection)
        }
        if let session = sessions[client.connection], isCongested(session) { hold(client) }
    }

    /// Lets clients that speak NATS hear what a person publishes.
    func hear(_ publish: PublishRequest) {
        guard nats.listenerCount > 0 else { return }
        route(NATSPublish(subject: publish.topic, payload: publish.payload), from: nil)
    }

    /// Answers the publishes whose turn has come.
    func acknowledgeStored(_ client: NATSClient) {
        while let replies = sessions[client.connection]?.replies.nextPublishes() {
            for reply in replies { acknowledge(reply, client) }
        }
        if let session = sessions[client.connection], !isCongested(session) { release(client) }
        stallIfLanesAreFull(client)
        nats.touch(client)
    }

    private func acknowledge(_ reply: PublishReply, _ client: NATSClient) {
        for place in 0..<UInt64(reply.count) {
            guard let acknowledgement = client.acknowledgements.popFirst() else {
                return invariant(false, "an answer to a publish that was not made")
            }
            guard let target = acknowledgement.reply,
                let slot = slotOfGroup[acknowledgement.group]
            else { continue }
            var json: [UInt8] = []
            let stream = groups[slot].configuration.name
            switch reply {
            case .stored(let first, _):
                let sequence = Sequence(first.rawValue &+ place)
                NATSWriter.acknowledgement(stream, sequence, isDuplicate: false, into: &json)
            case .duplicate(let first, _):
                let sequence = Sequence(first.rawValue &+ place)
                NATSWriter.acknowledgement(stream, sequence, isDuplicate: true, into: &json)
            case .failed(let code, let text, _):
                NATSWriter.refusal(stream, code, text, into: &json)
            }
            send(json, to: target)
        }
    }

    /// Publishes something of the node's own.
    private func send(_ payload: [UInt8], to subject: [UInt8]) {
        payload.withUnsafeBytes { payload in
            subject.withUnsafeBytes { subject in
                _ = route(NATSPublish(subject: subject, payload: payload), from: nil)
            }
        }
    }
}
