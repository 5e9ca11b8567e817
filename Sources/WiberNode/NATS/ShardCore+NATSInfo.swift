import WiberBase
import WiberLog
import WiberWire

/// What INFO says to clients, and when it says it again.
extension ShardCore {
    /// What INFO says to a client.
    func info(_ connection: ConnectionID, _ address: String) -> ServerInfo {
        var info = ServerInfo()
        info.serverID = "\(store.superblock.storeID)"
        info.serverName = configuration.nodeName
        info.version = configuration.version
        info.cluster = configuration.cluster
        info.clientID = connection.rawValue
        info.clientAddress = address
        if let own = peers.first(where: { $0.id == selfID })?.address {
            (info.host, info.port, info.httpPort) = (own.host, own.port, own.httpPort)
        }
        info.urls = clientURLs
        info.isLameDuck = lameDuck != nil
        return info
    }

    /// Where clients may go: the nodes that this one reaches, itself included.
    ///
    /// A node that reaches no majority names all of the configuration: who is cut off does not know
    /// which of the others are there.
    var clientURLs: [String] {
        let peers = presentPeers
        guard peers.count > 1 else { return [] }
        let reached = peers.filter { $0.id == selfID || $0.openLane != nil }
        let known = reached.count * 2 > peers.count ? reached : peers
        return known.filter { $0.id != selfID || lameDuck == nil }.map { peer in
            let host = peer.address.host
            return (host.contains(":") ? "[\(host)]" : host) + ":\(peer.address.port)"
        }
    }

    /// A lane opened or ended: clients may have to hear of it.
    func lanesChanged() {
        let urls = clientURLs
        guard urls != nats.announcedURLs else { return }
        nats.announcedURLs = urls
        nats.infoVersion &+= 1
    }

    /// Tells the clients that take INFO at any time what has changed, once a second at most.
    func announceInfo() {
        guard nats.toldInfoVersion != nats.infoVersion, nats.nextInfo <= time.now else { return }
        nats.toldInfoVersion = nats.infoVersion
        nats.nextInfo = time.now + .seconds(1)
        for connection in nats.clients.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let client = nats.clients[connection], client.hasPonged else { continue }
            renewInfo(client)
        }
    }

    /// Sends INFO to a client that has not seen the present one, and takes it now.
    func renewInfo(_ client: NATSClient) {
        guard client.infoVersion != nats.infoVersion, client.options.protocolVersion >= 1,
            !client.isClosing
        else { return }
        client.infoVersion = nats.infoVersion
        info(client.connection, client.address).write(into: &client.output.tail)
        nats.touch(client)
    }
}
