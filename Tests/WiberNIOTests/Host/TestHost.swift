import Glibc
import Testing
import WiberBase
import WiberLog
import WiberNIO
import WiberNode

/// A node of its own on free ports, with a new directory.
final class TestHost: Sendable {
    enum Event: Sendable, Equatable {
        case trace(String)
        case fatal(String)
        case stopped
    }

    let host: ShardHost
    let disk: TestDisk
    let port: Int
    /// What the shard and its host said.
    let events: AsyncStream<Event>

    init(clientsMax: Int = 100) async throws {
        let unique = String(repeating: "X", count: 6)
        var template = Array("/tmp/wiber-host-\(unique)".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.map { mkdtemp($0) != nil } ?? false
        }
        try #require(made)
        let bytes = template.dropLast().map { UInt8(bitPattern: $0) }
        disk = TestDisk(root: String(decoding: bytes, as: UTF8.self))
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        self.events = events
        host = ShardHost(
            core: try Self.core(on: disk),
            disk: disk,
            clientsMax: clientsMax,
            callbacks: ShardHost.Callbacks(
                trace: { continuation.yield(.trace("\($0.message)")) },
                fatal: { continuation.yield(.fatal($0)) },
                stopped: { continuation.yield(.stopped) }
            )
        )
        port = try await host.start(client: Self.anyPort, peer: nil).client
    }

    static let anyPort = ListenAddress(host: "127.0.0.1", port: 0)

    private static func core(on disk: TestDisk) throws -> sending ShardCore {
        let address = NodeAddress(
            name: "n1",
            host: "127.0.0.1",
            port: 0,
            rpcPort: nil,
            httpPort: 0,
            listen: "127.0.0.1"
        )
        let identity = LogIdentity(
            nodeID: NodeID(1),
            nodeName: "n1",
            newStoreID: UniqueID(high: 1, low: 2),
            bootID: .zero
        )
        let (store, recovery) = try LogStore.open(disk, identity: identity)
        return ShardCore(
            configuration: NodeConfiguration(cluster: "c", nodeName: "n1", nodes: [address]),
            store: store,
            recovery: recovery,
            reader: { plan throws(LogError) in try plan.run(on: disk) },
            digester: sha256Digester,
            seed: 1,
            time: ShardHost.time
        )
    }

    /// A client that has read its INFO line.
    func client() throws -> RawClient {
        let client = try RawClient(port: port)
        let info = try client.line()
        #expect(info?.hasPrefix("INFO {") == true)
        return client
    }

    /// The first event that is wanted.
    func event(where isWanted: (Event) -> Bool) async -> Event? {
        await events.first(where: isWanted)
    }
}
