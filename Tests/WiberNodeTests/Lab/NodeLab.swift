import Testing
import WiberBase
import WiberLog
import WiberTopic

@testable import WiberNode

/// A cluster in one process, on simulated time: everything that happens follows from the seed.
final class NodeLab {
    typealias Action = (NodeLab) -> Void

    struct Options {
        var nodes = 3
        /// Whether a node that is alone has a port for others.
        var hasPeerPorts = true
        var seed: UInt64 = 1
        var topics: [TopicConfiguration] = []
        var autoCreateTopics = true
        var limits = NodeLimits()
        var log = NodeLab.smallLog
        /// The tags of the first machines.
        var tags: [[String]] = []
        var diskQuota: UInt64?
        /// What the first nodes run at first.
        var release = Release.new
        /// Milliseconds that a job of the log thread takes at most.
        var slowestJob: UInt64 = 3
    }

    /// Files so small that a few hundred messages reach segments and leave the memory.
    static var smallLog: LogOptions {
        var options = LogOptions()
        options.hasReplicas = true
        options.walFileSize = 64 << 10
        options.firstWALFileSize = 32 << 10
        options.segmentSize = 32 << 10
        options.flushThreshold = 4 << 10
        options.flushTarget = 16 << 10
        options.sparseInterval = 2 << 10
        options.retainedBytes = 4 << 10
        options.memoryBudget = 1 << 20
        options.blockLength = 2 << 10
        return options
    }

    let options: Options
    var random: RandomSource
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var machines: [Machine] = []
    /// A digest of everything that the nodes did.
    private(set) var trace: UInt64 = 0xcbf2_9ce4_8422_2325
    /// The last lines of the nodes' logs, for the message of a failed test.
    private(set) var story: [String] = []
    private(set) var links: [Link] = []
    /// Pairs of machines between which nothing passes, smaller number first.
    private(set) var cuts: Set<[Int]> = []
    private(set) var turns = 0
    private var agenda = Agenda<Action>()
    private var clients = 0

    init(_ options: Options = Options()) {
        self.options = options
        random = RandomSource(seed: options.seed)
        for place in 0..<options.nodes {
            machines.append(Machine(place: place))
            machines[place].release = options.release
        }
        for (place, tags) in options.tags.enumerated() { machines[place].tags = tags }
        for place in machines.indices { start(place) }
    }

    convenience init(nodes: Int, seed: UInt64 = 1) {
        var options = Options()
        options.nodes = nodes
        options.seed = seed
        self.init(options)
    }

    /// Adds a machine with an empty disk, which is not started; its configuration has the first nodes
    /// and itself.
    func addMachine(_ name: String) -> Int {
        machines.append(Machine(place: machines.count, name: name))
        return machines.count - 1
    }

    // MARK: Time

    func after(_ span: Instant.Span, _ action: @escaping Action) {
        agenda.add(action, at: now + span)
    }

    /// Microseconds at random.
    func microseconds(_ range: ClosedRange<UInt64>) -> Instant.Span {
        Instant.Span(nanoseconds: UInt64.random(in: range, using: &random) * 1_000)
    }

    func run(for span: Instant.Span) {
        let end = now + span
        while let next = agenda.nextTime, next <= end { runNext() }
        now = end
    }

    /// Runs until something holds; returns whether it did within a time.
    func run(within span: Instant.Span = .seconds(20), until condition: () -> Bool) -> Bool {
        let end = now + span
        while !condition() {
            guard let next = agenda.nextTime, next <= end else {
                now = end
                return condition()
            }
            runNext()
        }
        return true
    }

    private func runNext() {
        guard let (time, action) = agenda.popFirst() else { return }
        now = max(now, time)
        action(self)
    }

    func time(_ place: Int) -> ShardTime {
        let wall = 1_767_225_600_000_000_000 + now.nanoseconds + machines[place].clockAhead
        return ShardTime(now: now, wall: Timestamp(wall))
    }

    // MARK: Machines

    /// Starts a machine's process on what its disk holds.
    func start(_ place: Int) {
        let machine = machines[place]
        guard machine.core == nil else { return }
        machine.epoch += 1
        machine.nextConnection = 2
        machine.failure = nil
        let disk = machine.disk
        var identity = LogIdentity(
            nodeID: configuration(place).nodeID,
            nodeName: machine.name,
            newStoreID: UniqueID(high: random.next(), low: random.next() | 1),
            bootID: machine.bootID
        )
        identity.levels = machine.release.levels
        identity.software = machine.release.name
        do throws(LogError) {
            let (store, recovery) = try LogStore.open(
                disk,
                options: options.log,
                identity: identity
            )
            machine.core = ShardCore(
                configuration: configuration(place),
                limits: options.limits,
                store: store,
                recovery: recovery,
                reader: { (plan) throws(LogError) in try plan.run(on: disk) },
                digester: Self.digester,
                seed: random.next(),
                time: time(place)
            )
        } catch {
            machine.failure = "\(error)"
            return
        }
        resetLinks(of: place)
        scheduleTurn(place)
    }

