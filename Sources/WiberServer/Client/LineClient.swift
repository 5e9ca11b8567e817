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
}
