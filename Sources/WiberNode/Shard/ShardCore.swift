public import WiberBase
public import WiberLog
import WiberMeta
import WiberRaft
public import WiberTopic
import WiberWire

/// A shard: groups, clients and lanes, driven by events and answering with effects.
///
/// Everything that decides is here and runs in one thread without I/O, so that the simulator can
/// run it; the host only moves bytes and runs jobs (rules.md 23). A turn is a burst of events, then
/// one ``endTurn(at:effects:)``, in which chunks are sealed, frames built and jobs handed out.
public final class ShardCore {
    let configuration: NodeConfiguration
    let limits: NodeLimits
    let digester: Digester
    /// This node's number; it changes once, when a new node joins a cluster.
    var selfID: NodeID
    /// Reads from disk where blocking is fine: at the start.
    let startupReader: (ReadPlan) throws(LogError) -> [Chunk]
    var recoveredGroups: [Recovery.Group] = []
    var random: RandomSource
    /// The clocks at the last event.
    var time: ShardTime
    let startedAt: Instant
    var store: LogStore
    var meta = MetaState()
    var groups: ContiguousArray<Group> = []
    var slotOfGroup: [GroupID: Int] = [:]
    var slotOfName: [[UInt8]: Int] = [:]
    /// Places of topics that are gone, for new ones.
    var freeSlots: [Int] = []
    /// Replicas that leave this node.
    var departures: [GroupID: Departure] = [:]
    /// Clients that are gone, the latest ``closedConnectionsMax`` of them.
    var closedConnections = RingBuffer<ConnectionReport>()
    var sessions: [ConnectionID: Session] = [:]
    /// Clients that speak NATS.
    var nats: NATSHub
    /// Requests that a replica on another node answers, by the connection to it.
    var relays: [ConnectionID: Relay] = [:]
    /// Relays whose replica did not answer, until the next sweep.
    var waitingRelays: [Relay] = []
    /// By node number minus one; this node's own entry is unused, and there may be gaps.
    var peers: [Peer] = []
    /// The nodes as a member of the cluster has told them, while this one knows no better.
    var toldNodes: [NodeRecord] = []
    /// Whether others belong to the cluster of whom this node does not know.
    var isBehind = false
    /// The cluster that this node is about to join, and as which of its nodes.
    var joining: (cluster: UniqueID, node: NodeID)?
    /// Why this node may not join the cluster, as a member says.
    var joinRefusal: String?
    /// Why this node cannot work with the others: the cluster is at a feature level that it does not
    /// know, or they speak no common version of the protocol between nodes.
    var versionRefusal: String?
    /// Nodes of the configuration that belong to another cluster than this one.
    var foreignGreeters: Set<String> = []
    /// Since when others refuse this node while none accepts it.
    var refusedSince: Instant?
    /// Whether the configuration should be compared with the nodes that there are.
    var mustCompareNodes = false
    var peerOfLane: [ConnectionID: NodeID] = [:]
    /// Connections to the RPC port: the node, once its HELLO was accepted.
    var incoming: [ConnectionID: IncomingLane] = [:]
    /// Frames on lanes that this node dialled: only answers to HELLO come there.
    var outgoingReaders: [ConnectionID: FrameReader] = [:]
    var liveness = Liveness()
    /// The memory for message ids, of all topics together.
    let dedupBudget: DedupBudget
    let subjectBudget: SubjectBudget
    let deadlineBudget = DeadlineBudget()
    /// The slot that comes first when subjects are looked after.
    var firstSweptSlot = 0
    var batches: [UInt64: BatchState] = [:]
    var forwards: [UInt64: OutstandingForward] = [:]
    var histories: [UInt64: HistoryJob] = [:]
    /// Backups that are being read here, by their number.
    var backups: [UInt64: BackupSession] = [:]
    /// Messages that somebody waits for.
    var messageReads: [UInt64: MessageRead] = [:]
    var reads: [UInt64: PendingRead] = [:]
    /// Damage that is being put right, by token.
    var repairs: [UInt64: RepairTask] = [:]
    /// Impaired groups whose segments are being read, by token.
    var recoveries: [UInt64: (group: GroupID, span: UInt64)] = [:]
    /// Groups that are not in use and whose repair is tried again at ``nextRecovery``.
    var groupsToRecover: Set<GroupID> = []
    var nextRecovery = Instant.zero
    /// What is done for groups that are not in use because they were damaged.
    var wounds: [GroupID: WoundTask] = [:]
    /// Topics of which closed segments are being fetched.
    var pulls: [GroupID: PullTask] = [:]
    var scrub = Scrub()
    var rewriting = Rewriting()
    /// What is to be erased from the write-ahead log.
    var erasing = Erasing()
    /// Reads that are under way for repairs of other nodes.
    var repairsServing = 0
    /// Commands that are under way, by their number.
    var adminTasks: [UInt64: AdminTask] = [:]
    /// Commands on their way to a leader, by the number of the request.
    var commandRequests: [UInt64: UInt64] = [:]
    /// Reads that found no leader yet.
    var unaskedReads: [(group: GroupID, context: UInt64)] = []
    var pendingTopics: [[UInt8]: PendingTopic] = [:]
    /// Never the same in two processes of a node.
    var nextToken: UInt64
    var nextDialedConnection: UInt64 = 1
    var nextBeat = Instant.zero
    var nextSweep = Instant.zero
    var nextSessionSweep = Instant.zero
    /// Not later than the earliest deadline of any group.
    var nextRaftDeadline = Instant.zero
    var dirtyGroups: [Int] = []
    /// Groups whose forwarded publishes were refused: tried again at the next sweep.
    var retrySlots: Set<Int> = []
    /// Groups whose open chunk waits until the log thread is free.
    var postponedSlots: [Int] = []
    var touchedSessions: [ConnectionID] = []
    var pendingEffects: [ShardEffect] = []
    var counters = Counters()
    var hasLogJob = false
    var hasFlushJob = false
    /// When the log thread got its job, or was done with the last one.
    var logJobSince = Instant.zero
    /// `nil` while the disk has room.
    var fullDisk: FullDisk?
    /// What was last said of the file system, in bytes.
    var diskSpace: (free: UInt64, size: UInt64)?
    var diskUsage = DiskUsage()
    var shutdown: ShutdownState?
    /// `nil` unless the node is to stop without haste.
    var lameDuck: LameDuckState?
    var formationProposed = false
    /// When this node may tell its tags again.
    var nextTagWord = Instant.zero
    /// Topics of which it was said that no nodes will do for them.
    var topicsWithoutPlace: Set<String> = []
    /// Since when a topic of the configuration waits for a higher feature level.
    var levelWaitedSince: Instant?
    /// Topics of the configuration that somebody has deleted: they are not made again by themselves.
    var deletedByCommand: Set<String> = []
    /// Whether the meta leader should look again at what is to be proposed.
    var mustDecideMeta = true

