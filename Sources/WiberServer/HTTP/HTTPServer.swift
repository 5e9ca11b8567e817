import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import WiberNIO
import WiberNode

/// The HTTP port: health, metrics and the API, read from the shard on its loop.
///
/// Its event loops are not those of shards, so that a slow reader here disturbs none.
final class HTTPServer: Sendable {
    /// The most connections at a time; more wait in the system's queue.
    static let connectionsMax = 256
    /// How long a connection may say nothing.
    static let idleTimeout = TimeAmount.seconds(60)

    private let host: ShardHost
    private let address: ListenAddress
    private let extraMetrics: @Sendable () -> [Metric]
    /// Never shut down: what a connection that was answered just now still has to do finds its loop.
    private let group = MultiThreadedEventLoopGroup.singleton
    private let running = TaskBox()
    private let requests = RequestCounts()

    init(
        host: ShardHost,
        address: ListenAddress,
        extraMetrics: @escaping @Sendable () -> [Metric] = { [] }
    ) {
        self.host = host
        self.address = address
        self.extraMetrics = extraMetrics
    }

    /// Listens; returns the port once requests are answered.
    ///
    /// - Throws: ``ListenError`` if the port cannot be had.
    @discardableResult
    func start() async throws -> Int {
        let address = address
        let logger = Logger(label: "http") { _ in SwiftLogNoOpLogHandler() }
        let started = AsyncStream<Result<Int, ListenError>>.makeStream()
        let application = Application(
            router: router,
            server: .http1(configuration: .init(idleTimeout: Self.idleTimeout)),
            configuration: .init(
                address: .hostname(address.host, port: address.port),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    Self.connectionsMax,
                    logger: logger
                )
            ),
            onServerRunning: { channel in
                started.continuation.yield(.success(channel.localAddress?.port ?? address.port))
            },
            eventLoopGroupProvider: .shared(group),
            logger: logger
        )
        let task = Task {
            do {
                try await application.run()
            } catch {
                started.continuation.yield(.failure(ListenError(address: address, cause: error)))
            }
            started.continuation.finish()
        }
        await running.set(task)
        for await result in started.stream { return try result.get() }
        throw ListenError(address: address, cause: ChannelError.ioOnClosedChannel)
    }

    func stop() async {
        await running.cancel()
    }

    private var router: Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        let host = host
        let extraMetrics = extraMetrics
        router.add(middleware: ErrorsAsJSON())
        MonitoringRoutes(host: host, requests: requests).add(to: router)
        AdminRoutes(host: host).add(to: router)
        BackupRoutes(host: host).add(to: router)
        MessageRoutes(host: host).add(to: router)
        router.get("/metrics") { _, _ in
            let metrics = try await host.inspect { $0.metrics() }
            return Self.text(MetricsText.render(metrics + extraMetrics()), status: .ok)
        }
        router.get("/api/cluster") { _, _ in
            Response.json(try await host.inspect { $0.clusterJSON() })
        }
        router.get("/api/topics") { _, _ in
            Response.json(try await host.inspect { $0.topicsJSON() })
        }
        router.get("/api/topics/:name") { _, context in
            let name = context.name
            guard let json = try await host.inspect({ $0.topicJSON(name) }) else {
                return Response.error(
                    .notFound,
                    "there is no such topic; GET /api/topics lists them"
                )
            }
            return Response.json(json)
        }
        return router
    }

    private static func text(_ text: String, status: HTTPResponse.Status) -> Response {
        let body = text.hasSuffix("\n") ? text : text + "\n"
        return Response(
            status: status,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: body))
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
