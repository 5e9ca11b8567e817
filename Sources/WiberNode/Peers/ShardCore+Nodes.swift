import WiberBase
import WiberLog
import WiberMeta
import WiberRaft
import WiberWire

/// Which nodes there are: until a cluster has formed those of the configuration, then those of the
/// meta log.
extension ShardCore {
    /// The nodes as far as this one knows: committed, or only in its log, or as others have told it;
    /// empty until there is a cluster.
    var knownNodes: [NodeRecord] {
        var nodes = meta.nodes
        for node in metaInLog.nodes where !nodes.contains(where: { $0.id == node.id }) {
            nodes.append(node)
        }
        // What the log says of a number counts, also that there is no such node any more.
        let last = max(meta.lastNode, nodes.map(\.id).max() ?? .zero)
        return (nodes + toldNodes.filter { $0.id > last }).sorted { $0.id < $1.id }
    }

    /// The nodes that belong to the cluster, this one among them.
    var presentPeers: [Peer] { peers.filter { $0.isPresent && !$0.isGuess } }

    /// The default replica count: the largest odd number up to min(3, nodes) (rule 18).
    var defaultReplicas: Int {
        let nodes = meta.isFormed ? meta.stayingNodes.count : configuration.nodes.count
        return nodes >= 3 ? 3 : 1
    }

    /// This node as its own configuration has it.
    var ownAddress: NodeAddress? {
        configuration.nodes.first { $0.name == configuration.nodeName }
    }

    /// The nodes of the configuration: the beginning of every node.
    func addConfiguredPeers() {
        let count = configuration.nodes.count
        for (place, address) in configuration.nodes.enumerated() {
            peers.append(
                Peer(
                    id: NodeID(UInt64(place + 1)),
                    address: address,
                    since: time.wall,
                    wireVersion: configuration.wire.lowest
                )
            )
        }
        nats.grow(to: count)
        let own = Int(selfID.rawValue) - 1
        let listed = Int(configuration.nodeID.rawValue) - 1
        guard own >= 0, listed >= 0, own != listed else { return }
        // The list is not the one with which the cluster began. The others are dialled to say who
        // they are; until then their numbers are guesses that nobody goes by.
        growPeers(to: max(own, count) + 1)
        if own < count { peers[count].take(peers[own].address) }
        peers[own].take(peers[listed].address)
        peers[listed].take(nil)
    }

    private func growPeers(to count: Int) {
        while peers.count < count {
            var peer = Peer(
                id: NodeID(UInt64(peers.count + 1)),
                address: NodeAddress(
                    name: "unknown",
                    host: "",
                    port: 0,
                    rpcPort: nil,
                    httpPort: 0,
                    listen: ""
                ),
                since: time.wall,
                wireVersion: configuration.wire.lowest
            )
            peer.isPresent = false
            peers.append(peer)
        }
        nats.grow(to: peers.count)
    }

    /// Goes by what is known of the nodes now.
    func nodesChanged() {
        let nodes = knownNodes
        guard let last = nodes.last else { return }
        while peers.last?.isGuess == true {
            endLanes(peers.count - 1)
            peers.removeLast()
        }
        growPeers(to: Int(last.id.rawValue))
        for place in peers.indices {
            let record = nodes.first { $0.id == peers[place].id }
            let isOther = peers[place].id != selfID
            if isOther, record == nil || record?.name != peers[place].address.name {
                endLanes(place)
            }
            guard let record else {
                peers[place].isPresent = false
                continue
            }
            peers[place].take(isOther ? NodeAddress(record) : ownAddress ?? NodeAddress(record))
            let configured = configuration.nodes.first { $0.name == record.name }
            peers[place].otherAddress = isOther && !record.isLeaving ? configured : nil
        }
        let present = presentPeers.map(\.id)
        if !groups.isEmpty { groups[ShardCore.metaSlot].replicas = present }
        lanesChanged()
        mustCompareNodes = true
        mustDecideMeta = true
    }

    /// Ends what there is between this node and another one.
    func endLanes(_ place: Int) {
        let reason = "the cluster has changed"
        if let connection = peers[place].laneConnection {
            emit(.close(connection, reason: reason))
            forgetLane(connection, place)
        }
        if let connection = peers[place].incoming {
            emit(.close(connection, reason: reason))
            incoming[connection] = nil
            peers[place].incoming = nil
        }
        peers[place].nextDial = time.now
        failForwards(to: peers[place].id)
        nats.forget(peer: place)
    }

    /// Meta is the truth; a list that says something else is worth a word (rule 17).
    func compareNodes() {
        guard mustCompareNodes, meta.isFormed, groups[ShardCore.metaSlot].leader != nil,
            groups[ShardCore.metaSlot].applied == groups[ShardCore.metaSlot].raft?.lastIndex
        else { return }
        mustCompareNodes = false
        for node in configuration.nodes where meta.node(named: node.name) == nil {
            trace(
                .warning,
                "a node of the configuration does not belong to the cluster",
                [("node", node.name), ("what_to_do", "wiber cluster add-node, or take it out")]
            )
        }
    }

