import Foundation

/// Where a server is.
public struct ServerAddress: Sendable, Equatable, CustomStringConvertible {
    /// Its name or number.
    public var host: String
    /// Its client port.
    public var port: Int

    /// `host:port`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Reads `nats://HOST:PORT`, `HOST:PORT`, `HOST` or `[::1]:PORT`, several with commas between.
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
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        var host = rest.prefix { $0 != ":" }
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = rest[rest.index(after: rest.startIndex)..<end]
            rest = rest[rest.index(after: end)...]
        } else {
            rest = rest[host.endIndex...]
        }
        let port = rest.isEmpty ? 4_222 : Int(rest.dropFirst())
        let isHost = !host.isEmpty && !host.contains { $0.isWhitespace || $0 == "/" || $0 == "@" }
        guard isHost, rest.isEmpty || rest.hasPrefix(":"), let port, (1...65_535).contains(port)
        else { throw ClientError.badAddress(text) }
        return ServerAddress(host: String(host), port: port)
    }
}
