import Foundation

/// A client of the line protocol (contract: *Client port*).
public final class LineClient {
    /// The connection, past INFO.
    public let connection: Connection
    /// What INFO said.
    public let info: String

    /// Connects to the first server that answers.
    ///
    /// - Throws: ``ClientError``, the last server's if none answers.
    public init(servers: String) throws {
        var failure: any Error = ClientError.badAddress(servers)
        for address in try ServerAddress.list(servers) {
            do {
                let connection = try Connection(address)
                let line = try connection.line()
                guard line.hasPrefix("INFO ") else { throw ClientError.unexpected(line) }
                info = String(line.dropFirst(5))
                self.connection = connection
                return
            } catch {
                failure = error
            }
        }
        throw failure
    }

    /// Sends a request.
    public func send(_ line: String) throws { try connection.send(Array((line + "\r\n").utf8)) }

    /// The reply to a request: what follows `OK `.
    ///
    /// - Throws: ``ClientError/refused(_:)`` for `ERR`.
    public func reply() throws -> String {
        while true {
            let line = try connection.line()
            if line.hasPrefix("MSG ") { continue }
            if line.hasPrefix("ERR ") { throw ClientError.refused(line) }
            if line == "OK" { return "" }
            if line.hasPrefix("OK ") { return String(line.dropFirst(3)) }
            if line == "PONG" { return line }
            throw ClientError.unexpected(line)
        }
    }

    /// Waits for the reply to a publish without making text of it.
    ///
    /// - Returns: the sequence.
    /// - Throws: ``ClientError/refused(_:)`` for `ERR`.
    func sequence() throws -> UInt64 {
        while true {
            let sequence: UInt64? = try connection.withLine { line in
                if line.starts(with: Self.good) { return Self.number(line.dropFirst(3)) }
                if line.starts(with: Self.message) { return nil }
                let text = String(decoding: line, as: UTF8.self)
                if text.hasPrefix("ERR ") { throw ClientError.refused(text) }
                throw ClientError.unexpected(text)
            }
            if let sequence { return sequence }
        }
    }

    private static let good = Array("OK ".utf8)
    private static let message = Array("MSG ".utf8)

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64 {
        var number: UInt64 = 0
        for digit in digits.prefix(20) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { break }
            number = number &* 10 &+ UInt64(digit - UInt8(ascii: "0"))
        }
        return number
    }

    /// A request and its reply.
    public func request(_ line: String) throws -> String {
        try send(line)
        return try reply()
    }

    /// The JSON fields of INFO.
    public var infoFields: [String: String] {
        let object = try? JSONSerialization.jsonObject(with: Data(info.utf8)) as? [String: Any]
        return (object ?? [:]).mapValues { "\($0)" }
    }

    /// Where this server's HTTP port is: as INFO says, or the client port + 4000.
    public var httpAddress: ServerAddress {
        let port = infoFields["http_port"].flatMap { Int($0) } ?? connection.address.port + 4_000
        return ServerAddress(host: connection.address.host, port: port)
    }

    /// What the server answers to `POST path`, or another method, with a JSON body on its HTTP port.
    ///
    /// - Throws: ``ClientError``; ``ClientError/refused(_:)`` with the server's words if it refuses.
    @discardableResult
    public func post(
        _ path: String,
        json: String,
        method: String = "POST"
    ) throws -> String {
        let address = httpAddress
        let answer = try HTTPGet.send(
            method,
            path,
            json: json,
            host: address.host,
            port: address.port
        )
        let body = String(decoding: answer.body, as: UTF8.self)
        guard answer.status != 200 else { return body }
        let object = try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        if let text = object?["error"] as? String { throw ClientError.refused(text) }
        throw ClientError.unexpected("HTTP \(answer.status)")
    }

    /// What `GET path` gives, at this server or where it sends its readers.
    ///
    /// - Throws: ``ClientError``; ``ClientError/refused(_:)`` with the server's words if it refuses.
    public func read(_ path: String) throws -> String {
        let stream = try HTTPStream.get(path, httpAddress)
        let body = try stream.text(most: Self.bodyMax)
        guard stream.status != 200 else { return body }
        let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        if let text = object?["error"] as? String { throw ClientError.refused(text) }
        throw ClientError.unexpected("HTTP \(stream.status)")
    }

    /// The largest answer: a message of 8 MiB of which JSON makes six bytes each.
    private static let bodyMax = 64 << 20

    /// What the server answers to `GET path` on its HTTP port.
    public func get(_ path: String) throws -> String {
        let address = httpAddress
        let answer = try HTTPGet.get(path, host: address.host, port: address.port)
        return String(decoding: answer.body, as: UTF8.self)
    }
}
