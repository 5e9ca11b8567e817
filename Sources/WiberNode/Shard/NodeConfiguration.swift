public import WiberBase

/// Where one node of the configuration listens.
public struct NodeAddress: Equatable, Sendable {
    /// The node's id in the configuration.
    public var name: String
    /// What others dial.
    public var host: String
    /// The client port.
    public var port: Int
    /// The port for other nodes; `nil` for a node without a cluster.
    public var rpcPort: Int?
    /// The HTTP port.
    public var httpPort: Int
    /// The address to bind.
    public var listen: String

    /// One node's addresses.
    public init(
        name: String,
        host: String,
        port: Int,
        rpcPort: Int?,
        httpPort: Int,
        listen: String
    ) {
        self.name = name
        self.host = host
        self.port = port
        self.rpcPort = rpcPort
        self.httpPort = httpPort
        self.listen = listen
    }
}

/// How a node leaves whose clients have time to move.
public struct LameDuckConfiguration: Equatable, Sendable {
    /// From the request to the end, at most; a node without clients ends at once.
    public var duration = Instant.Span.seconds(120)
    /// How much of it clients have to leave by themselves; then they are disconnected one by one.
    public var grace = Instant.Span.seconds(10)

    /// Two minutes, and ten seconds, as nats-server has it.
    public init() {}
}

/// What a node is told at its start; afterwards the meta group is the truth.
public struct NodeConfiguration: Sendable {
    /// The cluster's name, for people.
    public var cluster: String
    /// This node's id.
    public var nodeName: String
    /// All nodes, sorted by id; a node's number is its place in this list, from 1.
    public var nodes: [NodeAddress]
    /// Whether it only joins a cluster that there is, and never helps to form one.
    public var onlyJoins = false
    /// The topics to create if they are missing.
    public var topics: [TopicConfiguration]
    /// Whether PUB and SUB create a missing topic.
    public var autoCreateTopics: Bool
    /// The version that INFO states.
    public var version: String
    /// How it leaves in lame duck mode.
    public var lameDuck: LameDuckConfiguration
    /// What must be free on its disk, in bytes, or publishes are refused; `nil`: 5 % of the file
    /// system, 256 MiB at most.
    public var diskReserve: UInt64?
    /// The most bytes that its data directory may hold; `nil`: as many as there are.
    public var diskQuota: UInt64?
    /// What it has and where it is; ``NodeTag`` says what a tag can be.
    public var tags: [String] = []
    /// The feature levels at which it works: what this binary can, or less.
    public var levels = LevelRange.supported
    /// The versions of the protocol between nodes that it speaks.
    public var wire = WireVersions.supported

    /// What a node is told.
    ///
    /// - Precondition: `nodes` is sorted by id, without repeats, and has `nodeName`.
    public init(
        cluster: String,
        nodeName: String,
        nodes: [NodeAddress],
        topics: [TopicConfiguration] = [],
        autoCreateTopics: Bool = true,
        version: String = "0.1.0",
        lameDuck: LameDuckConfiguration = LameDuckConfiguration()
    ) {
        self.cluster = cluster
        self.nodeName = nodeName
        self.nodes = nodes
        self.topics = topics
        self.autoCreateTopics = autoCreateTopics
        self.version = version
        self.lameDuck = lameDuck
    }

    /// This node's number.
    public var nodeID: NodeID {
        NodeID(UInt64((nodes.firstIndex { $0.name == nodeName } ?? -1) + 1))
    }

    /// A hash of the list, so that nodes with different lists do not form a cluster (rule 17).
    var listHash: UInt64 {
        var text = cluster
        for node in nodes { text += "|\(node.name) \(node.host) \(node.port) \(node.rpcPort ?? 0)" }
        let bytes = Array(text.utf8)
        let low = CRC32C.checksum(bytes)
        let high = bytes.withUnsafeBytes { CRC32C.checksum($0, from: 0x5749_4245) }
        return UInt64(high) << 32 | UInt64(low)
    }
}

