import Foundation
import Glibc
import Synchronization

@testable import WiberServer

/// A server of one connection that answers each line as a test says.
final class FakeServer: Sendable {
    /// What to do with a line.
    enum Answer: Sendable {
        /// Send these lines.
        case lines([String])
        /// Send them and close.
        case close([String])
    }

    /// The address to give a client.
    let address: String
    private let received = Mutex<[String]>([])

    /// What came, without ends of lines.
    var lines: [String] { received.withLock { $0 } }

    /// Listens on a free port; `answer` is given the line and its place, from 1.
    init(
        greeting: String = "INFO {\"server_name\":\"n1\",\"http_port\":1}",
        answer: @escaping @Sendable (String, Int) -> Answer
    ) throws {
        let (listener, port) = try Self.listen()
        address = "nats://127.0.0.1:\(port)"
        Thread.detachNewThread { [self] in
            let socket = accept(listener, nil, nil)
            close(listener)
            serve(socket, greeting, answer)
            close(socket)
        }
    }

    /// A free port of this machine, with a socket that has it.
    static func listen() throws -> (socket: Int32, port: Int) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                guard bind(listener, $0, length) == 0, Glibc.listen(listener, 8) == 0 else {
                    return errno
                }
                return getsockname(listener, $0, &length) == 0 ? 0 : errno
            }
        }
        guard code == 0 else { throw ClientError.unexpected("errno \(code)") }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    private func serve(
        _ socket: Int32,
        _ greeting: String,
        _ answer: (String, Int) -> Answer
    ) {
        guard Self.send(socket, [greeting]) else { return }
        let splitter = LineSplitter()
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        var place = 0
        while true {
            let count = recv(socket, &chunk, chunk.count, 0)
            guard count > 0 else { return }
            for line in splitter.lines(in: chunk[..<count]) {
                let line = line.hasSuffix("\r") ? String(line.dropLast()) : line
                place += 1
                received.withLock { $0.append(line) }
                switch answer(line, place) {
                case .lines(let lines): guard Self.send(socket, lines) else { return }
                case .close(let lines):
                    _ = Self.send(socket, lines)
                    return
                }
            }
        }
    }

    private static func send(_ socket: Int32, _ lines: [String]) -> Bool {
        let bytes = Array(lines.map { $0 + "\r\n" }.joined().utf8)
        return bytes.isEmpty
            || Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
}
