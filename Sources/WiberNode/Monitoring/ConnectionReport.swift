import WiberBase
import WiberSubject
import WiberWire

/// What `/connz` says of one client's connection.
struct ConnectionReport {
    var id: ConnectionID
    var address: String
    /// `nats`, or `lines` for a person or a program that speaks lines.
    var kind: StaticString
    var start: Timestamp
    var lastActivity: Timestamp
    var uptime: Instant.Span
    var idle: Instant.Span
    var roundTrip: Instant.Span?
    var pendingBytes = 0
    var messagesIn: UInt64 = 0
    var messagesOut: UInt64 = 0
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0
    var subscriptionCount = 0
    var name = ""
    var language = ""
    var version = ""
    /// When and why it ended; `nil` if it has not.
    var end: (at: Timestamp, reason: String)?

    /// A row without its closing brace, so that the subscriptions can follow.
    func write(into json: inout JSONWriter) {
        let (host, port) = Self.parts(of: address)
        json.field("cid", id.rawValue)
        json.field("kind", "Client")
        json.field("type", "\(kind)")
        json.field("ip", host)
        json.field("port", port)
        json.field("start", start)
        json.field("last_activity", lastActivity)
        if let end {
            json.field("stop", end.at)
            json.field("reason", end.reason)
        }
        if let roundTrip { json.field("rtt", ElapsedText.exact(roundTrip)) }
        json.field("uptime", ElapsedText.uptime(uptime))
        json.field("idle", ElapsedText.uptime(idle))
        json.field("pending_bytes", UInt64(clamping: pendingBytes))
        json.field("in_msgs", messagesIn)
        json.field("out_msgs", messagesOut)
        json.field("in_bytes", bytesIn)
        json.field("out_bytes", bytesOut)
        json.field("subscriptions", UInt64(clamping: subscriptionCount))
        if !name.isEmpty { json.field("name", name) }
        if !language.isEmpty { json.field("lang", language) }
        if !version.isEmpty { json.field("version", version) }
    }

    /// `127.0.0.1:4222` and `[::1]:4222` in two.
    static func parts(of address: String) -> (host: String, port: UInt64) {
        guard let colon = address.lastIndex(of: ":"),
            let port = UInt64(address[colon...].dropFirst())
        else { return (address, 0) }
        let host = address[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        return (isBracketed ? String(host.dropFirst().dropLast()) : String(host), port)
    }

    /// The order that was asked for; rows that are equal in it stand in the order of their numbers.
    static func isBefore(
        _ one: ConnectionReport,
        _ other: ConnectionReport,
        by order: MonitoringQuery.Order
    ) -> Bool {
        /// The larger first.
        func descending<Key: Comparable>(_ key: (ConnectionReport) -> Key) -> Bool {
            let (first, second) = (key(one), key(other))
            return first == second ? one.id.rawValue < other.id.rawValue : first > second
        }
        switch order {
        case .cid: return one.id.rawValue < other.id.rawValue
        case .start: return (one.start, one.id.rawValue) < (other.start, other.id.rawValue)
        case .subs: return descending(\.subscriptionCount)
        case .pending: return descending(\.pendingBytes)
        case .last: return descending(\.lastActivity)
        case .idle: return descending(\.idle)
        case .uptime: return descending(\.uptime)
        case .rtt: return descending { $0.roundTrip?.nanoseconds ?? 0 }
        case .messagesTo: return descending(\.messagesOut)
        case .messagesFrom: return descending(\.messagesIn)
        case .bytesTo: return descending(\.bytesOut)
        case .bytesFrom: return descending(\.bytesIn)
        case .stop: return descending { $0.end?.at ?? $0.start }
        case .reason:
            let (first, second) = (one.end?.reason ?? "", other.end?.reason ?? "")
            return first == second ? one.id.rawValue < other.id.rawValue : first < second
        }
    }
}

/// Why a client's connection ended, in nats-server's words where it has any.
enum CloseReason: String {
    case clientClosed = "Client Closed"
    case pendingBytes = "Slow Consumer (Pending Bytes)"
    case writeDeadline = "Slow Consumer (Write Deadline)"
    case stale = "Stale Connection"
    case parseError = "Parse Error"
    case protocolViolation = "Protocol Violation"
    case payload = "Maximum Message Payload Exceeded"
    case controlLine = "Maximum Control Line Exceeded"
    case clientProtocol = "Bad Client Protocol Version"
    case authentication = "Authentication Failure"
    case lameDuck = "Server Shutdown"

    init(_ failure: NATSFailure) {
        self =
            switch failure {
            case .unknownOperation, .silent: .parseError
            case .controlLine: .controlLine
            case .payload: .payload
            case .clientProtocol: .clientProtocol
            case .noRespondersWithoutHeaders: .protocolViolation
            case .authorization: .authentication
            case .stale: .stale
            }
    }
}
