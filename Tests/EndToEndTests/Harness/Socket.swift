import Glibc

/// A TCP connection to a node; every wait has a deadline.
final class Socket {
    /// Why nothing more comes.
    enum Failure: Error {
        case closed
        case timedOut(after: Duration)
    }

    private let descriptor: Int32

    init(port: Int, at site: Site = .loopback) throws {
        descriptor = try site.inside {
            socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        guard descriptor >= 0 else { throw SystemError(call: "socket") }
        var address = Self.address(port: port, at: site)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // `deinit` closes it, also then: a second close would hit another thread's file.
        guard result == 0 else {
            throw SystemError(call: "connect to \(site.address):\(port)")
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    }

    deinit { close(descriptor) }

    /// Sends everything; the far side must read within `limit`.
    func send(_ bytes: [UInt8], within limit: Duration = .seconds(10)) throws {
        var sent = 0
        while sent < bytes.count {
            try wait(for: POLLOUT, within: limit)
            let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    descriptor,
                    buffer.baseAddress.map { $0 + sent },
                    buffer.count - sent,
                    flags
                )
            }
            if count < 0, errno != EAGAIN, errno != EINTR { throw SystemError(call: "send") }
            sent += max(count, 0)
        }
    }

    /// Waits for bytes and appends them.
    ///
    /// - Throws: `Failure.closed` at the end of the stream.
    func receive(into bytes: inout [UInt8], within limit: Duration) throws {
        try wait(for: POLLIN, within: limit)
        let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { bytes.append(contentsOf: buffer[..<count]) }
            return count
        }
        if count == 0 || count < 0 && errno == ECONNRESET { throw Failure.closed }
        if count < 0 { throw SystemError(call: "recv") }
    }

    private func wait(for events: Int32, within limit: Duration) throws {
        var wanted = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let milliseconds = Int32(clamping: Int((limit.seconds * 1_000).rounded(.up)))
        let result = poll(&wanted, 1, max(milliseconds, 0))
        if result == 0 { throw Failure.timedOut(after: limit) }
        if result < 0, errno != EINTR { throw SystemError(call: "poll") }
    }

    static func address(port: Int, at site: Site = .loopback) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr(site.address)
        return address
    }
}
