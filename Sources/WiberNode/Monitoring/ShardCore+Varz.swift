import WiberBase
import WiberLog
import WiberWire

/// What the process knows of itself that the shard does not.
public struct ProcessFacts: Sendable {
    /// Resident memory, in bytes.
    public var memory: UInt64
    /// The share of one core since the start, in percent.
    public var cpu: Double
    /// The machine's processors.
    public var cores: UInt64
    /// The most clients at a time.
    public var connectionsMax: UInt64
    /// How often each monitoring page was asked for.
    public var requests: [(path: String, count: UInt64)]

    /// What is known.
    public init(
        memory: UInt64,
        cpu: Double,
        cores: UInt64,
        connectionsMax: UInt64,
        requests: [(path: String, count: UInt64)]
    ) {
        self.memory = memory
        self.cpu = cpu
        self.cores = cores
        self.connectionsMax = connectionsMax
        self.requests = requests
    }
}

/// `/varz` and `/routez`: the node, and its lanes to other nodes.
extension ShardCore {
    /// The JSON of `/varz`, with what nats-server's readers look at, and real values only.
    public func varzJSON(_ process: ProcessFacts) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("server_id", "\(store.superblock.storeID)")
            json.field("server_name", configuration.nodeName)
            json.field("version", ServerInfo.protocolVersion)
            json.field("wiber_version", configuration.version)
            json.field("git_commit", "wiber-\(configuration.version)")
            json.field("proto", UInt64(1))
            writeSettings(process, into: &json)
            json.field("start", wall(of: startedAt))
            json.field("now", time.wall)
            json.field("uptime", ElapsedText.uptime(time.now.since(startedAt)))
            json.field("mem", process.memory)
            json.field("cores", process.cores)
            json.field("gomaxprocs", process.cores)
            json.field("cpu", thousandths: UInt64(max(0, min(process.cpu, 1e6)) * 1_000))
            writeTraffic(into: &json)
            json.object("http_req_stats") { json in
                for (path, count) in process.requests { json.field(path, count) }
            }
            json.field("config_load_time", wall(of: startedAt))
        }
        return json.bytes
    }

    private func writeSettings(_ process: ProcessFacts, into json: inout JSONWriter) {
        let own = peers.first { $0.id == selfID }?.address
        json.field("host", own?.listen ?? "")
        json.field("port", UInt64(clamping: own?.port ?? 0))
        json.field("max_connections", process.connectionsMax)
        json.field("ping_interval", limits.pingInterval.nanoseconds)
        json.field("ping_max", UInt64(clamping: limits.pingsMax))
        json.field("http_host", own?.listen ?? "")
        json.field("http_port", UInt64(clamping: own?.httpPort ?? 0))
        json.field("max_control_line", UInt64(NATSLimits.controlLineMax))
        json.field("max_payload", UInt64(LineLimits.payloadLengthMax))
        json.field("max_pending", UInt64(clamping: limits.natsPendingBytes))
        json.field("max_subscriptions", UInt64(clamping: limits.natsSubscriptionsPerConnection))
        json.field("write_deadline", limits.slowReader.nanoseconds)
        json.field("lame_duck_duration", configuration.lameDuck.duration.nanoseconds)
        json.object("cluster") { json in
            guard presentPeers.count > 1 else { return }
            json.field("name", configuration.cluster)
            json.field("addr", own?.listen ?? "")
            json.field("cluster_port", UInt64(clamping: own?.rpcPort ?? 0))
            json.array("urls", presentPeers.filter { $0.id != selfID }) { json, peer in
                json.string("\(peer.address.host):\(peer.address.rpcPort ?? 0)")
            }
        }
        json.object("jetstream") { _ in }
        if presentPeers.count > 1 { json.array("connect_urls", clientURLs) { $0.string($1) } }
    }

    private func writeTraffic(into json: inout JSONWriter) {
        let lanes = UInt64(peers.count { $0.openLane != nil })
        json.field("connections", UInt64(sessions.count))
        json.field("total_connections", counters.connectionsOpened)
        json.field("routes", lanes)
        json.field("remotes", lanes)
        json.field("leafnodes", UInt64(0))
        json.field("in_msgs", counters.natsMessagesIn)
        json.field("in_bytes", counters.natsBytesIn)
        json.field("out_msgs", counters.natsMessagesOut)
        json.field("out_bytes", counters.natsBytesOut)
        json.field("slow_consumers", counters.slowReaders)
        json.field("stale_connections", counters.staleConnections)
        json.field("subscriptions", UInt64(nats.listenerCount))
        json.object("slow_consumer_stats") { json in
            json.field("clients", counters.slowReaders)
            for name in ["routes", "gateways", "leafs"] { json.field(name, UInt64(0)) }
        }
    }

    /// The JSON of `/routez`.
    public func routezJSON() -> [UInt8] {
        let open = peers.filter { $0.openLane != nil }
        var json = JSONWriter()
        json.object { json in
            writeHead(into: &json)
            json.field("server_name", configuration.nodeName)
            json.field("num_routes", UInt64(open.count))
            json.array("routes", open) { json, peer in
                json.object { json in
                    json.field("rid", peer.openLane?.rawValue ?? 0)
                    json.field("remote_id", "\(peer.storeID)")
                    json.field("remote_name", peer.address.name)
                    json.field("did_solicit", true)
                    json.field("is_configured", true)
                    json.field("ip", peer.address.host)
                    json.field("port", UInt64(clamping: peer.address.rpcPort ?? 0))
                    if let heard = peer.lastHeard {
                        json.field("last_activity", wall(of: heard))
                        json.field("idle", ElapsedText.uptime(time.now.since(heard)))
                    }
                    if let roundTrip = peer.roundTrip {
                        json.field("rtt", ElapsedText.exact(roundTrip))
                    }
                    json.field("pending_size", UInt64(peer.out.count))
                    if let place = place(of: peer.id) {
                        let count = nats.interestCount(ofPeer: place)
                        json.field("subscriptions", UInt64(count))
                    }
                }
            }
        }
        return json.bytes
    }
}