/// The limits of a shard; each has a metric.
public struct NodeLimits: Sendable {
    /// Requests of one connection that wait for their reply.
    public var requestsPerConnection = 65_536
    /// Bytes of publishes of one connection that wait for their reply.
    public var pendingBytesPerConnection = 8 << 20
    /// Bytes that wait for a topic's leader.
    public var outboxBytes = 32 << 20
    /// How long a publish waits for a leader before it is refused (rule 14).
    public var leaderWait = Instant.Span.seconds(2)
    /// How long the leader's answer may take before the outcome is unknown.
    public var answerWait = Instant.Span.seconds(10)
    /// How long a client may not read before it is disconnected.
    public var slowReader = Instant.Span.seconds(10)
    /// How long a begun line may stay unfinished.
    public var halfLine = Instant.Span.seconds(60)
    /// Bytes of `MSG` lines to one connection a turn.
    public var deliveryBytesPerTurn = 256 << 10
    /// Bytes of one HISTORY reply.
    public var historyBytes = 8 << 20
    /// Messages of one HISTORY reply.
    public var historyMessages: UInt64 = 1_000
    /// Subscriptions of one connection.
    public var subscriptionsPerConnection = 1_024
    /// Subscriptions of one connection that speaks NATS.
    public var natsSubscriptionsPerConnection = 2_000_000
    /// Bytes that wait for a client that speaks NATS, before it is disconnected.
    public var natsPendingBytes = 64 << 20
    /// The time between two PINGs to a silent client that speaks NATS.
    public var pingInterval = Instant.Span.seconds(120)
    /// How many PINGs may stay without an answer.
    public var pingsMax = 2
    /// Topics that wait for their creation.
    public var pendingTopics = 1_024
    /// From when on a flush of the log is worth a line.
    public var slowFlush = Instant.Span.milliseconds(200)
    /// From when on a flush that does not end counts as a stall (rule 11).
    public var diskStall = Instant.Span.milliseconds(500)
    /// After this time without writes the log's end is sealed (rule 4).
    public var sealAfter = Instant.Span.milliseconds(20)
    /// How long damage may take to be repaired before the reads that wait for it fail.
    public var repairWait = Instant.Span.seconds(10)
    /// How long one node may take to answer for a repair before another is asked.
    public var repairAnswerWait = Instant.Span.seconds(1)
    /// The time after all nodes were asked for a repair, before they are asked again.
    public var repairPause = Instant.Span.milliseconds(200)
    /// Reads that wait for one repair.
    public var readsPerRepair = 256
    /// How fast segments are verified in the background, in bytes; 0: not at all.
    public var scrubBytesPerSecond = 4 << 20
    /// How long after the start the first verification begins.
    public var scrubDelay = Instant.Span.seconds(60)
    /// The time from one verification of all segments to the next, at least.
    public var scrubInterval = Instant.Span.seconds(3_600)
    /// How fast segments are read that are written anew without what is gone, in bytes; 0: none is.
    public var rewriteBytesPerSecond = 32 << 20
    /// The time from one look at all segments to the next.
    public var rewritePause = Instant.Span.seconds(1)
    /// The time from one overwriting of the write-ahead log, for what is erased, to the next.
    public var erasePause = Instant.Span.seconds(2)
    /// Reads under way at a time for repairs of other nodes.
    public var repairReads = 8
    /// A follower that lacks so many bytes of closed segments is to fetch them.
    public var catchUpBytes = 8 << 20
    /// How long it may get no further before it is sent entries.
    public var catchUpPatience = Instant.Span.seconds(3)
    /// For how long then.
    public var catchUpRefusal = Instant.Span.seconds(30)
    /// The time between two snapshots of a topic for a node.
    public var snapshotPause = Instant.Span.milliseconds(200)
    /// After this time without a word from a replica's node, entries that have left the topic are no
    /// longer kept for it: it gets a snapshot when it is back.
    public var replicaAbsence = Instant.Span.seconds(10)
    /// The time between two beats to a node.
    public var beatInterval = Instant.Span.milliseconds(50)

    /// The defaults.
    public init() {}
}
