import WiberBase
import WiberSubject
import WiberWire

/// From a publish to those who want it.
extension ShardCore {
    /// Who wants a message.
    struct Routing {
        /// Whether a client gets it, here or on another node.
        var isHeard = false
        /// The oldest topic that captures its subject.
        var topic: GroupID?
    }

    /// Gives a message to all clients who want it, here and elsewhere; `sender` is `nil` if it is the
    /// node's own.
    @discardableResult
    func route(_ message: NATSPublish, from sender: NATSClient?) -> Routing {
        let matches = nats.table.match(message.subject)
        var routing = Routing()
        var isRemote = false
        sharePayload(message, matches)
        defer { nats.sharedPayload = nil }
        for id in matches.plain {
            guard let subscription = nats[id] else { continue }
            switch subscription.target {
            case .client(let client, let sid):
                if deliver(message, id, subscription, client, sid, from: sender) {
                    routing.isHeard = true
                }
            case .node(let place):
                nats.routes[place].isPlain = true
                isRemote = true
            case .topic(let group): routing.topic = min(routing.topic ?? group, group)
            }
        }
        for queue in matches.queues {
            if deliver(message, queue, from: sender) {
                routing.isHeard = true
            } else if let place = otherNode(for: queue) {
                nats.routes[place].queues.append(queue.name)
                isRemote = true
            }
        }
        if isRemote {
            routing.isHeard = true
            send(message, from: sender)
        }
        return routing
    }

    /// Gives a message of another node's client to those of this node whom it is for.
    func deliver(_ routed: RoutedMessage) {
        let matches = nats.table.match(routed.message.subject)
        sharePayload(routed.message, matches)
        defer { nats.sharedPayload = nil }
        if routed.isPlain {
            for id in matches.plain {
                guard let subscription = nats[id],
                    case .client(let client, let sid) = subscription.target
                else { continue }
                _ = deliver(routed.message, id, subscription, client, sid, from: nil)
            }
        }
        for name in routed.queues {
            guard let queue = matches.queue(named: name) else { continue }
            _ = deliver(routed.message, queue, from: nil)
        }
    }

    /// To one member on this node, by chance; to the next one, if that one may not have it.
    private func deliver(
        _ message: NATSPublish,
        _ queue: QueueMatch,
        from sender: NATSClient?
    ) -> Bool {
        let first = Int.random(in: 0..<max(1, queue.members.count), using: &random)
        for step in queue.members.indices {
            let id = queue.members[(first + step) % queue.members.count]
            guard let subscription = nats[id],
                case .client(let client, let sid) = subscription.target,
                deliver(message, id, subscription, client, sid, from: sender)
            else { continue }
            return true
        }
        return false
    }

    /// Another node with a member of a queue group, by chance.
    private func otherNode(for queue: QueueMatch) -> Int? {
        let places = queue.members.compactMap { id -> Int? in
            guard case .node(let place) = nats[id]?.target else { return nil }
            return place
        }
        return places.randomElement(using: &random)
    }

    private func deliver(
        _ message: NATSPublish,
        _ id: SubscriptionID,
        _ subscription: NATSSubscription,
        _ client: NATSClient,
        _ sid: [UInt8],
        from sender: NATSClient?
    ) -> Bool {
        guard !client.isClosing, client !== sender || client.options.echoes else { return false }
        write(message, sid, to: client)
        client.messagesOut &+= 1
        counters.natsMessagesOut &+= 1
        let length = message.payload.count + (message.headers?.count ?? 0)
        client.bytesOut &+= UInt64(length)
        counters.natsBytesOut &+= UInt64(length)
        nats.pendingBytes += length + 64
        nats.delivered(subscription, id)
        nats.touch(client)
        if client.output.count > limits.natsPendingBytes { disconnectSlow(client, .pendingBytes) }
        return true
    }

