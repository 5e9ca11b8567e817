import WiberBase

/// What a node says of itself: the first line of every connection, in either protocol.
public struct ServerInfo: Sendable {
    /// The version of nats-server whose protocol this is: clients choose by it what they dare to use.
    public static let protocolVersion = "2.12.0"

    /// What names the node's data directory.
    public var serverID = ""
    /// The node's name.
    public var serverName = ""
    /// Wiber's own version.
    public var version = ""
    /// The cluster's name.
    public var cluster = ""
    /// This connection's number.
    public var clientID: UInt64 = 0
    /// The client's address, with or without its port.
    public var clientAddress = ""
    /// Where clients of this node connect.
    public var host = ""
    /// See ``host``.
    public var port = 0
    /// The port of console and metrics.
    public var httpPort = 0
    /// `host:port` of every node; none, if there is only this one.
    public var urls: [String] = []
    /// Whether clients should go elsewhere.
    public var isLameDuck = false

    /// Nothing is known.
    public init() {}

    /// Writes `INFO {…}`.
    public func write(into bytes: inout [UInt8]) {
        var json = JSONWriter()
        json.object { json in
            json.field("server_id", serverID)
            json.field("server_name", serverName)
            json.field("version", Self.protocolVersion)
            json.field("wiber_version", version)
            json.field("git_commit", "wiber-\(version)")
            json.field("proto", UInt64(1))
            json.field("host", host)
            json.field("port", UInt64(clamping: port))
            json.field("http_port", UInt64(clamping: httpPort))
            json.field("headers", true)
            json.field("max_payload", UInt64(LineLimits.payloadLengthMax))
            json.field("jetstream", false)
            json.field("client_id", clientID)
            json.field("client_ip", Self.withoutPort(clientAddress))
            json.field("cluster", cluster)
            if !urls.isEmpty { json.array("connect_urls", urls) { $0.string($1) } }
            if isLameDuck { json.field("ldm", true) }
        }
        bytes.appendLiteral("INFO ")
        bytes += json.bytes
        bytes.appendLiteral(" \r\n")
    }

    /// `127.0.0.1:4222` and `[::1]:4222` without their ports.
    private static func withoutPort(_ address: String) -> String {
        guard let colon = address.lastIndex(of: ":"),
            address[colon...].dropFirst().allSatisfy(\.isNumber)
        else { return address }
        let host = address[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { return String(host.dropFirst().dropLast()) }
        return host.contains(":") ? address : String(host)
    }
}
