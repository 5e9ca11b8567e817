import WiberBase
import WiberLog
import WiberSubject
import WiberWire

/// Clients that speak NATS: their bytes become operations.
extension ShardCore {
    /// The first bytes of a connection said that it speaks NATS.
    func openNATS(_ session: Session, _ bytes: [UInt8]) {
        sessions[session.connection]?.inbox = []
        sessions[session.connection]?.out = []
        sessions[session.connection]?.isUndecided = false
        let client = NATSClient(
            connection: session.connection,
            address: session.address,
            now: time.now
        )
        client.output.tail = session.out
        client.infoVersion = session.infoVersion
        nats.clients[client.connection] = client
        nats.touch(client)
        bytes.withUnsafeBytes { receive($0, from: client) }
    }

    func receive(_ bytes: UnsafeRawBufferPointer, from client: NATSClient) {
        guard !client.isClosing else { return }
        client.lastHeard = time.now
        nats.touch(client)
        if client.isHeld {
            client.inbox.append(contentsOf: bytes)
        } else if client.inbox.isEmpty {
            let used = perform(bytes, client)
            if used < bytes.count { client.inbox.append(contentsOf: bytes[used...]) }
        } else {
            receiveRest(bytes, from: client)
        }
    }

    /// Takes in bytes behind an operation that had not ended: joins that one, and looks at what
    /// follows where it lies.
    private func receiveRest(_ bytes: UnsafeRawBufferPointer, from client: NATSClient) {
        let joined = min(bytes.count, Self.joinedBytes)
        client.inbox.append(contentsOf: bytes[..<joined])
        performInbox(client)
        let left = client.inbox.count
        if client.isClosing || left > joined || client.isHeld {
            client.inbox.append(contentsOf: bytes[joined...])
            if joined < bytes.count { performInbox(client) }
        } else {
            // All that is left lies in `bytes`.
            client.inbox = []
            let rest = UnsafeRawBufferPointer(rebasing: bytes[(joined - left)...])
            let used = perform(rest, client)
            if used < rest.count { client.inbox.append(contentsOf: rest[used...]) }
        }
    }

    /// Most operations are shorter.
    private static let joinedBytes = 4 << 10

    private func performInbox(_ client: NATSClient) {
        let inbox = client.inbox
        client.inbox = []
        let used = inbox.withUnsafeBytes { perform($0, client) }
        client.inbox = used == 0 ? inbox : Array(inbox[used...])
    }

    /// Performs whole operations; returns how many bytes are done with.
    private func perform(_ bytes: UnsafeRawBufferPointer, _ client: NATSClient) -> Int {
        var offset = 0
        while offset < bytes.count, !client.isClosing, !client.isHeld {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            switch NATSScanner.next(in: rest, takesHeaders: client.options.hasHeaders) {
            case .needMore: return offset
            case .operation(let operation, let consumed):
                offset += consumed
                perform(operation, client)
            case .failed(let failure): end(client, failure)
            }
        }
        return client.isClosing ? bytes.count : offset
    }

    /// Reads nothing more until publishes that wait for their commit are answered.
    func hold(_ client: NATSClient) {
        guard !client.isHeld else { return }
        client.isHeld = true
        counters.readingPauses += 1
        if !client.isStalled { emit(.setReading(client.connection, false)) }
    }

    /// Goes on with what a client that was held back has sent.
    func release(_ client: NATSClient) {
        guard client.isHeld, !client.isClosing else { return }
        client.isHeld = false
        if !client.isStalled { emit(.setReading(client.connection, true)) }
        performInbox(client)
    }

