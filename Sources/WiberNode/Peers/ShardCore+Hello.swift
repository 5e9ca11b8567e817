import WiberBase
import WiberLog
import WiberMeta
import WiberRaft
import WiberWire

/// HELLO: who may talk to whom (rules.md 17).
extension ShardCore {
    func receiveHello(_ hello: Hello, _ connection: ConnectionID) {
        let refusal = refusal(of: hello)
        var reply: [UInt8] = []
        let body = HelloReply(
            refusal: refusal?.code,
            text: refusal?.text ?? "",
            cluster: store.superblock.clusterID,
            node: configuration.nodeName,
            store: store.superblock.storeID,
            incarnation: store.superblock.incarnation
        )
        FrameWriter.write(.helloReply(body), sequence: 0, into: &reply)
        emit(.write(connection, reply))
        if let refusal {
            trace(.warning, "node refused", [("node", hello.node), ("why", refusal.text)])
            return emit(.close(connection, reason: refusal.text))
        }
        guard let place = peers.firstIndex(where: { $0.address.name == hello.node }) else { return }
        if let old = peers[place].incoming, old != connection {
            incoming[old] = nil
            failForwards(to: peers[place].id)
            forgetInterest(of: peers[place].id)
            emit(.close(old, reason: "the node connected again"))
        }
        peers[place].incoming = connection
        if peers[place].incarnation != hello.incarnation {
            peers[place].incarnation = hello.incarnation
            stepAll(.restarted(peers[place].id))
        }
        peers[place].storeID = hello.store
        peers[place].formation = hello.cluster == .zero ? .none : .committed
        incoming[connection]?.node = peers[place].id
        heard(peers[place].id)
        // A node that came back is worth a call at once.
        if peers[place].lane == .idle { peers[place].nextDial = time.now }
        mustDecideMeta = true
        markDirty(ShardCore.metaSlot)
    }

    private func refusal(of hello: Hello) -> (code: HelloRefusal, text: String)? {
        let own = store.superblock.clusterID
        guard let place = peers.firstIndex(where: { $0.address.name == hello.node }),
            peers[place].id != selfID
        else {
            return (
                .unknownNode,
                "node \(hello.node) is not one of the nodes of this cluster; "
                    + "add it under nodes: on every node"
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
        let id = peers[place].id
        if let bound = meta.node(id)?.storeID, bound != .zero, bound != hello.store,
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
            return refused(refusal, reply.text, place, connection)
        }
        guard reply.node == peers[place].address.name else {
            return drop(
                connection,
                "\(reply.node) answers where \(peers[place].address.name) should"
            )
        }
        let isSame = peers[place].incarnation == reply.incarnation
        peers[place].incarnation = reply.incarnation
        peers[place].storeID = reply.store
        peers[place].formation = reply.cluster == .zero ? .none : .committed
        peers[place].lane = .open(connection)
        peers[place].failedDials = 0
        peers[place].isRefusalNews = false
        peers[place].saidGoodbye = false
        peers[place].refusedAsForeign = false
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
        stepAll(.laneOpened(node, isSameIncarnation: isSame))
        mustDecideMeta = true
        markDirty(ShardCore.metaSlot)
    }

    private func refused(
        _ refusal: HelloRefusal,
        _ text: String,
        _ place: Int,
        _ connection: ConnectionID
    ) {
        trace(
            .warning,
            "this node was refused",
            [("by", peers[place].address.name), ("why", text)]
        )
        emit(.close(connection, reason: "refused"))
        peers[place].refusedAsForeign = true
        switch refusal {
        case .otherStore: emit(.fatal(text))
        case .otherCluster, .unknownNode:
            // One node with foreign data must not stop the others: only a majority decides.
            let count = peers.filter { $0.refusedAsForeign }.count
            if count > peers.count / 2 { emit(.fatal(text)) }
        case .otherNodes, .version: break
        }
    }
}
