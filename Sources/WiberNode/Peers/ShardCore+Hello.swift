import WiberBase
import WiberLog
import WiberMeta
import WiberRaft
import WiberWire

/// HELLO: who may talk to whom (rules.md 17).
extension ShardCore {
    func receiveHello(_ hello: Hello, _ connection: ConnectionID) {
        let place = place(of: hello)
        let refusal = refusal(of: hello, place)
        var reply: [UInt8] = []
        var body = HelloReply(
            refusal: refusal?.code,
            text: refusal?.text ?? "",
            cluster: store.superblock.clusterID,
            node: configuration.nodeName,
            store: store.superblock.storeID,
            incarnation: store.superblock.incarnation,
            nodes: refusal == nil ? nodeList(for: hello) : []
        )
        body.wire = configuration.wire
        body.levels = configuration.levels
        body.level = level
        body.software = configuration.version
        FrameWriter.write(.helloReply(body), sequence: 0, into: &reply)
        emit(.write(connection, reply))
        if let refusal {
            if refusal.code == .unknownNode { dialMember(hello) }
            if refusal.code == .otherCluster { noteForeign(hello) }
            if refusal.code == .level { noteConflict(with: hello.level) }
            let level = TraceEvent.Level(refusal.code)
            trace(level, "node refused", [("node", hello.node), ("why", refusal.text)])
            return emit(.close(connection, reason: refusal.text))
        }
        guard let place else { return }
        if let old = peers[place].incoming, old != connection {
            incoming[old] = nil
            failForwards(to: peers[place].id)
            forgetInterest(of: peers[place].id)
            emit(.close(old, reason: "the node connected again"))
        }
        foreignGreeters.remove(hello.node)
        peers[place].incoming = connection
        if peers[place].incarnation != hello.incarnation {
            peers[place].incarnation = hello.incarnation
            stepAll(.restarted(peers[place].id))
        }
        peers[place].storeID = hello.store
        take(hello.wire, hello.levels, hello.software, from: place)
        incoming[connection]?.reader.version = peers[place].wireVersion
        noteLevel(hello.level)
        peers[place].announced = announced(hello)
        peers[place].formation = hello.cluster == .zero ? .none : .committed
        incoming[connection]?.node = peers[place].id
        heard(peers[place].id)
        // A node that came back is worth a call at once.
        if peers[place].lane == .idle { peers[place].nextDial = time.now }
        mustDecideMeta = true
        markDirty(ShardCore.metaSlot)
    }

    /// The nodes of the configuration are another cluster's: this node has the wrong data, even if it
    /// finds the cluster that it has data of.
    private func noteForeign(_ hello: Hello) {
        let others = configuration.nodes.filter { $0.name != configuration.nodeName }
        guard others.contains(where: { $0.name == hello.node }) else { return }
        foreignGreeters.insert(hello.node)
        guard foreignGreeters.count > others.count / 2 else { return }
        emit(
            .fatal(
                "the data directory of \(configuration.nodeName) belongs to cluster"
                    + " \(store.superblock.clusterID), and the nodes of its configuration to cluster"
                    + " \(hello.cluster): give it the right directory, or the right configuration"
            )
        )
    }

    /// The place of a node that greets: the one that has its number or its store, or one of its name
    /// that has none yet; as long as no cluster is known the one that the configuration has.
    private func place(of hello: Hello) -> Int? {
        let known = knownNodes
        if hello.number != .zero, hello.cluster == store.superblock.clusterID, !known.isEmpty {
            let isKnown = known.contains { $0.id == hello.number && $0.name == hello.node }
            return isKnown ? self.place(of: hello.number) : nil
        }
        let nodes = known.filter { $0.name == hello.node && $0.id != selfID }
        if known.isEmpty {
            return peers.firstIndex {
                $0.isPresent && $0.address.name == hello.node && $0.id != selfID
            }
        }
        let found =
            nodes.first { $0.storeID == hello.store } ?? nodes.first { $0.storeID == .zero }
            ?? nodes.last
        return found.flatMap { self.place(of: $0.id) }
    }

    private func announced(_ hello: Hello) -> NodeRecord? {
        let record = NodeRecord(
            id: .zero,
            name: hello.node,
            host: hello.host,
            port: hello.port,
            rpcPort: hello.rpcPort,
            httpPort: hello.httpPort,
            storeID: hello.store
        )
        return record.hasAddress ? record : nil
    }

