import WiberBase
import WiberLog
import WiberWire

/// Clients: their bytes become requests, and replies go out in the order of the requests.
extension ShardCore {
    func openSession(_ connection: ConnectionID, _ address: String) {
        sessions[connection] = Session(connection: connection, address: address, now: time.now)
        sessions[connection]?.infoVersion = nats.infoVersion
        counters.connectionsOpened += 1
        withOut(of: connection) { out in
            info(connection, address).write(into: &out)
        }
        touch(connection)
    }

    func closeSession(_ connection: ConnectionID) {
        guard let session = sessions[connection] else { return }
        rememberClosed(session)
        natsClosed(connection)
        sessions[connection] = nil
        counters.connectionsClosed += 1
        for subscription in session.subscriptions {
            guard let slot = slotOfGroup[subscription.group] else { continue }
            groups[slot].subscribers.removeAll { $0 == connection }
        }
        endRelays(of: connection, nil)
        for id in histories.keys.sorted() where histories[id]?.connection == connection {
            histories[id] = nil
        }
    }

    func receiveFromClient(_ connection: ConnectionID, _ bytes: UnsafeRawBufferPointer) {
        sessions[connection]?.lastHeard = time.now
        counters.clientBytesReceived += UInt64(bytes.count)
        touch(connection)
        guard let session = sessions[connection], !session.isQuitting else { return }
        if session.isUndecided {
            let known = session.inbox + Array(bytes)
            switch known.withUnsafeBytes(NATSScanner.isNATS) {
            case true?: return openNATS(session, known)
            case false?: sessions[connection]?.isUndecided = false
            case nil:
                sessions[connection]?.inbox = known
                return
            }
        }
        if session.inbox.isEmpty, session.isReading {
            let used = parse(connection, bytes)
            guard used < bytes.count else { return }
            sessions[connection]?.inbox.append(contentsOf: bytes[used...])
        } else {
            sessions[connection]?.inbox.append(contentsOf: bytes)
            parseInbox(connection)
        }
    }

    private func parseInbox(_ connection: ConnectionID) {
        guard var inbox = sessions[connection]?.inbox, !inbox.isEmpty,
            sessions[connection]?.isReading == true
        else { return }
        sessions[connection]?.inbox = []
        let used = inbox.withUnsafeBytes { parse(connection, $0) }
        if used == inbox.count {
            inbox.removeAll(keepingCapacity: inbox.capacity <= 64 << 10)
        } else {
            inbox.removeFirst(used)
        }
        sessions[connection]?.inbox = inbox
        // Behind a request that waits its turn more may come than should be kept.
        if inbox.count > Self.inboxMax { setReading(connection, false) }
    }

