/// One HTTP request, for the commands that use a node's API.
public enum HTTPGet {
    /// What the server says to a method of `path` with a JSON body; as
    /// ``get(_:host:port:timeout:)``.
    public static func send(
        _ method: String,
        _ path: String,
        json: String,
        host: String,
        port: Int,
        timeout: Int = 10
    ) throws -> (status: Int, body: [UInt8]) {
        let body = Array(json.utf8)
        let head = head(method, path, host, body, type: "application/json")
        return try exchange(head + body, host: host, port: port, timeout: timeout)
    }

    /// What the server says to bytes that are posted to `path`; as ``get(_:host:port:timeout:)``.
    static func post(
        _ path: String,
        bytes: [UInt8],
        host: String,
        port: Int,
        timeout: Int = 10
    ) throws -> (status: Int, body: [UInt8]) {
        let head = head("POST", path, host, bytes, type: "application/octet-stream")
        return try exchange(head + bytes, host: host, port: port, timeout: timeout)
    }

    private static func head(
        _ method: String,
        _ path: String,
        _ host: String,
        _ body: [UInt8],
        type: String
    ) -> [UInt8] {
        Array(
            ("\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
                + "Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n").utf8
        )
    }

    /// The status and the body of `path`.
    ///
    /// - Throws: ``ClientError``
    public static func get(
        _ path: String,
        host: String,
        port: Int,
        timeout: Int = 2
    ) throws -> (status: Int, body: [UInt8]) {
        let request = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n"
        return try exchange(Array(request.utf8), host: host, port: port, timeout: timeout)
    }

    private static func exchange(
        _ request: [UInt8],
        host: String,
        port: Int,
        timeout: Int
    ) throws -> (status: Int, body: [UInt8]) {
        let connection = try Connection(ServerAddress(host: host, port: port))
        connection.timeout = timeout
        try connection.send(request)
        let all = try connection.rest()
        guard let end = headerEnd(all) else { throw ClientError.unexpected("no HTTP answer") }
        let head = String(decoding: all[..<end], as: UTF8.self)
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let body = Array(all[(end + 4)...])
        let isChunked = head.lowercased().contains("transfer-encoding: chunked")
        return (status, isChunked ? unchunked(body) : body)
    }

    private static func headerEnd(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...bytes.count - 4).first { bytes[$0..<$0 + 4].elementsEqual([13, 10, 13, 10]) }
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var body: [UInt8] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 10) {
            let digits = rest[..<end].prefix { $0 != 13 && $0 != 59 }
            guard let count = Int(String(decoding: digits, as: UTF8.self), radix: 16), count > 0,
                rest.endIndex - (end + 1) >= count
            else { break }
            body += rest[(end + 1)..<(end + 1 + count)]
            rest = rest[min(rest.endIndex, end + 1 + count + 2)...]
        }
        return body
    }
}