    private func refusal(
        of hello: Hello,
        _ place: Int?
    ) -> (code: HelloRefusal, text: String)? {
        let own = store.superblock.clusterID
        if let text = wireRefusal(of: hello.wire, hello.node) { return (.version, text) }
        let isGone =
            own != .zero && own == hello.cluster && hello.number != .zero
            && hello.number <= meta.lastNode && meta.node(hello.number) == nil
        if isGone || meta.formerStores.contains(hello.store) {
            return (
                .removed,
                "node \(hello.node) was removed from the cluster; its data directory is of no more"
                    + " use: delete it, and add the node anew if it shall come back"
            )
        }
        // Who replaces a node has its name, and perhaps its address; the lane is not for that one.
        if own != .zero, own == hello.cluster, hello.receiver != .zero, hello.receiver != selfID {
            return (.otherReceiver, "this is node \(selfID), and not \(hello.receiver)")
        }
        guard let place else {
            return (
                .unknownNode,
                own == .zero || meta.nodes.isEmpty
                    ? "node \(hello.node) is not one of the nodes of this cluster; "
                        + "add it under nodes: on every node"
                    : "node \(hello.node) does not belong to the cluster yet: `wiber cluster add-node"
                        + " \(hello.node)` at one of its nodes"
            )
        }
        if own != .zero, hello.cluster != .zero, own != hello.cluster {
            return (
                .otherCluster,
                "the data of \(hello.node) belongs to cluster \(hello.cluster), "
                    + "this is cluster \(own): give \(hello.node) its own data directory"
            )
        }
        if own == .zero, hello.cluster == .zero, hello.listHash != configuration.listHash {
            return (
                .otherNodes,
                "the nodes: lists of \(hello.node) and \(configuration.nodeName) differ: "
                    + "give both the same configuration"
            )
        }
        if let text = levelRefusal(of: hello) { return (.level, text) }
        let id = peers[place].id
        // Who was only told of the nodes leaves it to others to judge.
        if !meta.nodes.isEmpty,
            let bound = knownNodes.first(where: { $0.id == id })?.storeID, bound != .zero,
            bound != hello.store,
            !Mutant.otherStoreAccepted.isOn
        {
            return (
                .otherStore,
                "node \(hello.node) is known with another data directory (store \(bound)): "
                    + "put that directory back, or replace the node "
                    + "with `wiber cluster replace-node \(hello.node)`"
            )
        }
        return nil
    }

    func receiveHelloReply(_ reply: HelloReply, _ connection: ConnectionID) {
        guard let node = peerOfLane[connection], let place = place(of: node),
            case .greeting(connection, _) = peers[place].lane
        else { return }
        if let refusal = reply.refusal {
            return refused(refusal, reply, place, connection)
        }
        if let text = wireRefusal(of: reply.wire, reply.node) { return drop(connection, text) }
        joinRefusal = nil
        versionRefusal = nil
        learn(reply.cluster, reply.nodes)
        guard joining == nil, place < peers.count, peers[place].laneConnection == connection else {
            return
        }
        guard !peers[place].isGuess else {
            return emit(.close(connection, reason: "it has said what it knows"))
        }
        guard reply.node == peers[place].address.name else {
            return drop(
                connection,
                "\(reply.node) answers where \(peers[place].address.name) should"
            )
        }
        if let bound = knownNodes.first(where: { $0.id == node })?.storeID, bound != .zero,
            bound != reply.store, !Mutant.otherStoreAccepted.isOn
        {
            trace(.warning, "another data directory answers", [("node", reply.node)])
            return emit(.close(connection, reason: "another data directory answers"))
        }
        let isSame = peers[place].incarnation == reply.incarnation
        peers[place].incarnation = reply.incarnation
        peers[place].storeID = reply.store
        peers[place].formation = reply.cluster == .zero ? .none : .committed
        take(reply.wire, reply.levels, reply.software, from: place)
        noteLevel(reply.level)
        peers[place].lane = .open(connection)
        peers[place].failedDials = 0
        peers[place].isRefusalNews = false
        peers[place].saidGoodbye = false
        peers[place].refusedAsForeign = false
        refusedSince = nil
        counters.lanesOpened += 1
        trace(
            .info,
            "lane opened",
            [("node", peers[place].address.name), ("same_incarnation", "\(isSame)")]
        )
        heard(node)
        sendBeat(to: place)
        sendInterest(to: place)
        lanesChanged()
        let kept = peers[place].incomingKept
        stepAll(
            .laneOpened(
                node,
                isSameIncarnation: isSame,
                isNothingMissed: kept != nil && kept == peers[place].incoming
            )
        )
        mustDecideMeta = true
        markDirty(ShardCore.metaSlot)
    }

    /// After this time in which some nodes refuse this one, and none accepts it, it gives up.
    private static let refusalWait = Instant.Span.seconds(3)

    private func refused(
        _ refusal: HelloRefusal,
        _ reply: HelloReply,
        _ place: Int,
        _ connection: ConnectionID
    ) {
        let text = reply.text
        trace(
            TraceEvent.Level(refusal),
            "this node was refused",
            [("by", peers[place].address.name), ("why", text)]
        )
        emit(.close(connection, reason: "refused"))
        switch refusal {
        case .removed: emit(.fatal(text))  // It is committed, and for ever.
        case .otherStore, .otherCluster:
            // One node with foreign data, or that lags behind, must not stop the others: a majority
            // decides, or whoever there is.
            peers[place].refusedAsForeign = true
            let others = presentPeers.filter { $0.id != selfID }
            let isMajority = others.count(where: \.refusedAsForeign) > others.count / 2
            let since = refusedSince ?? time.now
            refusedSince = since
            if isMajority || time.now.since(since) > Self.refusalWait { emit(.fatal(text)) }
        case .unknownNode: joinRefusal = text  // Somebody may be about to add it.
        case .level: noteConflict(with: reply.level)
        case .version:
            if !peers.contains(where: { $0.openLane != nil }) { versionRefusal = text }
        case .otherNodes, .otherReceiver, .unknown: break
        }
    }
}

extension TraceEvent.Level {
    /// How much a refusal matters; a node that is being replaced is called until it is forgotten.
    init(_ refusal: HelloRefusal) { self = refusal == .otherReceiver ? .debug : .warning }
}