    /// Handles whole lines; returns how many bytes are done with.
    private func parse(_ connection: ConnectionID, _ bytes: UnsafeRawBufferPointer) -> Int {
        guard var scanner = sessions[connection]?.scanner else { return bytes.count }
        var offset = 0
        loop: while offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            switch scanner.next(in: rest) {
            case .needMore: break loop
            case .skipped(let consumed): offset += consumed
            case .request(let request, let consumed):
                if mustWait(request, connection) { break loop }
                offset += consumed
                handle(request, connection)
            case .invalid(let error, let consumed):
                offset += consumed
                counters.badRequests += 1
                reply(connection, error: error.code, error.text)
            }
            guard let session = sessions[connection], !session.isQuitting else {
                offset = bytes.count
                break
            }
            if isCongested(session) {
                setReading(connection, false)
                break
            }
        }
        sessions[connection]?.scanner = scanner
        return offset
    }

    /// Whether a request looks at what earlier ones of its connection do: it begins once they are
    /// answered, so that a client sees its own publishes.
    private func mustWait(_ request: LineRequest, _ connection: ConnectionID) -> Bool {
        guard let session = sessions[connection], session.replies.requestCount > 0 else {
            return false
        }
        switch request {
        case .publish, .ping, .help, .connect: return false
        case .subscribe, .unsubscribe, .history, .topics, .stats, .quit: return true
        }
    }

    /// More than the longest line, so that one always fits.
    private static let inboxMax =
        2 * (LineLimits.payloadLengthMax + LineLimits.controlLengthMax)

    func isCongested(_ session: Session) -> Bool {
        session.unwritableSince != nil
            || session.replies.requestCount >= limits.requestsPerConnection
            || session.replies.byteCount >= limits.pendingBytesPerConnection
            || session.out.count >= 4 << 20
    }

    /// Whether a client that was held back, or whose request waited, has its turn.
    private func mayGoOn(_ session: Session) -> Bool {
        if session.replies.requestCount == 0 { return !session.isReading || !session.inbox.isEmpty }
        return !session.isReading && session.inbox.count <= Self.inboxMax
    }

    private func setReading(_ connection: ConnectionID, _ isReading: Bool) {
        guard sessions[connection]?.isReading != isReading else { return }
        sessions[connection]?.isReading = isReading
        counters.readingPauses += isReading ? 0 : 1
        emit(.setReading(connection, isReading))
    }

    func writable(_ connection: ConnectionID, _ isWritable: Bool) {
        if let client = nats.clients[connection] { return natsWritable(client, isWritable) }
        if let node = peerOfLane[connection], let place = place(of: node) {
            peers[place].isWritable = isWritable
            if isWritable { for slot in groups.indices { markDirty(slot) } }
            resumeStalled()
            return
        }
        guard sessions[connection] != nil else { return }
        sessions[connection]?.unwritableSince = isWritable ? nil : time.now
        for (relay, state) in relays where state.session == connection {
            emit(.setReading(relay, isWritable))
        }
        touch(connection)
        guard isWritable, let session = sessions[connection] else { return }
        for subscription in session.subscriptions {
            if let slot = slotOfGroup[subscription.group] { markDirty(slot) }
        }
    }

    // MARK: Replies

    /// Answers a request at once, or once its turn has come.
    func reply(_ connection: ConnectionID, _ text: [UInt8]) {
        guard sessions[connection] != nil else { return }
        withOut(of: connection) { out in
            sessions[connection]?.replies.add(reply: text, into: &out)
        }
        touch(connection)
    }

    func reply(_ connection: ConnectionID, error code: LineErrorCode, _ text: String) {
        var bytes: [UInt8] = []
        LineWriter.error(code, text, into: &bytes)
        reply(connection, bytes)
    }

    /// Refuses a publish once its turn has come.
    func refuse(_ connection: ConnectionID, _ code: LineErrorCode, _ text: String) {
        guard let slot = sessions[connection]?.replies.add() else { return }
        complete(connection, slot, [.failed(code, text, count: 1)])
    }

    func complete(_ connection: ConnectionID, _ slot: UInt64, _ replies: [PublishReply]) {
        sessions[connection]?.replies.complete(slot, .publishes(replies))
        touch(connection)
    }

    func complete(_ connection: ConnectionID, _ slot: UInt64, _ text: [UInt8]) {
        sessions[connection]?.replies.complete(slot, .bytes(text))
        touch(connection)
    }

    /// Answers every request of a slot with the same failure.
    func fail(_ connection: ConnectionID, _ slot: UInt64, _ code: LineErrorCode, _ text: String) {
        guard let count = sessions[connection]?.replies.count(of: slot), count > 0 else { return }
        complete(connection, slot, [.failed(code, text, count: count)])
    }

    /// Sends what the turn has produced, and lets go on who was held back.
    func flushSessions() {
        let touched = touchedSessions
        touchedSessions.removeAll(keepingCapacity: true)
        for connection in touched where sessions[connection] != nil {
            sessions[connection]?.isTouched = false
            if let client = nats.clients[connection] {
                acknowledgeStored(client)
                continue
            }
            withOut(of: connection) { out in
                sessions[connection]?.replies.drain(into: &out)
            }
            if let session = sessions[connection], !isCongested(session), mayGoOn(session) {
                setReading(connection, true)
                parseInbox(connection)
            }
            flush(connection)
        }
    }

    private func flush(_ connection: ConnectionID) {
        guard let session = sessions[connection] else { return }
        if !session.out.isEmpty {
            counters.clientBytesSent += UInt64(session.out.count)
            emit(.write(connection, session.out))
            sessions[connection]?.out = []
        }
        // What is left in the inbox of a client that keeps up is half a line, and stays that; behind a
        // long reply that is still on its way whole requests may wait.
        let isHalfLine = session.inbox.isEmpty || !isCongested(session)
        let isDone =
            session.isQuitting || (session.hasInputEnded && session.isReading && isHalfLine)
        if isDone, session.replies.requestCount == 0 {
            emit(.close(connection, reason: "the client quit"))
        }
    }

    /// Answers what a client asked before it closed its side, as `printf … | nc` does, then closes.
    func inputEnded(_ connection: ConnectionID) {
        if let client = nats.clients[connection] {
            client.hasInputEnded = true
            return nats.touch(client)
        }
        guard sessions[connection] != nil else { return }
        sessions[connection]?.hasInputEnded = true
        touch(connection)
    }

    /// Clients that do not read, and lines that never end.
    func sweepSessions() {
        sweepNATS()
        guard nextSessionSweep <= time.now else { return }
        nextSessionSweep = time.now + .seconds(1)
        for connection in sessions.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let session = sessions[connection] else { continue }
            if let since = session.unwritableSince, time.now.since(since) > limits.slowReader {
                counters.slowReaders += 1
                trace(.warning, "slow reader disconnected", [("client", session.address)])
                emit(.close(connection, reason: "the client does not read"))
                sessions[connection]?.unwritableSince = time.now
            }
            if !session.inbox.isEmpty, session.isReading,
                time.now.since(session.lastHeard) > limits.halfLine
            {
                trace(.info, "half a line timed out", [("client", session.address)])
                reply(
                    connection,
                    error: .lineTimeout,
                    "the line did not end within 60 s; end each request with a newline"
                )
                sessions[connection]?.inbox = []
                sessions[connection]?.isQuitting = true
            }
        }
    }
}
