import Foundation
import Hummingbird
import NIOCore
import WiberBase
import WiberNIO
import WiberNode

/// What changes something, by HTTP: each takes a JSON object, or another method than a page of a
/// foreign site can make a browser send.
struct AdminRoutes: Sendable {
    /// The most bytes of a request's body.
    static let bodyMax = 64 << 10

    let host: ShardHost

    private struct Transfer: Decodable { let node: String }
    private struct Move: Decodable { let nodes: [String] }
    private struct Purge: Decodable {
        let before: UInt64?
        let keep: UInt64?
        let subject: String?
    }
    private struct Replicas: Decodable { let replicas: Int }
    private struct Drain: Decodable { let drained: Bool }

    /// The body is not what the path asks for: an example of what is.
    private struct BadBody: Error { let text: String }

    /// A node as a configuration file has it, with the same ports by default.
    private struct Node: Decodable {
        let id: String?
        let host: String
        let port: Int
        let rpcPort: Int?
        let httpPort: Int?

        private enum CodingKeys: String, CodingKey {
            case id, host, port
            case rpcPort = "rpc_port"
            case httpPort = "http_port"
        }

        func address(named name: String?) throws(BadBody) -> NodeAddress {
            guard let id = id ?? name else { throw BadBody(text: "the node needs an id") }
            let ports = [port, rpcPort ?? port + 1_000, httpPort ?? port + 4_000]
            guard ports.allSatisfy({ (1...65_535).contains($0) }) else {
                let text =
                    "ports are from 1 to 65535; rpc_port is port + 1000 and http_port port + 4000"
                    + " unless they are given"
                throw BadBody(text: text)
            }
            return NodeAddress(
                name: id,
                host: host,
                port: ports[0],
                rpcPort: ports[1],
                httpPort: ports[2],
                listen: host
            )
        }
    }

    func add(to router: Router<BasicRequestContext>) {
        route(router, .post, "/api/topics") { _, body in
            .createTopic(try TopicRequest.topic(body))
        }
        route(router, .patch, "/api/topics/:name") { name, body in
            .updateTopic(name: name, try TopicRequest.changes(body))
        }
        route(router, .post, "/api/topics/:name/transfer") { name, body in
            let transfer = try Self.decode(Transfer.self, body, #"{"node":"n2"}"#)
            return .transfer(topic: name, node: transfer.node)
        }
        route(router, .post, "/api/topics/:name/move") { name, body in
            let move = try Self.decode(Move.self, body, #"{"nodes":["n1","n2","n3"]}"#)
            return .moveTopic(name: name, nodes: move.nodes)
        }
        route(router, .post, "/api/topics/:name/purge") { name, body in
            let purge = try Self.decode(Purge.self, body, #"{"before":1000}, or {"keep":10}"#)
            guard purge.before == nil || purge.keep == nil else {
                throw BadBody(text: "give before or keep, not both")
            }
            if let subject = purge.subject {
                return .purgeSubject(
                    topic: name,
                    subject: subject,
                    before: purge.before.map { Sequence($0) },
                    keep: purge.keep ?? 0
                )
            }
            guard let before = purge.before else {
                return .keep(topic: name, newest: purge.keep ?? 0)
            }
            return .purge(topic: name, before: Sequence(before))
        }
        route(router, .post, "/api/topics/:name/replicas") { name, body in
            let count = try Self.decode(Replicas.self, body, #"{"replicas":3}"#)
            return .setReplicas(name: name, count.replicas)
        }
        route(router, .post, "/api/cluster/balance") { _, _ in .balance }
        route(router, .post, "/api/nodes/:name/drain") { name, body in
            let drain = try Self.decode(Drain.self, body, #"{"drained":true}"#)
            return .drain(node: name, drain.drained)
        }
        addNodes(to: router)
        let host = host
        router.delete("/api/topics/:name/messages/:sequence") { request, context in
            let name = context.name
            guard let number = context.parameters.get("sequence").flatMap({ UInt64($0) }) else {
                return Response.error(.badRequest, "a message is named by its sequence, a number")
            }
            let sequence = Sequence(number)
            switch request.uri.query ?? "" {
            case "", "erase=false":
                return Self.response(try await host.administer(.remove(topic: name, sequence)))
            case "erase=true":
                let outcome = try await host.administer(.erase(topic: name, sequence))
                guard case .done = outcome else { return Self.response(outcome) }
                return .json(Array(#"{"status":"done","erasing":true}"#.utf8))
            case let query:
                return Response.error(
                    .badRequest,
                    "there is no \(query); add erase=true or nothing"
                )
            }
        }
        router.delete("/api/topics/:name") { _, context in
            let name = context.name
            return Self.response(try await host.administer(.deleteTopic(name: name)))
        }
    }

    private func addNodes(to router: Router<BasicRequestContext>) {
        let example = #"{"id":"n4","host":"10.0.0.4","port":4222}"#
        route(router, .post, "/api/nodes") { _, body in
            .addNode(try Self.decode(Node.self, body, example).address(named: nil))
        }
        route(router, .post, "/api/nodes/:name/replace") { name, body in
            if let empty = try? JSONDecoder().decode([String: String].self, from: body),
                empty.isEmpty
            {
                return .replaceNode(name, by: nil)
            }
            let node = try Self.decode(Node.self, body, example + ", or {}")
            return .replaceNode(name, by: try node.address(named: name))
        }
        let host = host
        router.delete("/api/nodes/:name") { _, context in
            let name = context.name
            return Self.response(try await host.administer(.removeNode(name)))
        }
    }

    private func route(
        _ router: Router<BasicRequestContext>,
        _ method: HTTPRequest.Method,
        _ path: RouterPath,
        _ command: @escaping @Sendable (String, Data) throws -> AdminCommand
    ) {
        let host = host
        router.on(path, method: method) { request, context in
            guard request.headers[.contentType]?.hasPrefix("application/json") == true,
                let body = try? await request.body.collect(upTo: Self.bodyMax)
            else {
                let text =
                    "send Content-Type: application/json and a JSON object of at most"
                    + " \(Self.bodyMax) bytes; docs/operations.md has examples"
                return Response.error(.badRequest, text)
            }
            let asked: AdminCommand
            do {
                let name = context.name
                asked = try command(name, Data(body.readableBytesView))
            } catch let error as BadBody {
                return Response.error(.badRequest, error.text)
            } catch {
                return Response.error(.badRequest, "\(error)")
            }
            return Self.response(try await host.administer(asked))
        }
    }

    private static func decode<Body: Decodable>(
        _ type: Body.Type,
        _ body: Data,
        _ example: String
    ) throws(BadBody) -> Body {
        guard let value = try? JSONDecoder().decode(type, from: body) else {
            throw BadBody(text: "the body must be such as \(example)")
        }
        return value
    }

    static func response(_ outcome: AdminOutcome) -> Response {
        switch outcome {
        case .done: .json(Array(#"{"status":"done"}"#.utf8))
        case .refused(let text): .error(.badRequest, text)
        case .late(let text): .error(.gatewayTimeout, text)
        case .block: .error(.internalServerError, "a block of a backup that nobody asked for")
        case .elsewhere(let host, let port):
            .error(.badRequest, "this node does not hold the topic; ask \(host):\(port)")
        case .message(let json): .json(json)
        case .missing(let text): .error(.notFound, text)
        case .busy(let text): .error(.tooManyRequests, text)
        }
    }
}
