import WiberBase
import WiberNode
import Yams

/// From YAML nodes to a ``ClusterConfiguration``.
struct ConfigurationParser {
    var reader = ConfigurationReader()
    /// The tags of the nodes that were read, by id.
    private var tags: [String: [String]] = [:]

    mutating func parse(_ root: Node, path: String) -> ClusterConfiguration {
        var configuration = ClusterConfiguration()
        let known = [
            "cluster", "nodes", "data_dir", "durability", "sync_interval", "auto_create_topics",
            "clock", "lame_duck", "disk_reserve", "disk_quota", "feature_level_max", "topics",
        ]
        guard let fields = reader.fields(root, "the configuration", known: known) else {
            return configuration
        }
        if let name = reader.text(fields["cluster"], "cluster") { configuration.cluster = name }
        if let path = reader.text(fields["data_dir"], "data_dir", limit: 1_024) {
            configuration.dataDirectory = path
        }
        if let isOn = reader.flag(fields["auto_create_topics"], "auto_create_topics") {
            configuration.autoCreateTopics = isOn
        }
        let isReserveOff = fields["disk_reserve"]?.scalar?.string == "0"
        configuration.diskReserve =
            isReserveOff ? 0 : reader.bytes(fields["disk_reserve"], "disk_reserve")
        configuration.diskQuota = parseDiskQuota(fields["disk_quota"])
        configuration.levelMax = parseLevel(fields["feature_level_max"])
        parseDurability(fields)
        parseClock(fields["clock"])
        configuration.lameDuck = parseLameDuck(fields["lame_duck"])
        configuration.nodes = parseNodes(fields["nodes"], root)
        configuration.tags = tags
        let count = fields["nodes"]?.sequence?.count ?? 1
        configuration.topics = parseTopics(fields["topics"], nodes: min(count, 15))
        configuration.warnings = reader.warnings.map {
            "\(path):\($0.line):\($0.column): warning: \($0.text)"
        }
        return configuration
    }

    /// A level that this binary does not know yet is no reason to refuse the file.
    private mutating func parseLevel(_ node: Node?) -> FeatureLevel? {
        let lowest = Int(LevelRange.supported.min.rawValue)
        return reader.integer(node, "feature_level_max", in: lowest...Int(UInt16.max))
            .flatMap { UInt16(exactly: $0) }.map { FeatureLevel(rawValue: $0) }
    }

    private mutating func parseDurability(_ fields: [String: Node]) {
        let mode = reader.choice(fields["durability"], "durability", among: ["fsync", "interval"])
        if mode == "interval" {
            reader.error(
                fields["durability"],
                "durability: interval is not in this version, because its recovery rule has not "
                    + "been model-checked yet: use fsync"
            )
        }
        _ = reader.duration(fields["sync_interval"], "sync_interval")
        if let node = fields["sync_interval"], mode != "interval" {
            reader.error(node, "sync_interval only goes with durability: interval; remove it")
        }
    }

    private mutating func parseClock(_ node: Node?) {
        guard let node,
            let fields = reader.fields(node, "clock", known: ["policy", "assumed_error"])
        else { return }
        _ = reader.choice(
            fields["policy"],
            "clock.policy",
            among: ["observe", "protect", "strict"]
        )
        _ = reader.duration(fields["assumed_error"], "clock.assumed_error")
    }

    private mutating func parseLameDuck(_ node: Node?) -> LameDuckConfiguration {
        var lameDuck = LameDuckConfiguration()
        guard let node, let fields = reader.fields(node, "lame_duck", known: ["duration", "grace"])
        else { return lameDuck }
        if let time = reader.duration(fields["duration"], "lame_duck.duration") {
            lameDuck.duration = Instant.Span(nanoseconds: time)
        }
        if let time = reader.duration(fields["grace"], "lame_duck.grace") {
            lameDuck.grace = Instant.Span(nanoseconds: time)
        }
        if lameDuck.grace > lameDuck.duration {
            reader.error(
                node,
                "lame_duck.grace is longer than lame_duck.duration, which it is a part of: "
                    + "make it shorter"
            )
        }
        if lameDuck.duration > .seconds(86_400) {
            reader.error(node, "lame_duck.duration is more than a day: give at most 24h")
        }
        return lameDuck
    }

