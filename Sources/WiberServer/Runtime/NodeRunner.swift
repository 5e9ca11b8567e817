import CWiber
import Glibc
import Logging
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
    /// Whether the log tells of each connection.
    public var isVerbose: Bool

    /// How long an orderly stop may take; it takes much less than a second unless the disk hangs.
    static let stopTime = Duration.seconds(10)

    /// A node that has not started.
    public init(
        configuration: NodeConfiguration,
        directory: String,
        logFormat: LogFormat = .text,
        isVerbose: Bool = false
    ) {
        self.configuration = configuration
        self.directory = directory
        self.logFormat = logFormat
        self.isVerbose = isVerbose
    }

    /// Opens the data, listens, and serves until SIGTERM or SIGINT, or SIGUSR2 for lame duck mode.
    ///
    /// - Throws: an error whose description is one line that says what to do.
    public func run() async throws {
        // A terminal or pipe that goes away must not take the node with it.
        signal(SIGPIPE, SIG_IGN)
        let stops = AsyncStream<StopRequest>.makeStream()
        let signals = await UnixSignalsSequence(trapping: [.sigterm, .sigint, .sigusr2])
        let waiting = Task {
            for await signal in signals {
                stops.continuation.yield(signal == .sigusr2 ? .lameDuck : .now)
            }
        }
        defer { waiting.cancel() }
        try await run(until: stops.stream)
    }

    /// Serves until `stops` has an element; `ready` is told the ports.
    func run(
        until stops: AsyncStream<StopRequest>,
        ready: @escaping @Sendable (NodePorts) -> Void = { _ in }
    ) async throws {
        let data = try DataDirectory(path: directory)
        defer { data.removeProcessID() }
        let sink = try LogSink(directory: directory + "/logs")
        defer { sink.flush() }
        let format = logFormat
        let level: Logger.Level = isVerbose ? .debug : .info
        let logger = Logger(label: "wiber") { _ in
            NodeLogHandler(sink: sink, format: format, level: level)
        }
        do {
            let events = AsyncStream<NodeEvent>.makeStream()
            let core = try openShard(logger)
            let node = RunningNode(
                address: own,
                host: makeHost(core, sink, logger, data, events.continuation),
                sink: sink,
                logger: logger
            )
            try await node.run(until: stops, events, ready)
        } catch {
            // Standard error hears of it from the command.
            sink.writeToFile("wiber: \(error)")
            throw error
        }
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

    private func makeHost(
        _ core: sending ShardCore,
        _ sink: LogSink,
        _ logger: Logger,
        _ data: DataDirectory,
        _ events: AsyncStream<NodeEvent>.Continuation
    ) -> ShardHost {
        // A turn's buffers are a few megabytes at most. Given back and asked for anew they cost a page
        // fault a page: 1.5 instead of 2.4 million messages a second from one client to another.
        wiber_keep_buffers(8 << 20)
        let clientsMax = FileLimit.connections(ofFiles: FileLimit.raise())
        if clientsMax < ShardHost.connectionsMax {
            logger.info("clients are limited by `ulimit -n`", metadata: ["most": "\(clientsMax)"])
        }
        return ShardHost(
            core: core,
            disk: PosixDisk(root: directory),
            clientsMax: clientsMax,
            callbacks: ShardHost.Callbacks(
                trace: { logger.log($0) },
                tracesConnections: isVerbose,
                fatal: { reason in
                    sink.write("wiber: \(reason)")
                    sink.flush()
                    data.removeProcessID()
                    _exit(1)  // Without exit handlers: other threads still run.
                },
                stopped: { events.yield(.stopped) }
            )
        )
    }

    // MARK: The data directory

    private func openShard(_ logger: Logger) throws -> sending ShardCore {
        let disk = PosixDisk(root: directory)
        var options = LogOptions()
        options.hasReplicas = configuration.nodes.count > 1
        let (store, recovery) = try LogStore.open(disk, options: options, identity: identity)
        report(recovery, logger)
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

    private var identity: LogIdentity {
        var random = SystemRandomNumberGenerator()
        var identity = LogIdentity(
            nodeID: configuration.nodeID,
            nodeName: configuration.nodeName,
            newStoreID: UniqueID(high: random.next(), low: random.next() | 1),
            bootID: BootID.current
        )
        identity.levels = configuration.levels
        identity.software = configuration.version
        return identity
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
            logger.warning("damage or an older copy was found", metadata: ["what": "\(repair)"])
        }
    }
}
