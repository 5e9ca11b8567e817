import Foundation
import Synchronization
import UnixSignals
import WiberBase
import WiberNode

/// Runs every node of a cluster as a child process, and says what happens to them.
public final class ClusterLauncher: Sendable {
    /// How long an orderly stop may take before the nodes are killed.
    static let patience = Duration.seconds(20)

    private struct Child {
        var process: Process
        var startedAt: ContinuousClock.Instant
    }

    private enum Event: Sendable {
        case signal
        case ended(node: String, status: Int32, wasSignal: Bool)
        case startAgain(node: String)
        case news([String])
        case tooSlow
    }

    private let configuration: ClusterConfiguration
    private let configurationPath: String
    private let dataDirectory: String
    private let restarts: Bool
    private let program: String
    private let children = Mutex<[String: Child]>([:])
    private let spawner = SpawnThread()
    private let events = AsyncStream<Event>.makeStream()
    private let say: @Sendable (String) -> Void

    /// A cluster that does not run yet.
    ///
    /// The nodes read the file at `configurationPath`; it must describe `configuration`.
    /// `program` is what a person types to run this binary.
    public init(
        configuration: ClusterConfiguration,
        configurationPath: String,
        dataDirectory: String,
        restarts: Bool,
        program: String = "wiber",
        say: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.configurationPath = configurationPath
        self.dataDirectory = dataDirectory
        self.restarts = restarts
        self.program = program
        self.say = say
    }

    /// Starts all nodes, and returns when Ctrl-C has stopped them or none is left.
    ///
    /// - Returns: the exit code for the whole.
    /// - Throws: if a port is in use or a node cannot be started.
    public func run() async throws -> Int32 {
        try PortCheck.check(configuration.nodes)
        let signals = await UnixSignalsSequence(trapping: [.sigterm, .sigint])
        let tasks = [
            Task { for await _ in signals { events.continuation.yield(.signal) } },
            Task { await look() },
        ]
        defer { for task in tasks { task.cancel() } }
        for node in configuration.nodes { try await start(node.name) }
        introduce()
        let isStopping = await follow()
        say("stopped")
        return isStopping ? 0 : 1
    }

    /// Handles events until no node is left.
    ///
    /// - Returns: whether somebody asked for the end.
    private func follow() async -> Bool {
        var policy = RestartPolicy()
        var starting: Set<String> = []
        var isStopping = false
        for await event in events.stream {
            switch event {
            case .signal:
                if isStopping { kill() } else { stop() }
                isStopping = true
                starting.removeAll()
            case .tooSlow: kill()
            case .news(let lines): if !isStopping { for line in lines { say(line) } }
            case .startAgain(let node):
                if starting.remove(node) != nil { await startAgain(node) }
            case .ended(let node, let status, let wasSignal):
                let life = remove(node)
                guard !isStopping else { break }
                report(node, status, wasSignal)
                if restarts, schedule(node, policy.pause(for: node, after: life)) {
                    starting.insert(node)
                }
            }
            if starting.isEmpty, children.withLock({ $0.isEmpty }) { break }
        }
        return isStopping
    }

    // MARK: Children

    private func start(_ node: String) async throws {
        let errors = Pipe()
        forwardProblems(of: node, errors)
        let child = try await spawner.run { [self] in
            let process = Process()
            process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            process.arguments = [
                "serve", "--config", configurationPath, "--node", node, "--data", dataDirectory,
                "--parent", "\(getpid())",
            ]
            process.standardInput = FileHandle.nullDevice
            // A node's log is in its console.log; here is the place for the cluster's story.
            process.standardOutput = FileHandle.nullDevice
            process.standardError = errors
            process.terminationHandler = { [events] process in
                events.continuation.yield(
                    .ended(
                        node: node,
                        status: process.terminationStatus,
                        wasSignal: process.terminationReason == .uncaughtSignal
                    )
                )
            }
            try process.run()
            return Child(process: process, startedAt: .now)
        }
        children.withLock { $0[node] = child }
    }