    /// Starts a node from what its disk says.
    ///
    /// - Precondition: `recovery` came with `store`.
    public init(
        configuration: NodeConfiguration,
        limits: NodeLimits = NodeLimits(),
        store: LogStore,
        recovery: Recovery,
        reader: @escaping (ReadPlan) throws(LogError) -> [Chunk],
        digester: @escaping Digester,
        seed: UInt64,
        time: ShardTime
    ) {
        startupReader = reader
        self.configuration = configuration
        self.limits = limits
        self.store = store
        self.digester = digester
        self.time = time
        startedAt = time.now
        random = RandomSource(seed: seed)
        dedupBudget = DedupBudget(seed: seed)
        subjectBudget = SubjectBudget(seed: seed)
        let isBound =
            store.superblock.clusterID != .zero && !Mutant.nodeNumberListed.isOn
        selfID = isBound ? store.superblock.nodeID : configuration.nodeID
        let hasPort =
            configuration.nodes.first { $0.name == configuration.nodeName }?.rpcPort != nil
        nats = NATSHub(seed: seed, isAlone: !hasPort)
        let isNumberedAnew = Mutant.requestsNumberedAnew.isOn
        nextToken = isNumberedAnew ? 1 : Self.firstToken(store.superblock)
        addConfiguredPeers()
        recover(recovery)
        nodesChanged()
    }

    /// Takes in one event; what follows from it comes out of ``endTurn(at:effects:)``.
    public func handle(_ event: ShardEvent, at time: ShardTime) {
        self.time = time
        switch event {
        case .clientOpened(let connection, let address): openSession(connection, address)
        case .peerAccepted(let connection, let address):
            incoming[connection] = IncomingLane(address: address, since: time.now)
        case .dialed(let connection):
            if relays[connection] == nil { laneConnected(connection) }
        case .dialFailed(let connection, let reason): dialFailed(connection, reason)
        case .closed(let connection, let wasReset): closed(connection, wasReset: wasReset)
        case .inputEnded(let connection): inputEnded(connection)
        case .writable(let connection, let isWritable): writable(connection, isWritable)
        case .tick: break
        case .logCompleted(let job):
            diskWorked(.log)
            logCompleted(job)
            checkDiskQuota()
        case .flushCompleted(let job):
            diskWorked(.flush)
            hasFlushJob = false
            store.complete(job)
            repaired(job.repaired)
            continueRewrite()
        case .diskFull(let job, let path): diskFull(job, path)
        case .diskSpace(let free, let size): diskSpace(free, of: size)
        case .readCompleted(let token, let result): readCompleted(token, result)
        case .recoveryCompleted(let token, let result): recoveryCompleted(token, result)
        case .admin(let token, let command): administer(token, command)
        case .lameDuck: beginLameDuck()
        case .shutdown: beginShutdown()
        }
    }