    /// Where a machine is.
    func address(_ place: Int) -> NodeAddress {
        let machine = machines[place]
        return NodeAddress(
            name: machine.name,
            host: machine.host ?? machine.name,
            port: 4_000 + place,
            rpcPort: options.nodes > 1 || options.hasPeerPorts ? 5_000 + place : nil,
            httpPort: 8_000 + place,
            listen: "127.0.0.1"
        )
    }

    private func configuration(_ place: Int) -> NodeConfiguration {
        let own = address(place)
        let others = (0..<options.nodes).map { address($0) }.filter { $0.name != own.name }
        var configuration = NodeConfiguration(
            cluster: "lab",
            nodeName: own.name,
            nodes: (others + [own]).sorted { $0.name < $1.name },
            topics: options.topics,
            autoCreateTopics: options.autoCreateTopics,
            version: machines[place].release.name
        )
        configuration.tags = machines[place].tags
        configuration.diskQuota = options.diskQuota
        configuration.levels = machines[place].release.levels
        configuration.wire = machines[place].release.wire
        return configuration
    }

    static let digester: Digester = { bytes in
        var high: UInt64 = 0xcbf2_9ce4_8422_2325
        var low: UInt64 = 0x9e37_79b9_7f4a_7c15
        for byte in bytes {
            high = (high ^ UInt64(byte)) &* 0x100_0000_01b3
            low = (low ^ UInt64(byte)) &* 0xff51_afd7_ed55_8ccd
        }
        return Digest128(high: high, low: low)
    }

    /// Kills a machine's process: what it wrote is in the page cache, its connections are reset.
    func kill(_ place: Int) {
        guard machines[place].core != nil else { return }
        interruptJob(place)
        machines[place].disk = machines[place].disk.afterProcessCrash()
        ended(place)
        resetLinks(of: place)
    }

    /// Cuts a machine's power: what was not synced may be lost, and nobody is told.
    func cutPower(_ place: Int) {
        guard machines[place].core != nil else { return }
        interruptJob(place)
        machines[place].disk = machines[place].disk.afterPowerCut(seed: random.next())
        machines[place].bootID = UniqueID(high: random.next(), low: 1)
        machines[place].isSilent = true
        ended(place)
    }

    /// Takes a machine's data away.
    func wipe(_ place: Int) {
        kill(place)
        machines[place].disk = MemoryDisk()
    }

    private func ended(_ place: Int) {
        machines[place].core = nil
        machines[place].logJob = nil
        machines[place].epoch += 1
        machines[place].timer = nil
        machines[place].isTurnScheduled = false
    }

    /// Lets the job that is under way stop anywhere.
    private func interruptJob(_ place: Int) {
        guard let job = machines[place].logJob else { return }
        let disk = machines[place].disk
        let operation = disk.operations + Int.random(in: 1...6, using: &random)
        disk.fail(at: operation, .crash, seed: random.next())
        try? job.run(on: disk)  // It throws where the crash is; the process is gone anyway.
    }

    // MARK: Turns

    func handle(_ place: Int, _ event: ShardEvent) {
        machines[place].core?.handle(event, at: time(place))
        scheduleTurn(place)
    }

    func receive(_ place: Int, _ connection: ConnectionID, _ bytes: [UInt8]) {
        let time = time(place)
        bytes.withUnsafeBytes { machines[place].core?.receive(connection, $0, at: time) }
        scheduleTurn(place)
    }

    private func scheduleTurn(_ place: Int) {
        guard machines[place].core != nil, !machines[place].isTurnScheduled else { return }
        machines[place].isTurnScheduled = true
        onMachine(place, after: microseconds(1...20)) { lab, _ in lab.endTurn(place) }
    }

    /// Lets something happen later, unless the process has ended by then.
    func onMachine(
        _ place: Int,
        after span: Instant.Span,
        _ action: @escaping (NodeLab, Machine) -> Void
    ) {
        let epoch = machines[place].epoch
        after(span) { lab in
            let machine = lab.machines[place]
            guard machine.epoch == epoch, machine.core != nil else { return }
            action(lab, machine)
        }
    }

    private func endTurn(_ place: Int) {
        let machine = machines[place]
        machine.isTurnScheduled = false
        turns += 1
        var effects: [ShardEffect] = []
        machine.core?.endTurn(at: time(place), effects: &effects)
        for effect in effects where machine.core != nil { perform(effect, place) }
        armTimer(place)
    }

    private func armTimer(_ place: Int) {
        let machine = machines[place]
        guard let deadline = machine.core?.nextDeadline else { return }
        if let timer = machine.timer, timer <= deadline { return }
        machine.timer = deadline
        onMachine(place, after: max(deadline.since(now), .init(nanoseconds: 1_000))) {
            lab,
            machine in
            guard machine.timer == deadline else { return }
            machine.timer = nil
            lab.handle(place, .tick)
        }
    }