    private func perform(_ operation: NATSOperation, _ client: NATSClient) {
        switch operation {
        case .publish(let publish): self.publish(publish, client)
        case .subscribe(let request):
            subscribe(request, client)
            stallIfLanesAreFull(client)
        case .unsubscribe(let sid, let max):
            unsubscribe(Array(sid), max, client)
            acknowledge(client)
            stallIfLanesAreFull(client)
        case .ping:
            client.output.tail.appendLiteral("PONG\r\n")
            // The first PING towards it measures the round trip, and comes in any case.
            if client.nextPing != client.firstPing {
                client.nextPing = time.now + limits.pingInterval
            }
            // Clients take nothing but this PONG as the first answer.
            client.hasPonged = true
            renewInfo(client)
        case .pong:
            client.unanswered = 0
            if let sent = client.pingSentAt { client.roundTrip = time.now.since(sent) }
            client.pingSentAt = nil
        case .connect(let json):
            do throws(NATSFailure) {
                try client.options.update(json)
                // Another CONNECT begins anew, as in nats-server 2.15.
                if client.hasConnected { removeSubscriptions(client) }
                client.hasConnected = true
                acknowledge(client)
                stallIfLanesAreFull(client)
            } catch {
                end(client, error)
            }
        case .ignored: break
        }
    }

    /// `+OK`, if the client wants to hear it.
    private func acknowledge(_ client: NATSClient) {
        if client.options.isVerbose { client.output.tail.appendLiteral("+OK\r\n") }
    }

    private func publish(_ publish: NATSPublish, _ client: NATSClient) {
        client.messagesIn &+= 1
        counters.natsMessagesIn &+= 1
        let length = UInt64(publish.payload.count + (publish.headers?.count ?? 0))
        client.bytesIn &+= length
        counters.natsBytesIn &+= length
        if client.options.isPedantic, !Subject.isLiteral(publish.subject) {
            // No more than a hint: the publish is done, and acknowledged.
            NATSWriter.error("Invalid Publish Subject", into: &client.output.tail)
        }
        if NATSReserved.isSubject(publish.subject) {
            return NATSWriter.violation(publishTo: publish.subject, into: &client.output.tail)
        }
        if let reply = publish.reply, NATSReserved.isReply(reply) {
            return NATSWriter.violation(replyTo: reply, into: &client.output.tail)
        }
        acknowledge(client)
        let outcome = route(publish, from: client)
        if let group = outcome.topic { return store(publish, in: group, from: client) }
        guard !outcome.isHeard, let reply = publish.reply, client.options.wantsNoResponders else {
            return
        }
        answerNoResponders(reply, publish.subject, client)
    }

    private func subscribe(_ request: NATSSubscribe, _ client: NATSClient) {
        let sid = Array(request.sid)
        // A name that is in use: nats-server keeps the old subscription, and says nothing.
        guard client.subscriptions[sid] == nil else { return acknowledge(client) }
        guard client.subscriptions.count < limits.natsSubscriptionsPerConnection else {
            return NATSWriter.error("maximum subscriptions exceeded", into: &client.output.tail)
        }
        let interest = Interest(
            subject: Array(request.subject),
            queue: request.queue.map { Array($0) }
        )
        guard nats.add(.client(client, sid: sid), interest) != nil else {
            return NATSWriter.error("Invalid Subject", into: &client.output.tail)
        }
        acknowledge(client)
    }

    private func unsubscribe(_ sid: [UInt8], _ max: UInt64, _ client: NATSClient) {
        guard let id = client.subscriptions[sid], let subscription = nats[id] else { return }
        if max == 0 || subscription.delivered >= max { return nats.remove(id) }
        subscription.max = max
    }

    // MARK: The end of a connection

    /// Says why, if nats-server would, and closes.
    func end(_ client: NATSClient, _ failure: NATSFailure) {
        if let text = failure.text { NATSWriter.error(text, into: &client.output.tail) }
        if failure == .stale { counters.staleConnections += 1 }
        close(client, CloseReason(failure))
    }

    func close(_ client: NATSClient, _ reason: CloseReason) {
        guard !client.isClosing else { return }
        client.isClosing = true
        client.closeReason = reason
        trace(.debug, "nats client ended", [("client", client.label), ("reason", reason.rawValue)])
        removeSubscriptions(client)
        client.inbox = []
        client.output.drain(to: client.connection, emit)
        emit(.close(client.connection, reason: reason.rawValue))
    }

    /// The connection is gone.
    func natsClosed(_ connection: ConnectionID) {
        guard let client = nats.clients.removeValue(forKey: connection) else { return }
        client.isClosing = true
        removeSubscriptions(client)
    }

    private func removeSubscriptions(_ client: NATSClient) {
        for id in client.subscriptions.values.sorted() { nats.remove(id) }
    }
}