    // MARK: Joining

    /// A member of a cluster calls that this node does not know, as it is new, or was away for long:
    /// the member is asked which nodes there are.
    func dialMember(_ hello: Hello) {
        let own = store.superblock.clusterID
        guard hello.cluster != .zero, own == .zero && knownNodes.isEmpty || own == hello.cluster,
            HostName.isValid(hello.host), hello.rpcPort > 0,
            peers.count(where: \.isGuess) < MetaState.nodesMax
        else { return }
        isBehind = true
        let address = NodeAddress(
            name: hello.node,
            host: hello.host,
            port: Int(hello.port),
            rpcPort: Int(hello.rpcPort),
            httpPort: Int(hello.httpPort),
            listen: hello.host
        )
        guard !peers.contains(where: { $0.isPresent && $0.address == address }) else { return }
        growPeers(to: peers.count + 1)
        peers[peers.count - 1].take(address)
        peers[peers.count - 1].isGuess = true
        peers[peers.count - 1].formation = .committed
    }

    /// Takes over what a member says of the cluster's nodes; a node that came later, and knows
    /// nothing, becomes the one that they expect.
    func learn(_ cluster: UniqueID, _ list: [UInt8]) {
        guard !list.isEmpty, cluster != .zero, joining == nil,
            let nodes = list.withUnsafeBytes({ bytes -> [NodeRecord]? in
                var reader = ByteReader(bytes)
                return try? MetaCommand.decodeNodes(&reader)
            }),
            let own = own(among: nodes)
        else { return }
        if store.superblock.clusterID != .zero {
            guard store.superblock.clusterID == cluster else { return }
            toldNodes = nodes
            isBehind = false
            nodesChanged()
        } else if own.since > .zero {
            join(cluster, as: own, of: nodes)
        } else if own.id != selfID {
            emit(
                .fatal(
                    "\(own.name) is node \(own.id) of the cluster, and by its configuration"
                        + " \(selfID): put nodes: back as it was when the cluster began"
                )
            )
        }
    }

    private func own(among nodes: [NodeRecord]) -> NodeRecord? {
        if store.superblock.clusterID != .zero { return nodes.first { $0.id == selfID } }
        let named = nodes.filter { $0.name == configuration.nodeName }
        return named.first { $0.storeID == store.superblock.storeID }
            ?? named.first { $0.storeID == .zero }
    }

    private func join(_ cluster: UniqueID, as own: NodeRecord, of nodes: [NodeRecord]) {
        guard store.lastIndex(.meta) ?? .zero == .zero else {
            emit(
                .fatal(
                    "the data directory of \(own.name) has a part of another cluster: give it an"
                        + " empty one"
                )
            )
            return
        }
        toldNodes = nodes
        joining = (cluster, own.id)
        isBehind = false
        retire(ShardCore.metaSlot)
        finishJoining()
    }

    /// Becomes the node that the cluster has told, once nothing of before is on its way to the disk.
    func finishJoining() {
        guard let (cluster, id) = joining, !hasLogJob, !store.hasUnwritten else { return }
        joining = nil
        for place in peers.indices where peers[place].id != selfID { endLanes(place) }
        store.bind(clusterID: cluster, nodeID: id)
        selfID = id
        nodesChanged()
        recoveredGroups.removeAll { $0.id == .meta }
        if let summary = store.describe(.meta) { recoveredGroups.append(summary) }
        trace(.info, "this node joins a cluster", [("cluster_id", "\(cluster)"), ("as", "\(id)")])
        activate(ShardCore.metaSlot)
    }

    /// The nodes for one that knows none.
    func nodeList(for hello: Hello) -> [UInt8] {
        hello.wantsNodes && store.superblock.clusterID != .zero && meta.isFormed
            ? MetaCommand.encode(meta.nodes) : []
    }
}

extension NodeAddress {
    /// Where a node of the cluster is.
    init(_ record: NodeRecord) {
        self.init(
            name: record.name,
            host: record.host,
            port: Int(record.port),
            rpcPort: record.rpcPort == 0 ? nil : Int(record.rpcPort),
            httpPort: Int(record.httpPort),
            listen: record.host
        )
    }
}

extension NodeRecord {
    /// A node at an address, without number or store.
    init(_ address: NodeAddress) {
        self.init(
            id: .zero,
            name: address.name,
            host: address.host,
            port: UInt16(clamping: address.port),
            rpcPort: UInt16(clamping: address.rpcPort ?? 0),
            httpPort: UInt16(clamping: address.httpPort),
            storeID: .zero
        )
    }
}
