import WiberBase
import WiberWire

/// A request that a replica on another node answers, because this one has none.
struct Relay {
    enum Purpose {
        /// One request, whose reply goes to the reply slot.
        case request(String)
        /// A subscription: its lines are passed on.
        case subscription(GroupID, next: Sequence?)
    }
    let session: ConnectionID
    let group: GroupID
    let replySlot: UInt64
    var purpose: Purpose
    /// The replica that is asked; others follow if it does not answer.
    var replica: Int
    var attempts = 1
    var inbox: [UInt8] = []
    var isAnswered = false
    let since: Instant
}

/// Reads on a node without a replica: it speaks the line protocol with a node that has one.
extension ShardCore {
    /// Asks a replica for a client, whose reply comes at `replySlot`, or behind all others.
    func relay(
        _ purpose: Relay.Purpose,
        _ slot: Int,
        for session: ConnectionID,
        at replySlot: UInt64? = nil
    ) {
        let replySlot = replySlot ?? sessions[session]?.replies.add() ?? 0
        guard let count = sessions[session]?.subscriptions.count,
            relays.values.filter({ $0.session == session }).count + count
                < limits.subscriptionsPerConnection
        else {
            let text = "too many requests of this connection are relayed"
            return fail(session, replySlot, .limit, text)
        }
        let group = groups[slot]
        let leader = group.leader.flatMap { hint in
            group.replicas.firstIndex { $0.node == hint }
        }
        dial(
            Relay(
                session: session,
                group: group.id,
                replySlot: replySlot,
                purpose: purpose,
                replica: leader ?? 0,
                since: time.now
            )
        )
    }

    /// Goes on with a subscription elsewhere, whose client was told `OK` here.
    func follow(_ slot: Int, from next: Sequence?, for session: ConnectionID) {
        guard nats.clients[session] == nil else { return }
        dial(
            Relay(
                session: session,
                group: groups[slot].id,
                replySlot: 0,
                purpose: .subscription(groups[slot].id, next: next),
                replica: 0,
                isAnswered: true,
                since: time.now
            )
        )
    }

    /// Ends what is relayed of a topic that is gone.
    func endRelays(of group: GroupID, _ text: String) {
        let ended = relays.filter { $0.value.group == group }
            .sorted { $0.key.rawValue < $1.key.rawValue }
        for (connection, _) in ended {
            relays[connection] = nil
            emit(.close(connection, reason: "the topic is gone"))
        }
        let waiting = waitingRelays.filter { $0.group == group }
        waitingRelays.removeAll { $0.group == group }
        for relay in ended.map(\.value) + waiting where !relay.isAnswered {
            fail(relay.session, relay.replySlot, .noTopic, text)
        }
    }

    private func dial(_ relay: Relay) {
        guard let slot = slotOfGroup[relay.group], !groups[slot].replicas.isEmpty else { return }
        let replicas = groups[slot].replicas
        // A replica of this node that is being repaired is passed over.
        let next = [relay.replica, relay.replica + 1].lazy.compactMap { replica in
            self.place(of: replicas[replica % replicas.count])
        }
        guard let place = next.first else { return }
        let connection = newDialedConnection()
        relays[connection] = relay
        let address = peers[place].address
        emit(.dial(connection, host: address.host, port: address.port))
    }

    func receiveOnRelay(_ connection: ConnectionID, _ bytes: UnsafeRawBufferPointer) {
        guard var relay = relays[connection] else { return }
        relay.inbox.append(contentsOf: bytes)
        // A whole HISTORY is one line of at most 8 MiB of messages, twice that escaped.
        guard relay.inbox.count <= 4 * limits.historyBytes else {
            relays[connection] = nil
            emit(.close(connection, reason: "a relayed line is too long"))
            return fail(relay.session, relay.replySlot, .storage, "the reply is too long to relay")
        }
        var start = 0
        while let end = relay.inbox[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(relay.inbox[start...end])
            start = end + 1
            take(line, &relay, connection)
            if relays[connection] == nil { return }
        }
        relay.inbox.removeFirst(start)
        if relays[connection] != nil { relays[connection] = relay }
    }

