import CWiber
import Foundation
import Logging
import NIOCore
import NIOPosix
import UnixSignals
import WiberBase
import WiberLog
import WiberNIO
public import WiberNode

/// Runs one node until it is asked to stop.
public struct NodeRunner: Sendable {
    /// What the cluster is, and which node this is.
    public var configuration: NodeConfiguration
    /// The directory of this node's files.
    public var directory: String
    /// How log lines look.
    public var logFormat: LogFormat

    /// A node that has not started.
    public init(configuration: NodeConfiguration, directory: String, logFormat: LogFormat = .text) {
        self.configuration = configuration
        self.directory = directory
        self.logFormat = logFormat
    }

    /// Opens the data, listens, and serves until SIGTERM or SIGINT.
    ///
    /// - Throws: an error whose description is one line that says what to do.
    public func run() async throws {
        let data = try DataDirectory(path: directory)
        let sink = try LogSink(directory: directory + "/logs", format: logFormat)
        let format = logFormat
        let logger = Logger(label: "wiber") { _ in NodeLogHandler(sink: sink, format: format) }
        let disk = PosixDisk(root: directory)
        let (store, recovery) = try LogStore.open(disk, identity: identity)
        report(recovery, logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let events = AsyncStream<NodeEvent>.makeStream()
        let core = makeCore(store, recovery, disk)
        let host = ShardHost(
            group: group,
            core: core,
            disk: disk,
            callbacks: ShardHost.Callbacks(
                trace: { logger.log($0) },
                fatal: { reason in
                    sink.writeError("wiber: \(reason)")
                    exit(1)
                },
                stopped: { events.continuation.yield(.stopped) }
            )
        )
        try await serve(host, logger, events)
        await host.close()
        data.removeProcessID()
        logger.info("stopped")
        try? await group.shutdownGracefully()
    }

    private enum NodeEvent: Sendable {
        case signal
        case stopped
    }

    private var own: NodeAddress {
        configuration.nodes.first { $0.name == configuration.nodeName }
            ?? NodeAddress(
                name: configuration.nodeName,
                host: "127.0.0.1",
                port: 4222,
                rpcPort: nil,
                httpPort: 8222,
                listen: "127.0.0.1"
            )
    }

    private var identity: LogIdentity {
        var random = SystemRandomNumberGenerator()
        return LogIdentity(
            nodeID: configuration.nodeID,
            nodeName: configuration.nodeName,
            newStoreID: UniqueID(high: random.next(), low: random.next() | 1),
            bootID: Self.bootID
        )
    }

    /// The kernel's name for this boot of the machine.
    private static var bootID: UniqueID {
        let text = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))
        let digits = (text ?? "").filter(\.isHexDigit)
        return UniqueID(
            high: UInt64(digits.prefix(16), radix: 16) ?? 0,
            low: UInt64(digits.dropFirst(16).prefix(16), radix: 16) ?? 0
        )
    }

    private func makeCore(
        _ store: LogStore,
        _ recovery: Recovery,
        _ disk: PosixDisk
    ) -> sending ShardCore {
        var random = SystemRandomNumberGenerator()
        return ShardCore(
            configuration: configuration,
            store: store,
            recovery: recovery,
            reader: { plan throws(LogError) in try plan.run(on: disk) },
            digester: sha256Digester,
            seed: random.next(),
            time: ShardHost.time
        )
    }

    private func report(_ recovery: Recovery, _ logger: Logger) {
        logger.info(
            "data recovered",
            metadata: [
                "groups": "\(recovery.groups.count)", "new": "\(recovery.isNew)",
                "replayed_entries": "\(recovery.replayedEntries)",
                "rewritten_bytes": "\(recovery.rewrittenBytes)",
            ]
        )
        if let torn = recovery.tornTail {
            logger.info("an incomplete last batch was cut", metadata: ["what": "\(torn)"])
        }
        for repair in recovery.repairs {
            logger.warning("one of two copies was repaired", metadata: ["what": "\(repair)"])
        }
    }

    private func serve(
        _ host: ShardHost,
        _ logger: Logger,
        _ events: (
            stream: AsyncStream<NodeEvent>, continuation: AsyncStream<NodeEvent>.Continuation
        )
    ) async throws {
        let signals = await UnixSignalsSequence(trapping: [.sigterm, .sigint])
        let waiting = Task {
            for await _ in signals { events.continuation.yield(.signal) }
        }
        let peer = own.rpcPort.map { ListenAddress(host: own.listen, port: $0) }
        try await host.start(client: ListenAddress(host: own.listen, port: own.port), peer: peer)
        let http = HTTPServer(
            host: host,
            address: ListenAddress(host: own.listen, port: own.httpPort)
        )
        try await http.start()
        logger.info("Listening for client connections on \(own.listen):\(own.port)")
        logger.info("Server is ready")
        for await event in events.stream {
            guard case .signal = event else { break }
            host.stop()
        }
        waiting.cancel()
        await http.stop()
    }
}
