import Foundation
import Glibc

/// A blocking TCP connection with deadlines: what the command line needs, and no more.
public final class Connection {
    /// The longest line that is accepted, in bytes: a HISTORY reply, each byte of it escaped.
    static let lineLengthMax = 64 << 20

    /// Where it goes.
    public let address: ServerAddress
    let socket: Int32
    private var buffer: [UInt8] = []
    private var offset = 0
    private var chunk = [UInt8](repeating: 0, count: 64 << 10)
    /// How long a read may take, in seconds; 0: for ever.
    public var timeout = 10

    /// Connects to the first of the host's addresses that answers; each has `timeout` seconds.
    ///
    /// - Throws: ``ClientError/unreachable(address:reason:)``
    public init(_ address: ServerAddress, timeout: Int = 5) throws {
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
        var reason = "it has no address"
        for place in sequence(first: first, next: { $0.pointee.ai_next }) {
            switch Self.connect(place.pointee, timeout) {
            case .success(let socket):
                self.socket = socket
                return
            case .failure(let failure): reason = failure.text
            }
        }
        throw ClientError.unreachable(address: "\(address)", reason: reason)
    }

    deinit { close(socket) }

    private struct Failure: Error {
        var text: String

        init(_ code: Int32) { text = String(cString: strerror(code)) }
    }

    private static func connect(_ place: addrinfo, _ timeout: Int) -> Result<Int32, Failure> {
        let socket = Glibc.socket(
            place.ai_family,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
                | Int32(SOCK_NONBLOCK.rawValue),
            0
        )
        guard socket >= 0 else { return .failure(Failure(errno)) }
        var code: Int32 = 0
        if Glibc.connect(socket, place.ai_addr, place.ai_addrlen) != 0 {
            code = errno
            if code == EINPROGRESS { code = outcome(socket, Int32(clamping: timeout * 1_000)) }
        }
        guard code == 0 else {
            close(socket)
            return .failure(Failure(code))
        }
        _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) & ~O_NONBLOCK)
        var isOn: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, 4)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        return .success(socket)
    }

    /// How a connection that is under way ended: 0, or an error number.
    private static func outcome(_ socket: Int32, _ milliseconds: Int32) -> Int32 {
        var poll = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
        guard Glibc.poll(&poll, 1, milliseconds) > 0 else { return ETIMEDOUT }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        return code
    }

    /// Sends all bytes.
    ///
    /// - Throws: ``ClientError/closed(address:)``, or ``ClientError/timeout(address:seconds:)`` if
    ///   the server reads nothing for half a minute.
    public func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    socket,
                    $0.baseAddress?.advanced(by: sent),
                    bytes.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                throw ClientError.timeout(address: "\(address)", seconds: 30)
            }
            guard count > 0 else { throw ClientError.closed(address: "\(address)") }
            sent += count
        }
    }

    /// Whether a whole line is at hand, without waiting.
    public var hasLine: Bool { buffer[offset...].contains(UInt8(ascii: "\n")) }

    /// Whether bytes are waiting, or the other side has closed, within some milliseconds.
    public func canRead(within milliseconds: Int32) -> Bool {
        var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, milliseconds) > 0
    }

    /// - Throws: ``ClientError/closed(address:)`` if the other side has closed.
    func checkOpen() throws {
        guard canRead(within: 0) else { return }
        var byte: UInt8 = 0
        guard recv(socket, &byte, 1, Int32(MSG_PEEK)) > 0 else {
            throw ClientError.closed(address: "\(address)")
        }
    }

    /// Waits until another descriptor (or −1) or the connection can be read; at most a second.
    func wait(or descriptor: Int32) {
        var polls = [
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        _ = Glibc.poll(&polls, 2, 1_000)
    }

    /// The next line, without its end.
    public func line() throws -> String {
        try withLine { String(decoding: $0, as: UTF8.self) }
    }

    /// Gives the next line, without its end, as bytes.
    func withLine<Value>(_ body: (ArraySlice<UInt8>) throws -> Value) throws -> Value {
        var scanned = offset
        while true {
            if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                var last = end
                if last > offset, buffer[last - 1] == UInt8(ascii: "\r") { last -= 1 }
                defer { consume(through: end) }
                return try body(buffer[offset..<last])
            }
            scanned = buffer.count
            guard buffer.count - offset <= Self.lineLengthMax else {
                throw ClientError.unexpected("a line of more than \(Self.lineLengthMax) bytes")
            }
            if offset > 1 << 20 {
                buffer.removeFirst(offset)
                scanned -= offset
                offset = 0
            }
            try fill()
        }
    }

    private func consume(through end: Int) {
        offset = end + 1
        guard offset == buffer.count else { return }
        buffer.removeAll(keepingCapacity: true)
        offset = 0
    }

    /// Everything until the other side closes.
    public func rest() throws -> [UInt8] {
        while true {
            guard buffer.count <= Self.lineLengthMax else {
                throw ClientError.unexpected("more than \(Self.lineLengthMax) bytes")
            }
            do { try fill() } catch ClientError.closed { return Array(buffer[offset...]) }
        }
    }

    /// Whatever comes next; waits for it.
    func some() throws -> ArraySlice<UInt8> {
        while offset == buffer.count { try fill() }
        defer {
            buffer = []
            offset = 0
        }
        return buffer[offset...]
    }

    private func fill() throws {
        if timeout > 0, !canRead(within: Int32(clamping: timeout * 1_000)) {
            throw ClientError.timeout(address: "\(address)", seconds: timeout)
        }
        let count = recv(socket, &chunk, chunk.count, 0)
        if count < 0, errno == EINTR { return }
        guard count > 0 else { throw ClientError.closed(address: "\(address)") }
        buffer += chunk[..<count]
    }
}