    /// Forgets a child.
    ///
    /// - Returns: how long it lived.
    private func remove(_ node: String) -> Duration {
        let child = children.withLock { $0.removeValue(forKey: node) }
        return child.map { ContinuousClock.now - $0.startedAt } ?? .zero
    }

    private func startAgain(_ node: String) async {
        do {
            try await start(node)
            say("\(node) was started again")
        } catch {
            say("\(node) could not be started again: \(error)")
        }
    }

    /// - Returns: whether the node will be started again.
    private func schedule(_ node: String, _ pause: Duration?) -> Bool {
        guard let pause else {
            say("  \(node) ends soon after every start: it is not started any more")
            return false
        }
        Task {
            try? await Task.sleep(for: pause)
            events.continuation.yield(.startAgain(node: node))
        }
        return true
    }

    private func stop() {
        say("stopping \(configuration.nodes.count) nodes … (Ctrl-C again kills them)")
        signal(SIGTERM)
        Task {
            try? await Task.sleep(for: Self.patience)
            events.continuation.yield(.tooSlow)
        }
    }

    private func kill() {
        let names = children.withLock { $0.keys.sorted() }
        say("killing \(names.joined(separator: ", "))")
        signal(SIGKILL)
    }

    private func signal(_ number: Int32) {
        for child in children.withLock({ Array($0.values) }) where child.process.isRunning {
            Foundation.kill(child.process.processIdentifier, number)
        }
    }

    // MARK: What is said

    /// Tells of changes until the task is cancelled; a large cluster is looked at less often.
    private func look() async {
        var watch = ClusterWatch(nodes: configuration.nodes)
        while !Task.isCancelled {
            let start = ContinuousClock.now
            let lines = watch.look()
            if !lines.isEmpty { events.continuation.yield(.news(lines)) }
            let pause = max(.milliseconds(400), (ContinuousClock.now - start) * 10)
            try? await Task.sleep(for: min(pause, .seconds(5)))
        }
    }

    /// Passes on what a node says on standard error that is no ordinary log line.
    private func forwardProblems(of node: String, _ pipe: Pipe) {
        let splitter = LineSplitter()
        pipe.fileHandleForReading.readabilityHandler = { [say] handle in
            let data = handle.availableData
            var lines = splitter.lines(in: data)
            if data.isEmpty {
                handle.readabilityHandler = nil
                lines += splitter.last().map { [$0] } ?? []
            }
            for line in lines where !line.contains(" info ") && !line.contains(" warning ") {
                say("\(node): \(line)")
            }
        }
    }

    private func report(_ node: String, _ status: Int32, _ wasSignal: Bool) {
        let how = wasSignal ? "was killed by signal \(status)" : "ended with code \(status)"
        say("\(node) \(how); its log is \(dataDirectory)/\(node)/logs/console.log")
        guard !restarts else { return }
        say(
            "  start it again: \(program) serve --config \(configurationPath) --node \(node)"
                + " --data \(dataDirectory)"
        )
    }

    private func introduce() {
        say("cluster \(configuration.cluster), data in \(dataDirectory)")
        for node in configuration.nodes {
            let rpc = node.rpcPort.map { ", nodes \($0)" } ?? ""
            say("  \(node.name): clients \(node.host):\(node.port)\(rpc), HTTP \(node.httpPort)")
        }
        guard let first = configuration.nodes.first, let last = configuration.nodes.last else {
            return
        }
        let topic = configuration.topics.first?.name ?? "notifications"
        let server = "--server nats://\(first.host):\(first.port)"
        say("Try, in another terminal:")
        say("  \(program) pub \(topic) \"hello\" \(server)")
        say("  \(program) history \(topic) --server nats://\(last.host):\(last.port)")
        say("  \(program) cluster status \(server)")
        say("  kill -9 $(cat \(dataDirectory)/\(first.name)/wiber.pid)   # then publish again")
        say("Ctrl-C stops all nodes.")
    }
}
