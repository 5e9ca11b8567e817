import Foundation
import Glibc

/// A client of the line protocol.
final class LineClient {
    /// What a publish led to.
    enum Outcome: Equatable {
        case stored(sequence: Int, isDuplicate: Bool)
        /// Not stored, now or ever.
        case refused(String)
        /// `ERR UNKNOWN`.
        case unknown(String)

        init(reply: String) throws {
            let words = reply.split(separator: " ", maxSplits: 2)
            if words.first == "OK", words.count > 1, let sequence = Int(words[1]) {
                self = .stored(sequence: sequence, isDuplicate: words.last == "duplicate")
            } else if words.first == "ERR", words.count == 3 {
                self = words[1] == "UNKNOWN" ? .unknown(reply) : .refused(reply)
            } else {
                throw UnexpectedReply(request: "PUB", reply: reply)
            }
        }
    }

    let socket: Socket
    /// The node's first line.
    private(set) var info = ""
    private var received: [UInt8] = []
    private var consumed = 0

    /// Connects and reads the INFO line.
    init(
        port: Int,
        at site: Site = .loopback,
        within limit: Duration = .seconds(5)
    ) throws {
        socket = try Socket(port: port, at: site)
        info = try readLine(within: limit)
        guard info.hasPrefix("INFO {") else { throw UnexpectedReply(request: "", reply: info) }
    }

    func send(_ line: String) throws {
        try socket.send(Array((line + "\r\n").utf8))
    }

    /// Sends a line and reads the next one.
    func request(_ line: String, within limit: Duration = .seconds(10)) throws -> String {
        try send(line)
        return try readLine(within: limit)
    }

    func publish(
        _ topic: String,
        _ text: String,
        within limit: Duration = .seconds(15)
    ) throws -> Outcome {
        try Outcome(reply: try request("PUB \(topic) \(text)", within: limit))
    }

    func history(_ topic: String, from: Int, limit: Int = 1_000) throws -> History {
        let request = "HISTORY \(topic) \(from) \(limit)"
        let reply = try self.request(request, within: .seconds(20))
        guard reply.hasPrefix("OK ") else { throw UnexpectedReply(request: request, reply: reply) }
        return try JSON.decode(History.self, from: Data(reply.utf8.dropFirst(3)))
    }

    /// The next line, without its end.
    func readLine(within limit: Duration = .seconds(10)) throws -> String {
        let end = ContinuousClock.now + limit
        while true {
            if let line = bufferedLine() { return line }
            try socket.receive(into: &received, within: end - ContinuousClock.now)
        }
    }

    /// A line that is here already.
    func bufferedLine() -> String? {
        let length = received.withUnsafeBytes { buffer -> Int? in
            guard let base = buffer.baseAddress, consumed < buffer.count else { return nil }
            let start = base + consumed
            return memchr(start, 0x0A, buffer.count - consumed).map { UnsafeRawPointer($0) - start }
        }
        guard let length else { return nil }
        var line = received[consumed..<consumed + length]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let text = String(decoding: line, as: UTF8.self)
        consumed += length + 1
        if consumed == received.count || consumed > 1 << 20 {
            received.removeFirst(consumed)
            consumed = 0
        }
        return text
    }
}

/// The answer to HISTORY.
struct History: Decodable {
    struct Message: Decodable, Equatable {
        let sequence: Int
        let time: String
        let subject: String
        let data: String?
        let dataBase64: String?
    }
    let topic: String
    let count: Int
    let messages: [Message]
}

struct UnexpectedReply: Error, CustomStringConvertible {
    let request: String
    let reply: String
    var description: String { "\(request.prefix(200)) was answered with \(reply.prefix(500))" }
}
