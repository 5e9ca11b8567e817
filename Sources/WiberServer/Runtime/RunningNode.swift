import Logging
import WiberNIO
import WiberNode

/// How a node is asked to stop.
enum StopRequest: Sendable {
    /// At once.
    case now
    /// Once its clients have had time to move.
    case lameDuck
}

/// What ends a node's run, or its stop.
enum NodeEvent: Sendable {
    case stopAsked(StopRequest)
    case stopped
    case overdue
}

/// The ports that a node got.
struct NodePorts: Sendable {
    var client: Int
    var peer: Int?
    var http: Int
}

/// Why a stop was not orderly.
struct StopError: Error, CustomStringConvertible {
    var description: String {
        "the node could not stop in order within 10 s, because its disk does not answer; what was "
            + "acknowledged is safe, and the next start takes a little longer"
    }
}

/// A node whose data is open: its ports, and its end.
struct RunningNode: Sendable {
    let address: NodeAddress
    let host: ShardHost
    let sink: LogSink
    let logger: Logger

    /// Listens and serves until `stops` has an element, then stops in order; in lame duck mode that
    /// takes as long as the configuration says.
    ///
    /// - Throws: `ListenError`, or ``StopError``.
    func run(
        until stops: AsyncStream<StopRequest>,
        _ events: (
            stream: AsyncStream<NodeEvent>, continuation: AsyncStream<NodeEvent>.Continuation
        ),
        _ ready: @Sendable (NodePorts) -> Void
    ) async throws {
        let http = HTTPServer(
            host: host,
            address: ListenAddress(host: address.listen, port: address.httpPort, purpose: .http),
            extraMetrics: { [sink] in
                ProcessMetrics.current + [Self.droppedLines(sink)]
            }
        )
        do {
            ready(try await listen(http))
            try await serve(until: stops, events)
        } catch let error as StopError {
            throw error  // What hangs must not be waited for.
        } catch {
            await http.stop()
            await host.close()
            throw error
        }
        await http.stop()
        await host.close()
        logger.info("stopped")
    }

    private func listen(_ http: HTTPServer) async throws -> NodePorts {
        let ports = try await host.start(
            client: ListenAddress(host: address.listen, port: address.port, purpose: .clients),
            peer: address.rpcPort.map {
                ListenAddress(host: address.listen, port: $0, purpose: .nodes)
            }
        )
        let httpPort = try await http.start()
        logger.info("Listening for client connections on \(address.listen):\(ports.client)")
        logger.info(
            "Server is ready",
            metadata: ["node": "\(address.name)", "http_port": "\(httpPort)"]
        )
        return NodePorts(client: ports.client, peer: ports.peer, http: httpPort)
    }

    private func serve(
        until stops: AsyncStream<StopRequest>,
        _ events: (
            stream: AsyncStream<NodeEvent>, continuation: AsyncStream<NodeEvent>.Continuation
        )
    ) async throws {
        let waiting = Task {
            for await request in stops { events.continuation.yield(.stopAsked(request)) }
        }
        defer { waiting.cancel() }
        var deadline: Task<Void, any Error>?
        defer { deadline?.cancel() }
        for await event in events.stream {
            switch event {
            case .stopped: return
            case .overdue: throw StopError()
            case .stopAsked(.lameDuck): host.leave()
            case .stopAsked(.now):
                guard deadline == nil else { continue }
                host.stop()
                deadline = Task {
                    try await Task.sleep(for: NodeRunner.stopTime)
                    events.continuation.yield(.overdue)
                }
            }
        }
    }

    private static func droppedLines(_ sink: LogSink) -> Metric {
        Metric(
            name: "wiber_log_lines_dropped_total",
            help: "Log lines that could not be written fast enough.",
            kind: .counter,
            labels: [],
            value: Double(sink.droppedLines)
        )
    }
}
