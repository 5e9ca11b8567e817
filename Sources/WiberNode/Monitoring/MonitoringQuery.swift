/// What a request for one of the monitoring pages wants to see.
public struct MonitoringQuery: Sendable {
    /// The most rows of one answer, so that no request holds up the node.
    public static let rowsMax = 4_096

    /// How much is said of each connection's subscriptions.
    enum Subscriptions: Equatable {
        case none, subjects, details
    }

    /// Which connections.
    enum State: String {
        case open, closed
        case all = "any"
    }

    /// By what connections are sorted.
    enum Order: String {
        case cid, start, subs, pending, last, idle, uptime, rtt, stop, reason
        case messagesTo = "msgs_to"
        case messagesFrom = "msgs_from"
        case bytesTo = "bytes_to"
        case bytesFrom = "bytes_from"
    }

    /// A query that cannot be; its description says why.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong.
        public let description: String
    }

    var offset = 0
    var limit = 1_024
    var subscriptions = Subscriptions.none
    var state = State.open
    var order = Order.cid
    var connection: UInt64?
    /// Only subscriptions that match this subject.
    var test: [UInt8]?

    /// Reads the parameters behind `?`; those that are unknown are passed over.
    ///
    /// - Throws: ``Problem``, in nats-server's words where it has any.
    public init(_ parameters: [(name: String, value: String)]) throws(Problem) {
        for (name, value) in parameters {
            switch name {
            case "offset": offset = try Self.number(name, value)
            case "limit":
                // 0 is the default, as in nats-server.
                let rows = try Self.number(name, value)
                if rows > 0 { limit = min(rows, Self.rowsMax) }
            case "cid": connection = UInt64(try Self.number(name, value))
            case "subs": subscriptions = try Self.subscriptions(value)
            case "test": test = Array(value.utf8)
            case "state":
                guard let found = State(rawValue: value.lowercased()) else {
                    throw Problem(description: "state is open, closed or any")
                }
                state = found
            case "sort":
                guard let found = Order(rawValue: value.lowercased()) else {
                    throw Problem(description: "invalid sorting option: \(Self.shown(value))")
                }
                order = found
            default: break
            }
        }
        if (order == .stop || order == .reason) && state != .closed {
            throw Problem(description: "sort by \(order.rawValue) goes with state=closed only")
        }
    }

    /// The rows of a page: those from ``offset`` on, ``limit`` at most.
    func page<Rows: RandomAccessCollection>(_ rows: Rows) -> Rows.SubSequence {
        rows.dropFirst(offset).prefix(limit)
    }

    private static func number(_ name: String, _ value: String) throws(Problem) -> Int {
        guard let number = Int(value), number >= 0 else {
            throw Problem(
                description: "Error decoding int for '\(name)': '\(shown(value))' is no whole "
                    + "number from 0 on"
            )
        }
        return number
    }

    private static func subscriptions(_ value: String) throws(Problem) -> Subscriptions {
        switch value.lowercased() {
        case "detail": return .details
        case "1", "true", "t": return .subjects
        case "0", "false", "f", "": return .none
        default:
            throw Problem(
                description: "Error decoding boolean for 'subs': '\(shown(value))' is not 1, 0 "
                    + "or detail"
            )
        }
    }

    /// What was given, short and without what would need escapes.
    private static func shown(_ value: String) -> String {
        String(
            value.unicodeScalars.filter {
                $0.value > 32 && $0.value < 127 && $0 != "\"" && $0 != "\\"
            }
            .prefix(40).map(Character.init)
        )
    }
}
