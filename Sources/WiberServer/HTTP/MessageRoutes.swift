import Foundation
import Hummingbird
import WiberBase
import WiberNIO
import WiberNode

/// Single messages of topics by HTTP, by sequence or by subject.
struct MessageRoutes: Sendable {
    let host: ShardHost

    /// The query is not what the path takes: what it takes.
    private struct BadQuery: Error { let text: String }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/api/topics/:name/messages/:sequence") { _, context in
            guard let number = context.parameters.get("sequence").flatMap({ UInt64($0) }) else {
                return Response.error(.badRequest, "a message is named by its sequence, a number")
            }
            return try await read(context.name, .at(Sequence(number)))
        }
        router.get("/api/topics/:name/messages") { request, context in
            do {
                return try await read(context.name, try Self.query(request.uri.query ?? ""))
            } catch let error as BadQuery {
                return Response.error(.badRequest, error.text)
            }
        }
    }

    private func read(_ name: String, _ query: MessageQuery) async throws -> Response {
        switch try await host.administer(.readMessage(topic: name, query)) {
        case .elsewhere(let host, let port):
            let path = "/api/topics/\(name.inURL)/messages" + Self.text(query)
            return .elsewhere(host, port, path)
        case let outcome: return AdminRoutes.response(outcome)
        }
    }

    private static func query(_ text: String) throws(BadQuery) -> MessageQuery {
        var values: [String: String] = [:]
        for field in text.split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(parts[0])
            guard ["last", "next", "from"].contains(key) else {
                throw BadQuery(text: "there is no \(key); " + usage)
            }
            guard parts.count == 2, let value = String(parts[1]).removingPercentEncoding else {
                throw BadQuery(text: "\(key) is no text in UTF-8, percent-encoded; " + usage)
            }
            guard values.updateValue(value, forKey: key) == nil else {
                throw BadQuery(text: "\(key) is there twice; " + usage)
            }
        }
        switch (values["last"], values["next"], values["from"]) {
        case (let last?, nil, nil): return .last(subject: last)
        case (nil, let next?, let from):
            guard let from = UInt64(from ?? "1") else {
                throw BadQuery(text: "from is a sequence, a number")
            }
            return .next(subject: next, from: Sequence(from))
        case _: throw BadQuery(text: usage)
        }
    }

    private static let usage = "give last=SUBJECT, or next=SUBJECT and from=SEQUENCE"

    /// What follows `messages` in the path.
    private static func text(_ query: MessageQuery) -> String {
        switch query {
        case .at(let sequence): "/\(sequence.rawValue)"
        case .last(let subject): "?last=\(subject.inURL)"
        case .next(let subject, let from): "?next=\(subject.inURL)&from=\(from.rawValue)"
        }
    }
}

extension Response {
    /// The way to another node that can answer.
    static func elsewhere(_ host: String, _ port: Int, _ path: String) -> Response {
        let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        return Response(
            status: .temporaryRedirect,
            headers: [.location: "http://\(authority)\(path)"]
        )
    }
}
