import WiberBase
import WiberLog
import WiberMeta
import WiberRaft
import WiberWire

/// A connection that another node opened to send us its frames.
struct IncomingLane {
    let address: String
    let since: Instant
    /// The node, once its HELLO was accepted.
    var node: NodeID?
    var reader = FrameReader()

    init(address: String, since: Instant) {
        self.address = address
        self.since = since
    }
}

/// The lanes between nodes: dialled by the sender, greeted with HELLO, ended with or without
/// goodbye (rules.md 12 and 13).
extension ShardCore {
    // MARK: Dialling

    /// Dials every node whose time has come.
    func dialPeers() {
        for place in peers.indices where peers[place].id != selfID && peers[place].isPresent {
            let address = peers[place].dialedAddress
            guard peers[place].lane == .idle, peers[place].nextDial <= time.now,
                let port = address.rpcPort, shutdown == nil
            else { continue }
            let connection = newDialedConnection()
            peers[place].lane = .dialing(connection)
            peerOfLane[connection] = peers[place].id
            outgoingReaders[connection] = FrameReader()
            emit(.dial(connection, host: address.host, port: port))
        }
    }

    func newDialedConnection() -> ConnectionID {
        defer { nextDialedConnection += 2 }
        return ConnectionID(rawValue: nextDialedConnection)
    }

    func laneConnected(_ connection: ConnectionID) {
        guard let place = lanePlace(connection) else {
            return emit(.close(connection, reason: "the node is dialled no more"))
        }
        peers[place].lane = .greeting(connection, since: time.now)
        peers[place].out.removeAll(keepingCapacity: true)
        sendFrame(.hello(hello(to: place)), to: place)
    }

    func dialFailed(_ connection: ConnectionID, _ reason: String) {
        if relays[connection] != nil { return relayEnded(connection) }
        guard let place = lanePlace(connection) else { return }
        forgetLane(connection, place)
        peers[place].failedDials += 1
        let backoff = min(UInt64(1_000), UInt64(25) << min(peers[place].failedDials, 6))
        peers[place].nextDial =
            time.now + .milliseconds(UInt64.random(in: backoff / 2...backoff, using: &random))
        if peers[place].isRefusalNews {
            peers[place].isRefusalNews = false
            stepAll(.laneRefused(peers[place].id))
        }
        if peers[place].failedDials == 1 {
            trace(
                .info,
                "node not reachable",
                [("node", peers[place].address.name), ("reason", reason)]
            )
        }
    }

    private func hello(to place: Int) -> Hello {
        let known = knownNodes
        var hello = Hello(
            cluster: store.superblock.clusterID,
            listHash: configuration.listHash,
            node: configuration.nodeName,
            store: store.superblock.storeID,
            incarnation: store.superblock.incarnation,
            shardCount: 1,
            wantsNodes: isBehind || known.isEmpty
        )
        if store.superblock.clusterID != .zero { hello.number = selfID }
        hello.wire = configuration.wire
        hello.levels = configuration.levels
        hello.level = level
        hello.software = configuration.version
        if known.contains(where: { $0.id == peers[place].id }) { hello.receiver = peers[place].id }
        if let record = ownAddress.map({ NodeRecord($0) }) {
            hello.host = record.host
            hello.port = record.port
            hello.rpcPort = record.rpcPort
            hello.httpPort = record.httpPort
        }
        return hello
    }

    private func lanePlace(_ connection: ConnectionID) -> Int? {
        guard let node = peerOfLane[connection], let place = place(of: node),
            peers[place].laneConnection == connection
        else { return nil }
        return place
    }

    func forgetLane(_ connection: ConnectionID, _ place: Int) {
        peers[place].lane = .idle
        peers[place].out.removeAll()
        peers[place].isWritable = true
        peerOfLane[connection] = nil
        outgoingReaders[connection] = nil
        lanesChanged()
    }

    // MARK: The end of a connection

    func closed(_ connection: ConnectionID, wasReset: Bool) {
        if sessions[connection] != nil { return closeSession(connection) }
        if relays[connection] != nil { return relayEnded(connection) }
        if let lane = incoming.removeValue(forKey: connection) {
            if let node = lane.node, let place = place(of: node),
                peers[place].incoming == connection
            {
                peers[place].incoming = nil
                failForwards(to: node)
                forgetInterest(of: node)
            }
            return
        }
        guard let place = lanePlace(connection) else { return }
        let wasOpen = peers[place].openLane != nil
        forgetLane(connection, place)
        peers[place].nextDial = time.now + .milliseconds(UInt64.random(in: 10...50, using: &random))
        failForwards(to: peers[place].id)
        guard wasOpen else {
            peers[place].failedDials += 1
            peers[place].nextDial = time.now + .milliseconds(500)
            return
        }
        trace(
            .info,
            "lane ended",
            [
                ("node", peers[place].address.name), ("reset", "\(wasReset)"),
                ("goodbye", "\(peers[place].saidGoodbye)"),
            ]
        )
        guard !peers[place].saidGoodbye else { return }
        peers[place].isRefusalNews = true
        peers[place].incomingKept = peers[place].incoming
        setHealth(.suspect, place)
        stepAll(.laneEnded(peers[place].id))
    }

    // MARK: Frames

