public import WiberBase
public import WiberLog

/// A connection of the shard: the host gives even numbers to those it accepts, the shard odd ones
/// to those it dials.
public struct ConnectionID: Hashable, Sendable, CustomStringConvertible {
    /// The bare number.
    public let rawValue: UInt64
    /// Wraps a number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// The bare number.
    public var description: String { String(rawValue) }
}

/// What the clocks say when something happens.
public struct ShardTime: Sendable {
    /// The monotonic clock: timeouts and intervals.
    public var now: Instant
    /// The wall clock: what messages are stamped with; safety never depends on it.
    public var wall: Timestamp
    /// Both clocks.
    public init(now: Instant, wall: Timestamp) {
        self.now = now
        self.wall = wall
    }
}

/// What happens to a shard.
public enum ShardEvent: Sendable {
    /// A client connected.
    case clientOpened(ConnectionID, address: String)
    /// Another node connected to the RPC port.
    case peerAccepted(ConnectionID, address: String)
    /// A `.dial` succeeded.
    case dialed(ConnectionID)
    /// A `.dial` failed.
    case dialFailed(ConnectionID, reason: String)
    /// A connection is gone.
    case closed(ConnectionID, wasReset: Bool)
    /// A client sends no more, but still reads.
    case inputEnded(ConnectionID)
    /// The buffer towards a connection is below (`true`) or above its limit.
    case writable(ConnectionID, Bool)
    /// `nextDeadline` has passed.
    case tick
    /// A `.runLog` is done.
    case logCompleted(LogJob)
    /// A `.runFlush` is done.
    case flushCompleted(FlushJob)
    /// A `.runLog` or `.runFlush` met a full disk; the host runs it again until it succeeds.
    case diskFull(DiskJob, path: String)
    /// How many bytes of the file system of the data directory are free, and how many it has.
    case diskSpace(free: UInt64, of: UInt64)
    /// A `.runRead` is done.
    case readCompleted(token: UInt64, Result<[Chunk], LogError>)
    /// A `.runRecovery` is done.
    case recoveryCompleted(token: UInt64, Result<GroupRecovery.Outcome, LogError>)
    /// Somebody who runs the cluster asks for something; `.adminDone` follows with this number.
    case admin(UInt64, AdminCommand)
    /// The process was asked to stop without haste: clients first.
    case lameDuck
    /// The process was asked to stop.
    case shutdown
}

/// The kinds of jobs that write.
public enum DiskJob: Sendable {
    /// A `.runLog`.
    case log
    /// A `.runFlush`.
    case flush
    /// None: less than the reserve is free, so that jobs still find room.
    case reserve
    /// None: the data directory holds nearly as much as it may.
    case quota
}

/// What a shard wants done; the order is the order of the effects.
public enum ShardEffect: Sendable {
    /// Send bytes on a connection.
    case write(ConnectionID, [UInt8])
    /// Send bytes that others get too.
    case writeShared(ConnectionID, SharedBytes)
    /// Close a connection once what was written is out.
    case close(ConnectionID, reason: String)
    /// Connect to another node.
    case dial(ConnectionID, host: String, port: Int)
    /// Stop or go on reading from a connection.
    case setReading(ConnectionID, Bool)
    /// Accept no more clients.
    case stopListening
    /// Run on the log thread, then `.logCompleted`.
    case runLog(LogJob)
    /// Run on the flush thread, then `.flushCompleted`.
    case runFlush(FlushJob)
    /// Run on a read thread, then `.readCompleted`.
    case runRead(token: UInt64, ReadPlan)
    /// Run on a read thread, then `.recoveryCompleted`.
    case runRecovery(token: UInt64, GroupRecovery)
    /// What became of an `.admin`.
    case adminDone(UInt64, AdminOutcome)
    /// Something to log.
    case trace(TraceEvent)
    /// Say why on standard error, and exit with a failure.
    case fatal(String)
    /// The shutdown is complete.
    case stopped
}

/// Something worth a line in the log.
public struct TraceEvent: Sendable {
    /// How much it matters.
    public enum Level: Sendable {
        /// For developers.
        case debug
        /// Normal, and worth knowing.
        case info
        /// Not normal.
        case warning
        /// Somebody has to act.
        case error
    }
    /// How much it matters.
    public var level: Level
    /// What happened: constant for all events of the kind.
    public var message: StaticString
    /// The facts.
    public var metadata: [(String, String)]
    /// An event.
    public init(level: Level, message: StaticString, metadata: [(String, String)]) {
        self.level = level
        self.message = message
        self.metadata = metadata
    }
}

/// One figure of `/metrics`.
public struct Metric: Sendable {
    /// How a figure behaves.
    public enum Kind: String, Sendable {
        /// Only grows.
        case counter
        /// Moves freely.
        case gauge
    }
    /// The name in Prometheus form.
    public var name: String
    /// What it counts, in a sentence.
    public var help: String
    /// How it behaves.
    public var kind: Kind
    /// What it is about.
    public var labels: [(String, String)]
    /// The figure.
    public var value: Double
    /// A figure.
    public init(
        name: String,
        help: String,
        kind: Kind,
        labels: [(String, String)],
        value: Double
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.value = value
    }
}
