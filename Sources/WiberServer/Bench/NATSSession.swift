import Glibc
import WiberWire

/// A connection to any NATS server, for one thread, that keeps up with the fastest of them.
///
/// What the server says is looked at where it was received, without a copy of each message.
final class NATSSession {
    /// How much is received at a time, in bytes.
    private static let chunkBytes = 256 << 10

    let connection: Connection
    /// What was received and not consumed is in `buffer[start..<end]`.
    private var buffer = [UInt8](repeating: 0, count: chunkBytes)
    private var start = 0
    private var end = 0
    private var pongs = 0
    private var hasInfo = false

    /// Connects to the first of the servers that answers, and waits until it takes publishes.
    ///
    /// - Throws: ``ClientError``
    init(_ servers: [ServerAddress], name: String) throws {
        connection = try Self.connect(servers)
        try receive(until: { self.hasInfo }, each: { _ in })
        let options =
            #"{"verbose":false,"pedantic":false,"headers":true,"no_responders":true,"#
            + #""protocol":1,"lang":"wiber","version":"\#(Version.current)","name":"\#(name)"}"#
        try send(Array("CONNECT \(options)\r\n".utf8))
        try flush()
    }

    private static func connect(_ servers: [ServerAddress]) throws -> Connection {
        var failure: any Error = ClientError.badAddress("")
        for address in servers {
            do {
                return try Connection(address)
            } catch {
                failure = error
            }
        }
        throw failure
    }

    func send(_ bytes: [UInt8]) throws { try connection.send(bytes) }

    /// Returns once the server has taken in everything that was sent.
    func flush(each body: (NATSDelivery) throws -> Void = { _ in }) throws {
        let before = pongs
        try send(Array("PING\r\n".utf8))
        try receive(until: { self.pongs > before }, each: body)
    }

    /// Gives messages to `body` until `isDone`, which is asked after each read.
    func receive(until isDone: () -> Bool, each body: (NATSDelivery) throws -> Void) throws {
        try consume(body)
        while !isDone() {
            guard connection.canRead(within: Int32(connection.timeout * 1_000)) else {
                throw ClientError.timeout(
                    address: "\(connection.address)",
                    seconds: connection.timeout
                )
            }
            try read()
            try consume(body)
        }
    }

    /// Takes in what is at hand, within some milliseconds; says whether there was anything.
    func poll(
        milliseconds: Int32,
        each body: (NATSDelivery) throws -> Void = { _ in }
    ) throws -> Bool {
        guard connection.canRead(within: milliseconds) else { return false }
        try read()
        try consume(body)
        return true
    }

    private func read() throws {
        if end == buffer.count { makeRoom() }
        let count = buffer.withUnsafeMutableBytes {
            recv(connection.socket, $0.baseAddress?.advanced(by: end), $0.count - end, 0)
        }
        if count < 0, errno == EINTR { return }
        guard count > 0 else { throw ClientError.closed(address: "\(connection.address)") }
        end += count
    }

    private func makeRoom() {
        if start > 0 {
            buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                memmove(base, base + start, end - start)
            }
            end -= start
            start = 0
        } else {
            // A message that is longer; the scanner refuses those that are too long.
            buffer += [UInt8](repeating: 0, count: buffer.count)
        }
    }

    private func consume(_ body: (NATSDelivery) throws -> Void) throws {
        var consumed = start
        var pings = 0
        var failure: ClientError?
        try buffer.withUnsafeBytes { bytes in
            scan: while consumed < end, failure == nil {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed..<end])
                switch NATSServerScanner.next(in: rest) {
                case .needMore: break scan
                case .failed:
                    failure = .unexpected(String(decoding: rest.prefix(40), as: UTF8.self))
                case .operation(let operation, let length):
                    consumed += length
                    switch operation {
                    case .message(let message): try body(message)
                    case .ping: pings += 1
                    case .pong: pongs += 1
                    case .ok: break
                    case .info: hasInfo = true
                    case .error(let words):
                        failure = .refused("-ERR '\(String(decoding: words, as: UTF8.self))'")
                    }
                }
            }
        }
        start = consumed
        if start == end { (start, end) = (0, 0) }
        if let failure { throw failure }
        for _ in 0..<pings { try send(Array("PONG\r\n".utf8)) }
    }
}