    /// Takes in bytes of a client or of another node, borrowed for the time of the call.
    public func receive(
        _ connection: ConnectionID,
        _ bytes: UnsafeRawBufferPointer,
        at time: ShardTime
    ) {
        self.time = time
        if let client = nats.clients[connection] {
            counters.clientBytesReceived += UInt64(bytes.count)
            receive(bytes, from: client)
        } else if sessions[connection] != nil {
            receiveFromClient(connection, bytes)
        } else if incoming[connection] != nil {
            receiveOnIncomingLane(connection, bytes)
        } else if relays[connection] != nil {
            receiveOnRelay(connection, bytes)
        } else if let peer = peerOfLane[connection] {
            receiveOnOutgoingLane(connection, peer, bytes)
        }
    }

    /// Whether so much waits for clients that the turn should end before more is taken in.
    public var hasMuchToSend: Bool { nats.pendingBytes >= Self.muchToSend }

    private static let muchToSend = 256 << 10

    /// Ends a turn: everything that waited for more of the same goes out now.
    public func endTurn(at time: ShardTime, effects: inout [ShardEffect]) {
        self.time = time
        runTimers()
        var rounds = 0
        while hasUnfinishedTurn, rounds < 8 {
            rounds += 1
            let slots = dirtyGroups
            dirtyGroups.removeAll(keepingCapacity: true)
            for slot in slots { endTurn(of: slot) }
            flushSessions()
        }
        flushNATS()
        flushRoutes()
        handOutJobs()
        flushPeers()
        counters.turns += 1
        swap(&effects, &pendingEffects)
        pendingEffects.removeAll(keepingCapacity: true)
    }

    /// When ``ShardEvent/tick`` is due, if nothing else happens.
    public var nextDeadline: Instant {
        hasUnfinishedTurn
            ? time.now : min(min(nextBeat, nextSweep), min(nextRaftDeadline, sealDeadline))
    }

    private var hasUnfinishedTurn: Bool { !dirtyGroups.isEmpty || !touchedSessions.isEmpty }

    // MARK: Helpers that every part uses

    func emit(_ effect: ShardEffect) { pendingEffects.append(effect) }

    func trace(
        _ level: TraceEvent.Level,
        _ message: StaticString,
        _ metadata: [(String, String)] = []
    ) {
        emit(.trace(TraceEvent(level: level, message: message, metadata: metadata)))
    }

    /// A number for a request, which no other request of this node has, or had before a restart: an
    /// answer that comes late must never pass for that to another request.
    func token() -> UInt64 {
        defer { nextToken &+= 1 }
        return nextToken
    }

    private static func firstToken(_ superblock: Superblock) -> UInt64 {
        superblock.incarnation << 40 | superblock.storeID.low >> 25
    }

    func markDirty(_ slot: Int) {
        guard !groups[slot].isDirty else { return }
        groups[slot].isDirty = true
        dirtyGroups.append(slot)
    }

    func touch(_ connection: ConnectionID) {
        guard sessions[connection]?.isTouched == false else { return }
        sessions[connection]?.isTouched = true
        touchedSessions.append(connection)
    }

    func name(of node: NodeID) -> String {
        let number = Int(node.node.rawValue)
        return number == 0 || number > peers.count ? "unknown" : peers[number - 1].address.name
    }

    /// The place of another node in `peers`.
    func place(of node: NodeID) -> Int? {
        let place = Int(node.node.rawValue) - 1
        guard place >= 0, place < peers.count, node.node != selfID, peers[place].isPresent else {
            return nil
        }
        return place
    }

    private func handOutJobs() {
        guard shutdown?.isOver != true else { return }
        if !hasLogJob, let job = store.nextJob() {
            hasLogJob = true
            logJobSince = time.now
            emit(.runLog(job))
        }
        if !hasFlushJob, let job = store.nextFlush() {
            hasFlushJob = true
            emit(.runFlush(job))
        }
    }
}