    private func take(_ line: [UInt8], _ relay: inout Relay, _ connection: ConnectionID) {
        if line.starts(with: "INFO ".utf8) { return ask(relay, connection) }
        switch relay.purpose {
        case .request:
            complete(relay.session, relay.replySlot, line)
            relays[connection] = nil
            emit(.close(connection, reason: "the relayed request is answered"))
        case .subscription(let group, _):
            if line.starts(with: "MSG ".utf8) {
                withOut(of: relay.session) { out in
                    sessions[relay.session]?.replies.drain(into: &out)
                    out += line
                }
                counters.delivered += 1
                touch(relay.session)
                relay.purpose = .subscription(group, next: Self.sequence(line)?.next)
            } else if line.starts(with: "ERR ".utf8) {
                relays[connection] = relay
                refused(line, connection)
            } else if !relay.isAnswered {
                relay.isAnswered = true
                complete(relay.session, relay.replySlot, line)
            }
        }
    }

    private func ask(_ relay: Relay, _ connection: ConnectionID) {
        guard let slot = slotOfGroup[relay.group] else { return }
        let line: String
        switch relay.purpose {
        case .request(let request): line = request
        case .subscription(_, let next):
            let from = next.map { " \($0)" } ?? ""
            line = "SUB \(groups[slot].configuration.name)\(from)"
        }
        emit(.write(connection, Array((line + "\r\n").utf8)))
    }

    /// A replica will not follow the topic: its client hears why, unless it was told `OK` by another
    /// replica before; then a third one may.
    private func refused(_ line: [UInt8], _ connection: ConnectionID) {
        emit(.close(connection, reason: "the relayed request is refused"))
        guard let relay = relays[connection], !relay.isAnswered else {
            return relayEnded(connection)
        }
        relays[connection] = nil
        complete(relay.session, relay.replySlot, line)
    }

    /// The sequence of a `MSG` line.
    private static func sequence(_ line: [UInt8]) -> Sequence? {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 3)
        guard words.count == 4 else { return nil }
        return UInt64(String(decoding: words[2], as: UTF8.self)).map { Sequence($0) }
    }

    /// The replica does not answer: the next one is asked, a subscription goes on where it was.
    func relayEnded(_ connection: ConnectionID) {
        guard var relay = relays.removeValue(forKey: connection) else { return }
        guard sessions[relay.session] != nil else { return }
        relay.inbox = []
        relay.replica += 1
        relay.attempts += 1
        if case .subscription = relay.purpose, relay.isAnswered {
            relay.attempts = 1
        } else if relay.attempts > 6 || time.now.since(relay.since) > limits.leaderWait {
            return fail(
                relay.session,
                relay.replySlot,
                .noLeader,
                "no node that has this topic answers; try again when more nodes are up"
            )
        }
        waitingRelays.append(relay)
    }

    /// Dials again, at each sweep.
    func retryRelays() {
        let waiting = waitingRelays
        waitingRelays.removeAll()
        for relay in waiting where sessions[relay.session] != nil { dial(relay) }
    }

    /// Ends what is relayed for a connection, of one group or all; returns whether anything was.
    @discardableResult
    func endRelays(of session: ConnectionID, _ group: GroupID?) -> Bool {
        func isMeant(_ relay: Relay) -> Bool {
            relay.session == session && (group == nil || relay.group == group)
        }
        let ended = relays.filter { isMeant($0.value) }.map(\.key)
            .sorted { $0.rawValue < $1.rawValue }
        for connection in ended {
            relays[connection] = nil
            emit(.close(connection, reason: "the client needs it no more"))
        }
        let waiting = waitingRelays.count
        waitingRelays.removeAll(where: isMeant)
        return !ended.isEmpty || waiting > waitingRelays.count
    }
}