    // MARK: Nodes

    private mutating func parseNodes(_ node: Node?, _ root: Node) -> [NodeAddress] {
        guard let node else {
            reader.error(
                root,
                "nodes is missing: list at least one, as - { id: n1, host: 127.0.0.1, port: 9101 }"
            )
            return []
        }
        guard let list = reader.list(node, "nodes") else { return [] }
        guard !list.isEmpty, list.count <= 15 else {
            reader.error(node, "nodes has \(list.count) entries: give 1 to 15, best 3 or 5")
            return []
        }
        var parsed: [(node: Node, address: NodeAddress)] = []
        for entry in list {
            if let address = parseNode(entry) { parsed.append((entry, address)) }
        }
        checkCollisions(parsed)
        if list.count < 3 {
            reader.warn(
                node,
                "with \(list.count) node\(list.count == 1 ? "" : "s") no failure is survived: "
                    + "three nodes survive one"
            )
        } else if list.count.isMultiple(of: 2) {
            reader.warn(
                node,
                "\(list.count) nodes survive no more failures than \(list.count - 1): "
                    + "use an odd number"
            )
        }
        return parsed.map(\.address).sorted { $0.name < $1.name }
    }

    private mutating func parseNode(_ node: Node) -> NodeAddress? {
        let known = ["id", "host", "port", "rpc_port", "http_port", "listen", "tags"]
        guard let fields = reader.fields(node, "a node", known: known) else { return nil }
        for key in ["id", "host", "port"] where fields[key] == nil {
            reader.error(node, "a node needs \(key): as { id: n1, host: 127.0.0.1, port: 9101 }")
        }
        let name = reader.text(fields["id"], "id")
        if let name, name.utf8.count > 63 || !TopicConfiguration.isValidName(Array(name.utf8)) {
            reader.error(fields["id"], "an id has 1 to 63 of A-Z a-z 0-9 _ -")
        }
        let host = reader.host(fields["host"], "host")
        if let host, ["0.0.0.0", "::"].contains(host) {
            reader.error(
                fields["host"],
                "nobody can dial \(host): host is what others dial; give that, and listen: \(host)"
            )
        }
        let port = reader.integer(fields["port"], "port", in: 1...65_535)
        let rpc = reader.integer(fields["rpc_port"], "rpc_port", in: 1...65_535)
        let http = reader.integer(fields["http_port"], "http_port", in: 1...65_535)
        let listen = reader.host(fields["listen"], "listen")
        if let name, let given = parseTags(fields["tags"]) { tags[name] = given }
        guard let name, let host, let port else { return nil }
        for (key, given, distance) in [("rpc_port", rpc, 1_000), ("http_port", http, 4_000)]
        where given == nil && fields[key] == nil && port + distance > 65_535 {
            reader.error(
                fields["port"],
                "\(key) would be port + \(distance) = \(port + distance), which is no port: "
                    + "give \(key), or a lower port"
            )
        }
        return NodeAddress(
            name: name,
            host: host,
            port: port,
            rpcPort: rpc ?? port + 1_000,
            httpPort: http ?? port + 4_000,
            listen: listen ?? host
        )
    }

    private mutating func checkCollisions(_ nodes: [(node: Node, address: NodeAddress)]) {
        var ids: Set<String> = []
        var users: [String: String] = [:]
        for (node, address) in nodes {
            if !ids.insert(address.name).inserted {
                reader.error(
                    node,
                    "the id '\(address.name)' is given twice: each node needs its own"
                )
            }
            let ports = [
                ("port", address.port), ("rpc_port", address.rpcPort ?? 0),
                ("http_port", address.httpPort),
            ]
            for (key, port) in ports {
                let user = "\(key) of \(address.name)"
                let host = address.host.lowercased() == "localhost" ? "127.0.0.1" : address.host
                if let other = users.updateValue(user, forKey: "\(host.lowercased()) \(port)") {
                    reader.error(
                        node,
                        "port \(port) is \(other) and \(user): choose others, or give "
                            + "rpc_port and http_port"
                    )
                }
            }
        }
    }
}