    func receiveOnIncomingLane(_ connection: ConnectionID, _ bytes: UnsafeRawBufferPointer) {
        guard var lane = incoming.removeValue(forKey: connection) else { return }
        var frames: [Frame] = []
        _ = lane.reader.read(bytes, into: &frames)
        let damage = lane.reader.damage
        let foreignVersion = lane.reader.foreignVersion
        incoming[connection] = lane
        for frame in frames {
            if case .hello(let hello) = frame {
                receiveHello(hello, connection)
            } else if let node = incoming[connection]?.node {
                heard(node)
                receive(frame, from: node)
            } else {
                return drop(connection, "the first frame is not HELLO")
            }
        }
        if let foreignVersion { return refuseVersion(foreignVersion, connection) }
        if let damage { drop(connection, "a frame is damaged: \(damage)") }
    }

    /// Who greets in a version from before versions could be agreed on is told so in that version.
    private func refuseVersion(_ version: UInt8, _ connection: ConnectionID) {
        let own = configuration.wire
        let text =
            "node \(configuration.nodeName) (wiber \(configuration.version)) speaks version \(own) of"
            + " the protocol between nodes, and this one version \(version): stop all nodes, and start"
            + " them with the same release"
        if version == 4 {
            let refusal = HelloReply(
                refusal: .version,
                text: text,
                cluster: store.superblock.clusterID,
                node: configuration.nodeName,
                store: store.superblock.storeID,
                incarnation: store.superblock.incarnation
            )
            var bytes: [UInt8] = []
            FrameWriter.writeForVersion4(refusal, into: &bytes)
            emit(.write(connection, bytes))
        }
        drop(
            connection,
            "\(incoming[connection]?.address ?? "a node") speaks version \(version) of the protocol"
                + " between nodes, and this one version \(own): stop all nodes, and start them with"
                + " the same release"
        )
    }

    func receiveOnOutgoingLane(
        _ connection: ConnectionID,
        _ node: NodeID,
        _ bytes: UnsafeRawBufferPointer
    ) {
        guard var reader = outgoingReaders.removeValue(forKey: connection) else { return }
        var frames: [Frame] = []
        _ = reader.read(bytes, into: &frames)
        outgoingReaders[connection] = reader
        for frame in frames {
            if case .helloReply(let reply) = frame { receiveHelloReply(reply, connection) }
        }
        if let damage = reader.damage { drop(connection, "a frame is damaged: \(damage)") }
    }

    func drop(_ connection: ConnectionID, _ reason: String) {
        counters.badFrames += 1
        trace(.warning, "connection dropped", [("connection", "\(connection)"), ("why", reason)])
        emit(.close(connection, reason: reason))
    }

    private func receive(_ frame: Frame, from node: NodeID) {
        switch frame {
        case .hello, .helloReply: break
        case .goodbye:
            if let place = place(of: node) { peers[place].saidGoodbye = true }
        case .beat(let beat): receiveBeat(beat, from: node)
        case .raft(let group, let body):
            body.withUnsafeBytes { receiveRaft(group, $0, from: node) }
        case .forwardPublish(let forward): receiveForward(forward, from: node)
        case .forwardReply(let reply): receiveForwardReply(reply, from: node)
        case .readIndexRequest(let request): receiveReadIndex(request, from: node)
        case .readIndexReply(let reply): receiveReadIndexReply(reply, from: node)
        case .createTopic(let request): receiveCreateTopic(request, from: node)
        case .createTopicReply(let reply): receiveCreateTopicReply(reply)
        case .topicReport(let report): receiveReport(report, from: node)
        case .repairRequest(let request): receiveRepairRequest(request, from: node)
        case .lostEntriesRequest(let request): receiveLostEntriesRequest(request, from: node)
        case .repairReply(let reply): receiveRepairReply(reply, from: node)
        case .installSnapshot(let snapshot): receiveSnapshot(snapshot, from: node)
        case .transferLeadership(let request): receiveTransfer(request)
        case .commandRequest(let request): receiveCommand(request, from: node)
        case .commandReply(let reply): receiveCommandReply(reply, from: node)
        case .topicUse(let group): noteUse(of: group)
        case .catchUpOffer(let offer): receiveOffer(offer, from: node)
        case .interest(let changes): receiveInterest(changes, from: node)
        case .routed(let messages): receiveRouted(messages, from: node)
        }
    }

    /// Queues a frame for the end of the turn.
    func sendFrame(_ frame: Frame, to place: Int) {
        guard peers[place].laneConnection != nil else { return }
        peers[place].frameSequence &+= 1
        FrameWriter.write(
            frame,
            sequence: peers[place].frameSequence,
            version: peers[place].wireVersion,
            into: &peers[place].out
        )
        counters.framesSent += 1
    }

    /// Queues a Raft message with the chunks that belong to it.
    func sendRaft(_ group: GroupID, _ message: [UInt8], _ chunks: [Chunk], to place: Int) {
        peers[place].frameSequence &+= 1
        FrameWriter.writeRaft(
            group: group,
            message: message,
            chunks: chunks,
            sequence: peers[place].frameSequence,
            version: peers[place].wireVersion,
            into: &peers[place].out
        )
        counters.framesSent += 1
    }

    func flushPeers() {
        for place in peers.indices where !peers[place].out.isEmpty {
            guard let connection = peers[place].laneConnection else { continue }
            counters.peerBytesSent += UInt64(peers[place].out.count)
            emit(.write(connection, peers[place].out))
            peers[place].out = []
        }
    }
}
