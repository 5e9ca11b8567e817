import Foundation

/// Just enough HTTP to ask a node how it is.
enum HTTP {
    struct Response {
        let status: Int
        let body: Data
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    static func get(
        _ path: String,
        port: Int,
        at site: Site = .loopback,
        method: String = "GET",
        within limit: Duration = .seconds(5)
    ) throws -> Response {
        let socket = try Socket(port: port, at: site)
        let request =
            "\(method) \(path) HTTP/1.1\r\nHost: \(site.address)\r\nConnection: close\r\n\r\n"
        try socket.send(Array(request.utf8))
        var bytes: [UInt8] = []
        let end = ContinuousClock.now + limit
        while true {
            do {
                try socket.receive(into: &bytes, within: end - ContinuousClock.now)
            } catch Socket.Failure.closed {
                break
            }
        }
        return try parse(bytes, path: path)
    }

    static func json<Value: Decodable>(
        _ type: Value.Type,
        _ path: String,
        port: Int,
        at site: Site = .loopback
    ) throws -> Value {
        let response = try get(path, port: port, at: site)
        guard response.status == 200 else {
            throw UnexpectedReply(request: path, reply: "\(response.status) \(response.text)")
        }
        return try JSON.decode(type, from: response.body)
    }

    private static func parse(_ bytes: [UInt8], path: String) throws -> Response {
        let data = Data(bytes)
        guard let split = data.range(of: Data("\r\n\r\n".utf8)) else {
            throw UnexpectedReply(request: path, reply: String(decoding: bytes, as: UTF8.self))
        }
        let head = String(decoding: data[..<split.lowerBound], as: UTF8.self)
        let words = head.split(separator: " ", maxSplits: 2)
        guard words.count > 1, let status = Int(words[1]) else {
            throw UnexpectedReply(request: path, reply: head)
        }
        let body = data[split.upperBound...]
        let isChunked = head.lowercased().contains("transfer-encoding: chunked")
        return Response(status: status, body: isChunked ? dechunked(Data(body)) : Data(body))
    }

    private static func dechunked(_ data: Data) -> Data {
        var rest = data[...]
        var body = Data()
        while let end = rest.range(of: Data("\r\n".utf8)) {
            let line = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
            guard let size = Int(line.split(separator: ";").first ?? "0", radix: 16), size > 0,
                rest.endIndex - end.upperBound >= size
            else { break }
            body += rest[end.upperBound..<end.upperBound + size]
            rest = rest[(end.upperBound + size)...].dropFirst(2)
        }
        return body
    }
}

/// The contract's JSON: its names have underscores.
enum JSON {
    static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: data)
    }
}

/// `GET /api/topics/<name>`, as far as the tests look at it.
struct TopicReport: Decodable {
    struct Replica: Decodable {
        let node: String
        let role: String
        let matchIndex: Int?
        let current: Bool?
    }
    let name: String
    let subjects: [String]
    let leader: String?
    let replicas: [Replica]
    let term: Int
    let firstSequence: Int
    let lastSequence: Int
    let messages: Int
    let bytes: Int
}

/// `GET /api/cluster`, as far as the tests look at it.
struct ClusterReport: Decodable {
    struct Node: Decodable {
        let id: String
        let host: String
        let port: Int
        let httpPort: Int
        let state: String
    }
    let cluster: String
    let node: String
    let metaLeader: String?
    let nodes: [Node]
}
