/// A connection that speaks NATS, as bytes.
final class NATSSocket {
    static let connect =
        "CONNECT {\"verbose\":false,\"pedantic\":false,\"protocol\":1,\"headers\":true}\r\n"

    private let socket: Socket
    /// What was received and not asked for yet.
    private var rest: [UInt8] = []
    /// The INFO that the node began with.
    let info: String

    /// Connects, and waits for the first PONG.
    init(_ node: Node, connect: String = NATSSocket.connect) throws {
        socket = try Socket(port: node.port, at: node.site)
        try socket.send(Array((connect + "PING\r\n").utf8))
        var bytes: [UInt8] = []
        while !String(decoding: bytes, as: UTF8.self).hasSuffix("PONG\r\n") {
            try socket.receive(into: &bytes, within: .seconds(10))
        }
        info = String(decoding: bytes.prefix { $0 != 13 }, as: UTF8.self)
    }

    func send(_ text: String) throws {
        try socket.send(Array(text.utf8))
    }

    /// The next line, without its end.
    func line(within limit: Duration = .seconds(10)) throws -> String {
        while true {
            if let end = rest.firstIndex(of: 10) {
                defer { rest.removeFirst(end + 1) }
                return String(decoding: rest[..<end].filter { $0 != 13 }, as: UTF8.self)
            }
            try socket.receive(into: &rest, within: limit)
        }
    }

    /// Whether the node closes the connection within the time, whatever it says before.
    func isClosed(within limit: Duration) throws -> Bool {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            do {
                _ = try line(within: max(.milliseconds(1), end - .now))
            } catch Socket.Failure.closed {
                return true
            } catch Socket.Failure.timedOut {
                return false
            }
        }
        return false
    }
}
