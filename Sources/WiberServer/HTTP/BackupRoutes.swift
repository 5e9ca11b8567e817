import Hummingbird
import NIOCore
import Synchronization
import WiberBackup
import WiberBase
import WiberNIO
import WiberNode

/// Backups of topics by HTTP: a topic comes as one stream of blocks, and goes back block by block.
struct BackupRoutes: Sendable {
    /// The most blocks of restores that are under way at a time.
    static let importsMax = 16

    let host: ShardHost
    private let gate = ImportGate(limit: importsMax)

    init(host: ShardHost) { self.host = host }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/api/topics/:name/backup") { request, context in
            guard request.method == .get else {
                return Response.error(.methodNotAllowed, "a backup is read with GET")
            }
            return try await backup(context.name)
        }
        block(router, "/api/topics/:name/restore") { name, block, request in
            let topic = try Self.topic(name, block, request)
            return AdminRoutes.response(try await host.administer(.createTopic(topic)))
        }
        block(router, "/api/topics/:name/import") { name, block, _ in
            let outcome = try await host.administer(.importBlock(topic: name, block))
            return AdminRoutes.response(outcome)
        }
        router.post("/api/topics/:name/restored") { request, context in
            guard request.headers[.contentType]?.hasPrefix("application/json") == true else {
                return Response.error(.badRequest, "send Content-Type: application/json, and {}")
            }
            let name = context.name
            return AdminRoutes.response(try await host.administer(.finishRestore(topic: name)))
        }
    }

    // MARK: Backup

    private func backup(_ name: String) async throws -> Response {
        switch try await host.administer(.beginBackup(topic: name)) {
        case .block(let session, let first, _):
            let host = host
            return Response(
                status: .ok,
                headers: [.contentType: "application/octet-stream"],
                body: ResponseBody { writer in
                    do {
                        try await Self.write(first, session, host, to: &writer)
                    } catch {
                        _ = try? await host.administer(.endBackup(session))
                        throw error
                    }
                    try await writer.finish(nil)
                }
            )
        case .elsewhere(let host, let port):
            return .elsewhere(host, port, "/api/topics/\(name.inURL)/backup")
        case let outcome: return AdminRoutes.response(outcome)
        }
    }

    /// Writes block after block; the next one is made once the connection has taken the last.
    private static func write(
        _ first: [UInt8],
        _ session: UInt64,
        _ host: ShardHost,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        try await writer.write(ByteBuffer(bytes: first))
        while true {
            switch try await host.administer(.readBackup(session)) {
            case .block(_, let bytes, let isLast):
                try await writer.write(ByteBuffer(bytes: bytes))
                if isLast { return }
            case let outcome: throw BackupEnded(outcome: outcome)
            }
        }
    }

    /// A backup that cannot go on: its stream ends without its last block.
    private struct BackupEnded: Error { let outcome: AdminOutcome }

    // MARK: Restore

    private func block(
        _ router: Router<BasicRequestContext>,
        _ path: RouterPath,
        _ handle: @escaping @Sendable (String, [UInt8], Request) async throws -> Response
    ) {
        let gate = gate
        router.post(path) { request, context in
            guard request.headers[.contentType]?.hasPrefix("application/octet-stream") == true
            else {
                return Response.error(
                    .badRequest,
                    "send Content-Type: application/octet-stream, and one block of a backup"
                )
            }
            guard gate.enter() else {
                return Response.error(
                    .tooManyRequests,
                    "\(Self.importsMax) blocks are being restored here; try again in a moment"
                )
            }
            defer { gate.leave() }
            let most = Block.lengthMax + Block.headerSize
            guard let body = try? await request.body.collect(upTo: most) else {
                return Response.error(.badRequest, "a block has at most \(most) bytes")
            }
            let name = context.name
            do {
                return try await handle(name, Array(body.readableBytesView), request)
            } catch let error as BackupError {
                return Response.error(.badRequest, "\(error)")
            } catch let error as BadParameter {
                return Response.error(.badRequest, error.text)
            }
        }
    }

    private struct BadParameter: Error { let text: String }

    /// The topic that a restore begins with: what its backup says, and what the request changes.
    private static func topic(
        _ name: String,
        _ block: [UInt8],
        _ request: Request
    ) throws -> TopicConfiguration {
        var topic = try TopicBlock(try Block.decode(block[...])).restored(as: name)
        var subjects: [String]?
        for (key, value) in request.uri.queryParameters {
            switch key {
            case "subject": subjects = (subjects ?? []) + [String(value)]
            case "no_subjects": subjects = subjects ?? []
            case "replicas":
                guard let count = Int(value), (1...15).contains(count) else {
                    throw BadParameter(text: "replicas is a number from 1 to 15")
                }
                topic.replicas = count
            case _:
                throw BadParameter(text: "there is no \(key); give subject, no_subjects, replicas")
            }
        }
        if let subjects { topic.subjects = subjects }
        let areValid = subjects?.allSatisfy { ConfigurationParser.isValidPattern($0) } ?? true
        guard areValid, subjects?.count ?? 0 <= 64 else {
            throw BadParameter(
                text: "a subject is tokens between dots, as in orders.*.paid; there are 64 at most"
            )
        }
        return topic
    }
}

/// How many blocks of restores are under way.
private final class ImportGate: Sendable {
    private let limit: Int
    private let count = Mutex(0)

    init(limit: Int) { self.limit = limit }

    func enter() -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}