    private func perform(_ effect: ShardEffect, _ place: Int) {
        let machine = machines[place]
        switch effect {
        case .write(let connection, let bytes):
            note(place, "write \(connection) \(bytes.count)", digest: bytes)
            write(place, connection, bytes)
        case .writeShared(let connection, let payload):
            note(place, "write \(connection) \(payload.bytes.count)", digest: payload.bytes)
            write(place, connection, payload.bytes)
        case .close(let connection, let reason):
            note(place, "close \(connection) \(reason)")
            close(place, connection)
        case .dial(let connection, _, let port): dial(place, connection, port)
        case .adminDone(_, let outcome): machine.outcomes.append(outcome)
        case .setReading(let connection, let isReading):
            note(place, "reading \(connection) \(isReading)")
        case .runLog(let job):
            machine.logJob = job
            run(place, .log, within: options.slowestJob) { machine throws(DiskError) in
                machine.logJob = nil
                try job.run(on: machine.disk)
                return .logCompleted(job)
            }
        case .runFlush(let job):
            run(place, .flush, within: 2 * options.slowestJob) { machine throws(DiskError) in
                try job.run(on: machine.disk)
                return .flushCompleted(job)
            }
        case .runRead(let token, let plan):
            onMachine(place, after: microseconds(50...2_000)) { lab, machine in
                let disk = machine.disk
                let result = Result { () throws(LogError) in try plan.run(on: disk) }
                lab.handle(place, .readCompleted(token: token, result))
            }
        case .runRecovery(let token, let plan):
            onMachine(place, after: microseconds(50...2_000)) { lab, machine in
                let disk = machine.disk
                let result = Result { () throws(LogError) in try plan.run(on: disk) }
                lab.handle(place, .recoveryCompleted(token: token, result))
            }
        case .trace(let event):
            let facts = event.metadata.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
            note(place, "\(event.message) \(facts)")
        case .stopListening: break
        case .fatal(let reason): failed(place, reason)
        case .stopped:
            note(place, "stopped")
            ended(place)
            resetLinks(of: place)
        }
    }

    /// Runs a job that writes, again and again while the disk is full.
    private func run(
        _ place: Int,
        _ kind: DiskJob,
        within milliseconds: UInt64,
        _ job: @escaping (Machine) throws(DiskError) -> ShardEvent
    ) {
        onMachine(place, after: microseconds(100...milliseconds * 1_000)) { lab, machine in
            do throws(DiskError) { lab.handle(place, try job(machine)) } catch {
                guard error.isNoSpace else { return lab.failed(place, "\(error)") }
                lab.handle(place, .diskFull(kind, path: error.path))
                lab.run(place, kind, within: 200, job)
            }
        }
    }

    private func failed(_ place: Int, _ reason: String) {
        note(place, "fatal: \(reason)")
        machines[place].failure = reason
        kill(place)
    }

    private func note(_ place: Int, _ text: String, digest bytes: [UInt8] = []) {
        for byte in text.utf8 { trace = (trace ^ UInt64(byte)) &* 0x100_0000_01b3 }
        trace = (trace ^ now.nanoseconds ^ UInt64(place) << 60) &* 0x100_0000_01b3
        trace = (trace ^ UInt64(CRC32C.checksum(bytes))) &* 0x100_0000_01b3
        guard bytes.isEmpty else { return }
        story.append("\(now) \(machines[place].name): \(text)")
        if story.count > 4_000 { story.removeFirst(2_000) }
    }

    // MARK: Links

    func add(_ link: Link) { links.append(link) }

    func removeClosedLinks() { links.removeAll { $0.isClosed[0] && $0.isClosed[1] } }

    func setCuts(_ cuts: Set<[Int]>) { self.cuts = cuts }

    func nextClient() -> Int {
        clients += 1
        return clients
    }
}

/// What a machine runs.
struct Release: Equatable {
    var name: String
    var levels: LevelRange
    var wire = WireVersions.supported

    static let old = Release(name: "0.1", levels: LevelRange(.base, .base))
    static let new = Release(name: "0.2", levels: LevelRange(.base, .software))
    static let newest = Release(name: "0.3", levels: .supported)
}

/// A machine of the lab: a disk that stays, and at times a process.
final class Machine {
    let place: Int
    let name: String
    /// What its configuration says that others dial, if that is not its name.
    var host: String?
    /// What its configuration says that it has.
    var tags: [String] = []
    var release = Release.new
    var disk = MemoryDisk()
    var core: ShardCore?
    /// Grows with each start and end of the process.
    var epoch = 0
    var bootID: UniqueID
    var clockAhead: UInt64 = 0
    /// What became of commands.
    var outcomes: [AdminOutcome] = []
    /// What the process said when it gave up.
    var failure: String?
    /// The power is off: connections to it do not even fail fast.
    var isSilent = false
    var logJob: LogJob?
    var timer: Instant?
    var isTurnScheduled = false
    var nextConnection: UInt64 = 2

    init(place: Int, name: String? = nil) {
        self.place = place
        self.name = name ?? "n\(place + 1)"
        bootID = UniqueID(high: 7, low: UInt64(place + 1))
    }
}
