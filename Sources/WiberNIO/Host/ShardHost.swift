import CWiber
import NIOCore
import NIOPosix
import WiberBase
public import WiberLog
public import WiberNode

// SAFETY: every variable and the shard are touched on `loop` only; what others call (`start`,
// `stop`, `close`, `inspect`) goes there first, and the threads use `disk` and `callbacks` only.
/// Runs a shard on one event loop: sockets, the timer, and the threads that block for it.
public final class ShardHost: @unchecked Sendable {
    /// What the host does with what the shard says about itself.
    public struct Callbacks: Sendable {
        /// Something to log.
        public var trace: @Sendable (TraceEvent) -> Void
        /// Whether each connection that opens and closes is worth a trace.
        public var tracesConnections: Bool
        /// The process must end, and why.
        public var fatal: @Sendable (String) -> Void
        /// An orderly stop is complete.
        public var stopped: @Sendable () -> Void

        /// What is told to whom.
        public init(
            trace: @escaping @Sendable (TraceEvent) -> Void,
            tracesConnections: Bool = false,
            fatal: @escaping @Sendable (String) -> Void,
            stopped: @escaping @Sendable () -> Void
        ) {
            self.trace = trace
            self.tracesConnections = tracesConnections
            self.fatal = fatal
            self.stopped = stopped
        }
    }

    /// The ports that a host got.
    public struct Ports: Sendable {
        /// For clients.
        public var client: Int
        /// For other nodes.
        public var peer: Int?
    }

    /// The most clients at a time, if the system allows as many files.
    public static let connectionsMax = 65_536
    /// The most connections at a time from other nodes: each has one or two.
    static let peerConnectionsMax = 256
    /// How long a job that met a full disk waits until it is tried again.
    static let fullDiskRetry = TimeAmount.seconds(1)
    /// Between two looks at how much room there is.
    static let spaceInterval = TimeAmount.seconds(1)
    /// How many bytes are worth a system call of their own, and not too many to keep memory for.
    private static let muchToWrite = 8 << 10...1 << 20
    /// How many bytes of a connection the shard takes in before it may have to send.
    static let pieceBytes = 64 << 10
    /// How long clients have at the end to read their last replies.
    static let farewellTime = TimeAmount.milliseconds(250)

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop: any EventLoop
    let core: ShardCore
    let disk: any Disk
    let callbacks: Callbacks
    /// The most clients at a time.
    public let clientsMax: Int
    let logThread = NIOThreadPool(numberOfThreads: 1)
    let flushThread = NIOThreadPool(numberOfThreads: 1)
    let readThread = NIOThreadPool(numberOfThreads: 1)
    var connections: [ConnectionID: ConnectionHandler] = [:]
    /// Connections that the shard wants and that are not open yet.
    var dialing: Set<ConnectionID> = []
    var clientCount = 0
    var peerCount = 0
    var refusedCount: UInt64 = 0
    var refusalToldAt: Instant?
    var listeners: [any Channel] = []
    var clientListeners: [any Channel] = []
    var nextConnection: UInt64 = 2
    private var effects: [ShardEffect] = []
    private var unflushed: [ConnectionHandler] = []
    /// What goes out is copied here, and the next thing after it: that memory is warm.
    private var scratch = ByteBuffer()
    /// Buffers of what several connections get in this turn.
    private var shared: [ObjectIdentifier: ByteBuffer] = [:]
    /// Commands that the shard has not answered.
    var commands: [UInt64: EventLoopPromise<AdminOutcome>] = [:]
    var nextCommand: UInt64 = 1
    private var isTurnScheduled = false
    /// Whether the read thread is asked how much room there is.
    var isLookingAtSpace = false
    /// Whether the last connections are being closed: nothing is decided or timed any more.
    private(set) var isEnding = false
    private var timer: (at: Instant, task: Scheduled<Void>)?

    /// Takes a shard over; nothing runs before ``start(client:peer:)``.
    public init(
        core: sending ShardCore,
        disk: any Disk,
        clientsMax: Int = ShardHost.connectionsMax,
        callbacks: Callbacks
    ) {
        loop = group.any()
        self.core = core
        self.disk = disk
        self.clientsMax = clientsMax
        self.callbacks = callbacks
    }

    /// What the clocks say now.
    public static var time: ShardTime {
        ShardTime(
            now: Instant(nanoseconds: wiber_monotonic_nanoseconds()),
            wall: Timestamp(wiber_wall_nanoseconds())
        )
    }

    /// Listens, and lets the shard run.
    ///
    /// - Returns: the ports, which matter if 0 was asked for.
    /// - Throws: ``ListenError`` if a port cannot be had.
    @discardableResult
    public func start(
        client: ListenAddress,
        peer: ListenAddress?
    ) async throws(ListenError) -> Ports {
        logThread.start()
        flushThread.start()
        readThread.start()
        var ports = Ports(client: 0, peer: nil)
        if let peer { ports.peer = try await listen(peer, .peer) }
        ports.client = try await listen(client, .client)
        loop.execute {
            self.watchSpace()
            self.scheduleTurn()
        }
        return ports
    }

