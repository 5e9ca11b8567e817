import Foundation
import Glibc

/// Why a server cannot be talked to.
public enum ClientError: Error, CustomStringConvertible {
    /// An address that is none.
    case badAddress(String)
    /// Nobody listens, or the way there is closed.
    case unreachable(address: String, reason: String)
    /// The connection ended.
    case closed(address: String)
    /// No answer came in time.
    case timeout(address: String, seconds: Int)
    /// The server refused a request: its whole `ERR` line.
    case refused(String)
    /// The server said something else than it should.
    case unexpected(String)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .badAddress(let text):
            "'\(text)' is no server address: write nats://HOST:PORT, several with commas between"
        case .unreachable(let address, let reason):
            "cannot reach \(address): \(reason); start a node with `wiber serve` or `wiber "
                + "cluster up`, or name another with --server"
        case .closed(let address): "the server \(address) closed the connection"
        case .timeout(let address, let seconds):
            "no answer from \(address) within \(seconds) s; `wiber cluster status` says which "
                + "nodes are up"
        case .refused(let line): line
        case .unexpected(let line): "the server answered '\(line.prefix(200))'"
        }
    }
}

/// Where a server is.
public struct ServerAddress: Sendable, Equatable, CustomStringConvertible {
    /// Its name or number.
    public var host: String
    /// Its client port.
    public var port: Int

    /// `host:port`.
    public var description: String { "\(host):\(port)" }

    /// Reads `nats://HOST:PORT`, `HOST:PORT` or `HOST`, several with commas between.
    ///
    /// - Throws: ``ClientError/badAddress(_:)``
    public static func list(_ text: String) throws -> [ServerAddress] {
        let addresses = try text.split(separator: ",").map { try one(String($0)) }
        guard !addresses.isEmpty else { throw ClientError.badAddress(text) }
        return addresses
    }

    private static func one(_ text: String) throws -> ServerAddress {
        var rest = Substring(text.trimmingCharacters(in: .whitespaces))
        for scheme in ["nats://", "wiber://", "tcp://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
        }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2,
            let port = parts.count == 2 ? Int(parts[1]) : 4_222, (1...65_535).contains(port)
        else { throw ClientError.badAddress(text) }
        return ServerAddress(host: String(host), port: port)
    }
}

/// A blocking TCP connection with deadlines: what the command line needs, and no more.
public final class Connection {
    /// Where it goes.
    public let address: ServerAddress
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var offset = 0
    /// How long a read may take, in seconds; 0: for ever.
    public var timeout = 10

    /// Connects.
    ///
    /// - Throws: ``ClientError/unreachable(address:reason:)``
    public init(_ address: ServerAddress) throws {
        self.address = address
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.host, "\(address.port)", &hints, &found)
        guard code == 0, let first = found else {
            throw ClientError.unreachable(
                address: "\(address)",
                reason: String(cString: gai_strerror(code))
            )
        }
        defer { freeaddrinfo(first) }
        let descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype, 0)
        guard descriptor >= 0,
            connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0
        else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw ClientError.unreachable(address: "\(address)", reason: reason)
        }
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, 4)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Sends all bytes.
    public func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor,
                    $0.baseAddress?.advanced(by: sent),
                    bytes.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ClientError.closed(address: "\(address)") }
            sent += count
        }
    }

    /// Whether a whole line is at hand, without waiting.
    public var hasLine: Bool { buffer[offset...].contains(UInt8(ascii: "\n")) }

    /// Whether bytes are waiting, within some milliseconds.
    public func canRead(within milliseconds: Int32) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, milliseconds) > 0
    }

    /// The next line, without its end.
    public func line() throws -> String {
        var scanned = offset
        while true {
            if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                var last = end
                if last > offset, buffer[last - 1] == UInt8(ascii: "\r") { last -= 1 }
                let text = String(decoding: buffer[offset..<last], as: UTF8.self)
                offset = end + 1
                if offset == buffer.count {
                    buffer.removeAll(keepingCapacity: true)
                    offset = 0
                }
                return text
            }
            scanned = buffer.count
            if offset > 1 << 20 {
                buffer.removeFirst(offset)
                scanned -= offset
                offset = 0
            }
            try fill()
        }
    }

    /// Everything until the other side closes.
    public func rest() throws -> [UInt8] {
        while true {
            do { try fill() } catch ClientError.closed { return Array(buffer[offset...]) }
        }
    }

    private func fill() throws {
        if timeout > 0, !canRead(within: Int32(clamping: timeout * 1_000)) {
            throw ClientError.timeout(address: "\(address)", seconds: timeout)
        }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0, errno == EINTR { return }
        guard count > 0 else { throw ClientError.closed(address: "\(address)") }
        buffer += chunk[..<count]
    }
}
