import Testing
import WiberNIO
import WiberNode

@testable import WiberServer

/// A node that runs in this process on free ports.
struct RunningTest {
    let ports: NodePorts
    let folder: TestFolder
    private let stops: AsyncStream<StopRequest>.Continuation
    private let running: Task<Void, any Error>

    static func runner(in folder: TestFolder) -> NodeRunner {
        let address = NodeAddress(
            name: "n1",
            host: "127.0.0.1",
            port: 0,
            rpcPort: 0,
            httpPort: 0,
            listen: "127.0.0.1"
        )
        return NodeRunner(
            configuration: NodeConfiguration(cluster: "c", nodeName: "n1", nodes: [address]),
            directory: folder.path + "/n1"
        )
    }

    init(in folder: TestFolder) async throws {
        self.folder = folder
        let stops = AsyncStream<StopRequest>.makeStream()
        let ready = AsyncStream<NodePorts>.makeStream()
        self.stops = stops.continuation
        let runner = Self.runner(in: folder)
        running = Task {
            defer { ready.continuation.finish() }
            try await runner.run(until: stops.stream) { ready.continuation.yield($0) }
        }
        guard let ports = await ready.stream.first(where: { _ in true }) else {
            try await running.value
            throw ListenError(
                address: ListenAddress(host: "127.0.0.1", port: 0),
                cause: CancellationError()
            )
        }
        self.ports = ports
    }

    /// Stops the node, and waits until it has.
    func stop() async throws {
        stops.yield(.now)
        try await running.value
    }

    /// A client that has read its INFO line.
    func client() throws -> Connection {
        let client = try Connection(ServerAddress(host: "127.0.0.1", port: ports.client))
        _ = try client.line()
        return client
    }

    /// The status and the body of an HTTP answer.
    func get(_ path: String) throws -> (status: Int, body: String) {
        let answer = try HTTPGet.get(path, host: "127.0.0.1", port: ports.http, timeout: 10)
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }
}
