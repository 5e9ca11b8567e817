import CWiber
import NIOCore
public import NIOPosix
import WiberBase
public import WiberLog
public import WiberNode

// SAFETY: everything but `start` and `inspect` is touched on `loop` only, which the
// entry points check; the shard itself never leaves it.
/// Runs a shard on one event loop: sockets, the timer, and the threads that block for it.
public final class ShardHost: @unchecked Sendable {
    /// What the host does with what the shard says about itself.
    public struct Callbacks: Sendable {
        /// Something to log.
        public var trace: @Sendable (TraceEvent) -> Void
        /// The process must end, and why.
        public var fatal: @Sendable (String) -> Void
        /// An orderly stop is complete.
        public var stopped: @Sendable () -> Void
        /// What is told to whom.
        public init(
            trace: @escaping @Sendable (TraceEvent) -> Void,
            fatal: @escaping @Sendable (String) -> Void,
            stopped: @escaping @Sendable () -> Void
        ) {
            self.trace = trace
            self.fatal = fatal
            self.stopped = stopped
        }
    }

    /// The most connections at a time.
    public static let connectionsMax = 65_536

    let loop: any EventLoop
    private let core: ShardCore
    private let disk: any Disk
    private let callbacks: Callbacks
    private let group: MultiThreadedEventLoopGroup
    private let logThread = NIOThreadPool(numberOfThreads: 1)
    private let flushThread = NIOThreadPool(numberOfThreads: 1)
    private let readThreads = NIOThreadPool(numberOfThreads: 1)
    private var channels: [ConnectionID: any Channel] = [:]
    private var listeners: [any Channel] = []
    private var nextConnection: UInt64 = 2
    private var effects: [ShardEffect] = []
    private var isTurnScheduled = false
    private var timer: (at: Instant, task: Scheduled<Void>)?