    /// Hands leadership over and says goodbye; ``Callbacks/stopped`` follows.
    public func stop() {
        loop.execute { self.handle(.shutdown) }
    }

    /// The same without haste, so that clients move first; ``stop()`` cuts it short.
    public func leave() {
        loop.execute { self.handle(.lameDuck) }
    }

    /// Closes every connection and ends the threads; nothing can be asked of the host after.
    ///
    /// Clients have a moment to read their last replies. A job that has begun is waited for.
    public func close() async {
        let channels = try? await loop.submit { self.beginFarewell() }.get()
        let closings = (channels ?? []).map(\.closeFuture)
        let all = EventLoopFuture.andAllComplete(closings, on: loop)
        let timeout = loop.scheduleTask(in: Self.farewellTime) {
            for channel in channels ?? [] { channel.close(promise: nil) }
        }
        try? await all.get()
        timeout.cancel()
        try? await logThread.shutdownGracefully()
        try? await flushThread.shutdownGracefully()
        try? await readThread.shutdownGracefully()
        try? await group.shutdownGracefully()
    }

    private func beginFarewell() -> [any Channel] {
        isEnding = true
        abandonCommands()
        timer?.task.cancel()
        for listener in listeners + clientListeners { listener.close(promise: nil) }
        let handlers = Array(connections.values)
        for handler in handlers { handler.close() }
        return handlers.compactMap(\.channel)
    }

    /// Looks at the shard on its loop.
    public func inspect<Result: Sendable>(
        _ body: @escaping @Sendable (ShardCore) -> Result
    ) async throws -> Result {
        try await loop.submit { body(self.core) }.get()
    }

    // MARK: Turns

    func handle(_ event: ShardEvent) {
        loop.preconditionInEventLoop()
        core.handle(event, at: Self.time)
        scheduleTurn()
    }

    /// Ends the turn once everything that is ready has been taken in.
    func scheduleTurn() {
        guard !isTurnScheduled, !isEnding else { return }
        isTurnScheduled = true
        loop.execute { self.endTurn() }
    }

    private func endTurn() {
        isTurnScheduled = false
        runTurn()
    }

    /// Ends the turn now; at the end of all nothing is decided or timed any more.
    func runTurn() {
        guard !isEnding else { return }
        core.endTurn(at: Self.time, effects: &effects)
        for effect in effects { perform(effect) }
        effects.removeAll(keepingCapacity: true)
        if !shared.isEmpty { shared.removeAll() }
        for handler in unflushed { handler.flush() }
        unflushed.removeAll(keepingCapacity: true)
        armTimer()
    }

    private func stopListening() {
        for listener in clientListeners { listener.close(promise: nil) }
        clientListeners = []
    }

    private func armTimer() {
        let deadline = core.nextDeadline
        if let timer, timer.at <= deadline { return }
        timer?.task.cancel()
        let wait = deadline.since(Self.time.now).nanoseconds
        let task = loop.scheduleTask(in: .nanoseconds(Int64(clamping: wait))) {
            self.timer = nil
            self.handle(.tick)
        }
        timer = (deadline, task)
    }

    private func perform(_ effect: ShardEffect) {
        switch effect {
        case .write(let connection, let bytes): write(bytes, to: connection)
        case .writeShared(let connection, let payload): write(payload, to: connection)
        case .close(let connection, _): close(connection)
        case .dial(let connection, let host, let port): dial(connection, host, port)
        case .setReading(let connection, let isReading):
            connections[connection]?.channel?.setOption(.autoRead, value: isReading)
                .whenFailure { _ in }  // Only a channel that is closed refuses.
        case .stopListening: stopListening()
        case .runLog(let job): run(job)
        case .runFlush(let job): run(job)
        case .runRead(let token, let plan): run(plan, token: token)
        case .runRecovery(let token, let plan): run(plan, token: token)
        case .adminDone(let token, let outcome): commandDone(token, outcome)
        case .trace(let event): callbacks.trace(event)
        case .fatal(let reason): callbacks.fatal(reason)
        case .stopped: callbacks.stopped()
        }
    }

    /// Writes much at once; what is little is flushed at the end of the turn, once for all that it
    /// brings.
    private func write(_ bytes: [UInt8], to connection: ConnectionID) {
        guard let handler = connections[connection] else { return }
        if Self.muchToWrite.contains(bytes.count) {
            return handler.writeAndFlush(bytes, by: &scratch)
        }
        handler.write(ByteBuffer(bytes: bytes))
        markUnflushed(handler)
    }

    /// All connections that get a payload share one buffer, also while they cannot be written to.
    private func write(_ payload: SharedBytes, to connection: ConnectionID) {
        guard let handler = connections[connection] else { return }
        let name = ObjectIdentifier(payload)
        let buffer = shared[name] ?? ByteBuffer(bytes: payload.bytes)
        shared[name] = buffer
        handler.write(buffer)
        markUnflushed(handler)
    }

    private func markUnflushed(_ handler: ConnectionHandler) {
        guard !handler.isUnflushed else { return }
        handler.isUnflushed = true
        unflushed.append(handler)
    }
}
