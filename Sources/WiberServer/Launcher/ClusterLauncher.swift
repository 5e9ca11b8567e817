import Foundation
import Synchronization
import UnixSignals
import WiberNode

/// Runs every node of a cluster as a child process, and says what happens to them.
public final class ClusterLauncher: Sendable {
    private struct Child {
        var process: Process
        var startedAt: ContinuousClock.Instant
        var starts: Int
    }

    private enum Event: Sendable {
        case signal
        case ended(node: String, status: Int32, wasSignal: Bool)
        case look
    }

    private let configuration: ClusterConfiguration
    private let configurationPath: String
    private let dataDirectory: String
    private let restarts: Bool
    private let children = Mutex<[String: Child]>([:])
    private let say: @Sendable (String) -> Void

    /// A cluster that does not run yet.
    ///
    /// The nodes read the file at `configurationPath`; it must describe `configuration`.
    public init(
        configuration: ClusterConfiguration,
        configurationPath: String,
        dataDirectory: String,
        restarts: Bool,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.configurationPath = configurationPath
        self.dataDirectory = dataDirectory
        self.restarts = restarts
        self.say = say
    }

    /// Starts all nodes, and returns when Ctrl-C has stopped them or none is left.
    ///
    /// - Returns: the exit code for the whole.
    /// - Throws: if a port is in use or a node cannot be started.
    public func run() async throws -> Int32 {
        try PortCheck.check(configuration)
        let events = AsyncStream<Event>.makeStream()
        let signals = await UnixSignalsSequence(trapping: [.sigterm, .sigint])
        let waiting = Task { for await _ in signals { events.continuation.yield(.signal) } }
        let looking = DispatchSource.makeTimerSource()
        looking.schedule(deadline: .now(), repeating: .milliseconds(400))
        looking.setEventHandler { events.continuation.yield(.look) }
        looking.activate()
        defer {
            waiting.cancel()
            looking.cancel()
        }
        for node in configuration.nodes { try start(node.name, events.continuation) }
        introduce()
        var watch = ClusterWatch(configuration: configuration)
        var isStopping = false
        for await event in events.stream {
            switch event {
            case .signal:
                if !isStopping { say("stopping \(configuration.nodes.count) nodes …") }
                isStopping = true
                stopAll()
            case .look:
                if !isStopping { for line in watch.look() { say(line) } }
            case .ended(let node, let status, let wasSignal):
                ended(node, status, wasSignal, isStopping, events.continuation)
            }
            if children.withLock({ $0.isEmpty }) { break }
        }
        say("stopped")
        return isStopping ? 0 : 1
    }

    private func start(_ node: String, _ events: AsyncStream<Event>.Continuation) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "serve", "--config", configurationPath, "--node", node, "--data", dataDirectory,
            "--parent", "\(getpid())",
        ]
        process.standardInput = FileHandle.nullDevice
        // A node's log is in DATA/<id>/logs/console.log; here is the place for the cluster's story.
        let errors = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        forwardProblems(of: node, errors)
        process.terminationHandler = { process in
            events.yield(
                .ended(
                    node: node,
                    status: process.terminationStatus,
                    wasSignal: process.terminationReason == .uncaughtSignal
                )
            )
        }
        try process.run()
        children.withLock { children in
            let starts = (children[node]?.starts ?? 0) + 1
            children[node] = Child(process: process, startedAt: .now, starts: starts)
        }
    }

    /// Passes on what a node says on standard error that is no ordinary log line.
    private func forwardProblems(of node: String, _ pipe: Pipe) {
        let say = say
        pipe.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty { handle.readabilityHandler = nil }
            for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
                let isOrdinary = line.contains(" info ") || line.contains(" warning ")
                if !isOrdinary { say("\(node): \(line)") }
            }
        }
    }

    private func ended(
        _ node: String,
        _ status: Int32,
        _ wasSignal: Bool,
        _ isStopping: Bool,
        _ events: AsyncStream<Event>.Continuation
    ) {
        let child = children.withLock { $0.removeValue(forKey: node) }
        guard !isStopping else { return }
        let how = wasSignal ? "was killed by signal \(status)" : "ended with code \(status)"
        say("\(node) \(how); its log is \(dataDirectory)/\(node)/logs/console.log")
        guard restarts else {
            return say(
                "  start it again: wiber serve --config \(configurationPath) --node \(node)"
                    + " --data \(dataDirectory)"
            )
        }
        let lived = child.map { ContinuousClock.now - $0.startedAt } ?? .zero
        guard lived > .seconds(2) || (child?.starts ?? 0) < 5 else {
            return say("\(node) ends at once, again and again: it is not started any more")
        }
        do {
            try start(node, events)
            say("\(node) was started again")
        } catch {
            say("\(node) could not be started again: \(error)")
        }
    }

    private func stopAll() {
        let running = children.withLock { Array($0.values) }
        for child in running where child.process.isRunning { child.process.terminate() }
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
        say("Try, in another terminal:")
        say("  wiber pub notifications \"hello\" --server nats://\(first.host):\(first.port)")
        say("  wiber history notifications --server nats://\(last.host):\(last.port)")
        say("  wiber cluster status --server nats://\(first.host):\(first.port)")
        say("  kill -9 $(cat \(dataDirectory)/\(first.name)/wiber.pid)   # then publish again")
        say("Ctrl-C stops all nodes.")
    }
}