    /// Takes a shard over; nothing runs before ``start(client:peer:)``.
    public init(
        group: MultiThreadedEventLoopGroup,
        core: sending ShardCore,
        disk: any Disk,
        callbacks: Callbacks
    ) {
        self.group = group
        loop = group.next()
        self.core = core
        self.disk = disk
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
    /// - Throws: ``ListenError`` if a port cannot be had.
    public func start(client: ListenAddress, peer: ListenAddress?) async throws {
        logThread.start()
        flushThread.start()
        readThreads.start()
        if let peer { try await listen(peer, .peer) }
        try await listen(client, .client)
        loop.execute { self.scheduleTurn() }
    }

    /// Hands leadership over and says goodbye; ``Callbacks/stopped`` follows.
    public func stop() {
        loop.execute { self.handle(.shutdown) }
    }

    /// Closes every connection and ends the threads.
    public func close() async {
        let channels = try? await loop.submit { self.listeners + Array(self.channels.values) }.get()
        for channel in channels ?? [] { try? await channel.close() }
        try? await logThread.shutdownGracefully()
        try? await flushThread.shutdownGracefully()
        try? await readThreads.shutdownGracefully()
    }

    /// Looks at the shard on its loop.
    public func inspect<Result: Sendable>(
        _ body: @escaping @Sendable (ShardCore) -> Result
    ) async throws -> Result {
        try await loop.submit { body(self.core) }.get()
    }

    // MARK: Connections

    private func listen(_ address: ListenAddress, _ origin: ConnectionHandler.Origin) async throws {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: Self.waterMark)
            .childChannelOption(.recvAllocator, value: Self.receiveAllocator)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel, origin) }
            }
        do {
            let channel = try await bootstrap.bind(host: address.host, port: address.port).get()
            try await loop.submit { self.listeners.append(channel) }.get()
        } catch {
            throw ListenError(address: address, reason: "\(error)")
        }
    }

    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(
        low: 256 << 10,
        high: 1 << 20
    )
    private static let receiveAllocator = AdaptiveRecvByteBufferAllocator(
        minimum: 1_024,
        initial: 4_096,
        maximum: 256 << 10
    )

    private func accept(_ channel: any Channel, _ origin: ConnectionHandler.Origin) throws {
        guard channels.count < Self.connectionsMax else {
            callbacks.trace(
                TraceEvent(
                    level: .warning,
                    message: "connection refused: too many",
                    metadata: [("limit", "\(Self.connectionsMax)")]
                )
            )
            throw ChannelError.operationUnsupported
        }
        let connection = ConnectionID(rawValue: nextConnection)
        nextConnection += 2
        try channel.pipeline.syncOperations.addHandler(
            ConnectionHandler(host: self, connection: connection, origin: origin)
        )
    }

    func opened(
        _ connection: ConnectionID,
        _ channel: any Channel,
        _ origin: ConnectionHandler.Origin,
        _ address: String
    ) {
        channels[connection] = channel
        switch origin {
        case .client: handle(.clientOpened(connection, address: address))
        case .peer: handle(.peerAccepted(connection, address: address))
        case .dialed: handle(.dialed(connection))
        }
    }

    func received(_ connection: ConnectionID, _ bytes: UnsafeRawBufferPointer) {
        core.receive(connection, bytes, at: Self.time)
        scheduleTurn()
    }

    func writable(_ connection: ConnectionID, _ isWritable: Bool) {
        handle(.writable(connection, isWritable))
    }

    func closed(_ connection: ConnectionID, wasReset: Bool) {
        guard channels.removeValue(forKey: connection) != nil else { return }
        handle(.closed(connection, wasReset: wasReset))
    }

    private func dial(_ connection: ConnectionID, _ host: String, _ port: Int) {
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(1))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 4 << 20, high: 16 << 20))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionHandler(host: self, connection: connection, origin: .dialed)
                    )
                }
            }
            .connect(host: host, port: port)
            .whenFailure { error in
                self.handle(.dialFailed(connection, reason: "\(error)"))
            }
    }

    // MARK: Turns

    private func handle(_ event: ShardEvent) {
        loop.preconditionInEventLoop()
        core.handle(event, at: Self.time)
        scheduleTurn()
    }

    /// Ends the turn once everything that is ready has been taken in.
    private func scheduleTurn() {
        guard !isTurnScheduled else { return }
        isTurnScheduled = true
        loop.execute { self.endTurn() }
    }

    private func endTurn() {
        isTurnScheduled = false
        effects.removeAll(keepingCapacity: true)
        core.endTurn(at: Self.time, effects: &effects)
        for effect in effects { perform(effect) }
        armTimer()
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
        case .write(let connection, let bytes):
            guard let channel = channels[connection] else { return }
            channel.writeAndFlush(channel.allocator.buffer(bytes: bytes), promise: nil)
        case .close(let connection, _): close(connection)
        case .dial(let connection, let host, let port): dial(connection, host, port)
        case .setReading(let connection, let isReading):
            channels[connection]?.setOption(.autoRead, value: isReading).whenFailure { _ in }
        case .runLog(let job): run(job)
        case .runFlush(let job): run(job)
        case .runRead(let token, let plan): run(plan, token)
        case .trace(let event): callbacks.trace(event)
        case .fatal(let reason): callbacks.fatal(reason)
        case .stopped: callbacks.stopped()
        }
    }

    /// Closes once what was written is out: an empty write ends after all before it.
    private func close(_ connection: ConnectionID) {
        guard let channel = channels[connection] else { return }
        // Who does not read would keep its connection for ever.
        guard channel.isWritable else { return channel.close(promise: nil) }
        channel.writeAndFlush(channel.allocator.buffer(capacity: 0)).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    // MARK: Threads that block

    private func run(_ job: LogJob) {
        logThread.submit { _ in
            do throws(DiskError) {
                try job.run(on: self.disk)
            } catch {
                return self.callbacks.fatal("\(error)")  // Rule 6: nothing is known any more.
            }
            self.loop.execute { self.handle(.logCompleted(job)) }
        }
    }

    private func run(_ job: FlushJob) {
        flushThread.submit { _ in
            do throws(DiskError) {
                try job.run(on: self.disk)
            } catch {
                return self.callbacks.fatal("\(error)")
            }
            self.loop.execute { self.handle(.flushCompleted(job)) }
        }
    }

    private func run(_ plan: ReadPlan, _ token: UInt64) {
        readThreads.submit { _ in
            let result = Result { () throws(LogError) in try plan.run(on: self.disk) }
            self.loop.execute { self.handle(.readCompleted(token: token, result)) }
        }
    }
}
