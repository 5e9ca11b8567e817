import Foundation

/// The body of an HTTP answer, piece by piece, however long it is.
final class HTTPStream {
    private enum Framing {
        case chunked(left: Int)
        case counted(left: Int)
        case untilClosed
        case ended
    }

    private static let headMax = 64 << 10
    private let connection: Connection
    private var framing = Framing.untilClosed
    private var rest: [UInt8] = []
    private var redirect: String?
    private(set) var status = 0

    /// Asks for `path`, and for what it is redirected to.
    ///
    /// - Throws: ``ClientError``
    static func get(_ path: String, _ address: ServerAddress) throws -> HTTPStream {
        var (path, address) = (path, address)
        for _ in 0..<4 {
            let stream = try HTTPStream(path, address)
            guard let target = stream.redirect else { return stream }
            guard let url = URL(string: target), let host = url.host, let port = url.port,
                let parts = URLComponents(string: target)
            else { throw ClientError.unexpected(target) }
            path = parts.percentEncodedPath + (parts.percentEncodedQuery.map { "?" + $0 } ?? "")
            address = ServerAddress(host: host, port: port)
        }
        throw ClientError.unexpected("one redirect after the other from \(address)")
    }

    private init(_ path: String, _ address: ServerAddress) throws {
        connection = try Connection(address)
        connection.timeout = 60
        let request =
            "GET \(path) HTTP/1.1\r\nHost: \(address.host)\r\nConnection: close\r\n\r\n"
        try connection.send(Array(request.utf8))
        let lines = try head()
        status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        for line in lines.dropFirst() {
            let field = line.split(separator: ":", maxSplits: 1).map { $0.trimmed }
            guard field.count == 2 else { continue }
            switch field[0].lowercased() {
            case "transfer-encoding":
                if field[1].contains("chunked") { framing = .chunked(left: 0) }
            case "content-length": framing = .counted(left: Int(field[1]) ?? 0)
            case "location": redirect = field[1]
            case _: continue
            }
        }
        if status != 307 { redirect = nil }
    }

    private func head() throws -> [String] {
        var lines: [String] = []
        while true {
            let line = try line()
            if line.isEmpty { return lines }
            lines.append(line)
            guard lines.count <= 100 else { throw ClientError.unexpected("a long HTTP answer") }
        }
    }

    private func line() throws -> String {
        while true {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                defer { rest.removeFirst(end + 1) }
                return String(decoding: rest[..<end], as: UTF8.self).trimmed
            }
            guard rest.count < Self.headMax else {
                throw ClientError.unexpected("a long line of HTTP")
            }
            rest += try connection.some()
        }
    }

    /// The next piece of the body; `nil` at its end, or where the connection ends.
    func next() throws -> ArraySlice<UInt8>? {
        switch framing {
        case .ended: return nil
        case .chunked(let left):
            guard left == 0 else {
                let piece = try piece(most: left)
                framing = .chunked(left: left - piece.count)
                if left == piece.count { _ = try line() }
                return piece
            }
            let size = try line().prefix { $0 != ";" }
            guard let count = Int(size, radix: 16), count >= 0 else {
                throw ClientError.unexpected("a chunk of '\(size.prefix(20))' bytes")
            }
            framing = count == 0 ? .ended : .chunked(left: count)
            return count == 0 ? nil : []
        case .counted(let left):
            guard left > 0 else { return nil }
            let piece = try piece(most: left)
            framing = .counted(left: left - piece.count)
            return piece
        case .untilClosed:
            do { return try piece(most: .max) } catch ClientError.closed { return nil }
        }
    }

    private func piece(most: Int) throws -> ArraySlice<UInt8> {
        if rest.isEmpty { rest = Array(try connection.some()) }
        guard rest.count > most else {
            defer { rest = [] }
            return rest[...]
        }
        defer { rest.removeFirst(most) }
        return rest[..<most]
    }

    /// The body as text, of an answer that is not long; what follows `most` bytes may be missing.
    func text(most: Int = 1 << 20) throws -> String {
        var bytes: [UInt8] = []
        while bytes.count < most, let piece = try next() { bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension StringProtocol {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
