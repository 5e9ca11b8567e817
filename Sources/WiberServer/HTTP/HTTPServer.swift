import Hummingbird
import Logging
import NIOCore
import NIOPosix
import WiberNIO
import WiberNode

/// The HTTP port: health, metrics and the API, read from the shard on its loop.
final class HTTPServer: Sendable {
    private let host: ShardHost
    private let address: ListenAddress
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let running = TaskBox()

    init(host: ShardHost, address: ListenAddress) {
        self.host = host
        self.address = address
    }

    /// Listens; returns once requests are answered.
    ///
    /// - Throws: ``ListenError`` if the port cannot be had.
    func start() async throws {
        let address = address
        let started = AsyncStream<Result<Void, ListenError>>.makeStream()
        let application = Application(
            router: router,
            configuration: .init(address: .hostname(address.host, port: address.port)),
            onServerRunning: { _ in started.continuation.yield(.success(())) },
            eventLoopGroupProvider: .shared(group),
            logger: Logger(label: "http") { _ in SwiftLogNoOpLogHandler() }
        )
        let task = Task {
            do {
                try await application.run()
            } catch {
                started.continuation.yield(
                    .failure(ListenError(address: address, reason: "\(error)"))
                )
            }
        }
        await running.set(task)
        for await result in started.stream { return try result.get() }
    }

    func stop() async {
        await running.cancel()
        try? await group.shutdownGracefully()
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        let host = host
        router.get("/healthz") { _, _ in
            let reason = try await host.inspect { $0.readiness() }
            return Self.text(reason ?? "ok", status: reason == nil ? .ok : .serviceUnavailable)
        }
        router.get("/metrics") { _, _ in
            let metrics = try await host.inspect { $0.metrics() }
            return Self.text(MetricsText.render(metrics + ProcessMetrics.current), status: .ok)
        }
        router.get("/api/cluster") { _, _ in
            Self.json(try await host.inspect { $0.clusterJSON() })
        }
        router.get("/api/topics") { _, _ in
            Self.json(try await host.inspect { $0.topicsJSON() })
        }
        router.get("/api/topics/:name") { _, context in
            let name = context.parameters.get("name") ?? ""
            guard let json = try await host.inspect({ $0.topicJSON(name) }) else {
                return Self.json(
                    Array(#"{"error":"there is no such topic; GET /api/topics lists them"}"#.utf8),
                    status: .notFound
                )
            }
            return Self.json(json)
        }
        return router
    }

    private static func text(_ text: String, status: HTTPResponse.Status) -> Response {
        Response(
            status: status,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text + "\n"))
        )
    }

    private static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}

/// Holds the task that runs the HTTP server.
private actor TaskBox {
    private var task: Task<Void, Never>?
    func set(_ task: Task<Void, Never>) { self.task = task }
    func cancel() async {
        task?.cancel()
        await task?.value
    }
}