    private func write(_ message: NATSPublish, _ sid: [UInt8], to client: NATSClient) {
        if client.output.isEmpty { client.output.tail.reserveCapacity(client.outCapacity) }
        let hasHeaders = client.options.hasHeaders
        guard let payload = nats.sharedPayload else {
            NATSWriter.message(
                message,
                sid: sid,
                hasHeaders: hasHeaders,
                into: &client.output.tail
            )
            return
        }
        NATSWriter.head(message, sid: sid, hasHeaders: hasHeaders, into: &client.output.tail)
        client.output.append(payload)
        client.output.tail.appendLiteral("\r\n")
    }

    /// A large payload that several clients of this node get is kept once.
    private func sharePayload(_ message: NATSPublish, _ matches: SubjectMatches) {
        guard message.payload.count >= SharedBytes.least else { return }
        let plain = matches.plain.lazy.filter { self.nats[$0]?.isOfClient == true }.prefix(2)
        guard plain.count + matches.queues.count > 1 else { return }
        nats.sharedPayload = SharedBytes(message.payload)
    }

    /// A request that nobody hears is answered to the client that made it, if it listens.
    func answerNoResponders(
        _ reply: UnsafeRawBufferPointer,
        _ subject: UnsafeRawBufferPointer,
        _ client: NATSClient
    ) {
        for id in nats.table.match(reply).plain {
            guard let subscription = nats[id],
                case .client(let owner, let sid) = subscription.target, owner === client
            else { continue }
            NATSWriter.noResponders(
                reply: reply,
                sid: sid,
                subject: subject,
                into: &client.output.tail
            )
            nats.delivered(subscription, id)
            return
        }
    }

    // MARK: What goes out

    /// Sends what the turn has produced; a client that does not keep up gets it later.
    func flushNATS() {
        nats.pendingBytes = 0
        announceInfo()
        guard !nats.touched.isEmpty else { return }
        let touched = nats.touched
        nats.touched.removeAll(keepingCapacity: true)
        for client in touched {
            client.isTouched = false
            flush(client)
        }
    }

    private func flush(_ client: NATSClient) {
        guard !client.isClosing else { return }
        if !client.output.isEmpty, client.unwritableSince == nil {
            client.lastSent = time.now
            counters.clientBytesSent += UInt64(client.output.count)
            let length = client.output.tail.count
            client.outCapacity = min(length + length / 8, 1 << 20)
            client.output.drain(to: client.connection, emit)
        } else if client.output.count > limits.natsPendingBytes {
            return disconnectSlow(client, .pendingBytes)
        }
        let isDone = client.output.isEmpty && client.acknowledgements.isEmpty && !client.isHeld
        if client.hasInputEnded, isDone { close(client, .clientClosed) }
    }

    func natsWritable(_ client: NATSClient, _ isWritable: Bool) {
        client.unwritableSince = isWritable ? nil : client.unwritableSince ?? time.now
        if isWritable { nats.touch(client) }
    }

    private func disconnectSlow(_ client: NATSClient, _ reason: CloseReason) {
        counters.slowReaders += 1
        let facts = [("client", client.label), ("pending_bytes", "\(client.output.count)")]
        trace(.warning, "slow consumer disconnected", facts)
        client.output.removeAll()
        close(client, reason)
    }

    // MARK: Time

    /// Clients that are gone without a word, and those that do not read.
    func sweepNATS() {
        guard nats.nextSweep <= time.now else { return }
        nats.nextSweep = time.now + .seconds(1)
        resumeStalled()
        for connection in nats.clients.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let client = nats.clients[connection], !client.isClosing else { continue }
            if let since = client.unwritableSince, time.now.since(since) > limits.slowReader {
                disconnectSlow(client, .writeDeadline)
            } else if client.nextPing <= time.now {
                ping(client)
            }
        }
    }

    private func ping(_ client: NATSClient) {
        let isFirst = client.nextPing == client.firstPing
        client.nextPing = time.now + limits.pingInterval
        if !isFirst, time.now.since(client.lastHeard) < limits.pingInterval {
            client.unanswered = 0
            return
        }
        guard client.unanswered < limits.pingsMax else { return end(client, .stale) }
        client.unanswered += 1
        client.output.tail.appendLiteral("PING\r\n")
        client.pingSentAt = time.now
        nats.touch(client)
    }
}
