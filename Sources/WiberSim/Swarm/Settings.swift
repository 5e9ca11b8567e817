import WiberBase
import WiberLog
import WiberNode

/// What a seed decides before anything happens: the cluster, its world, its clients.
struct Settings {
    struct Network {
        /// From one end to the other, in nanoseconds.
        var delay: ClosedRange<UInt64> = 20_000...1_000_000
        /// How many items in a thousand take longer, and how much longer.
        var spikes: UInt64 = 0
        var spike: ClosedRange<UInt64> = 5_000_000...200_000_000
        /// Frames in a thousand that are lost, come twice, or change places.
        var loss: UInt64 = 0
        var duplication: UInt64 = 0
        var reordering: UInt64 = 0

        var losesFrames: Bool { loss + duplication + reordering > 0 }
        /// Whether a beat is never overdue while its sender works.
        var isCalm: Bool { !losesFrames && spikes == 0 }
    }

    struct Storage {
        /// How long a job of the disk takes, in nanoseconds.
        var job: ClosedRange<UInt64> = 100_000...3_000_000
    }

    struct Clocks {
        /// Parts a million by which each machine's monotonic clock is fast.
        var drifts: [Int64]
        /// Nanoseconds by which each machine's wall clock is ahead.
        var wallAhead: [Int64]
    }

    struct Workload {
        var clients = 5
        /// Between two things that a client does, in nanoseconds.
        var pause: ClosedRange<UInt64> = 50_000_000...600_000_000
        /// The most publishes that a client sends at once.
        var burst: UInt64 = 8
        /// The most bytes of padding in a message.
        var padding: UInt64 = 40
    }

    let seed: UInt64
    /// With how many nodes the cluster begins, and how many machines there are for others.
    let nodes: Int
    var spares = 0
    /// Whether those only join, and never form a cluster with one another.
    var sparesOnlyJoin = false
    /// Whether machines run releases that know different feature levels.
    var levelsVary = false
    var scenario = Scenario.swarm
    var network = Network()
    var disk = Storage()
    var clock: Clocks
    var workload = Workload()
    var log = Settings.smallLog
    var limits = NodeLimits()
    /// For how long `short` remembers ids, in nanoseconds.
    var shortWindow: UInt64 = 3_000_000_000

    /// The topics: plain, with ids, with contents as ids, and with a short memory; and one with many
    /// subjects, from which messages go.
    var topics: [String] {
        let all = ["news", "ids", "same", "short"]
        return scenario == .removals ? all + ["keys", "keys", "keys"] : all
    }
    /// The subjects of `keys`, and how many messages of each it keeps.
    static let subjects: UInt64 = 6
    var keysMax: UInt64?
    /// How long its messages stay at first, in nanoseconds of log time, and from which one on they stay.
    var keysLife: UInt64?
    var keysFloor: UInt64?
    /// How many messages `keys` may hold: at least one subject is full then, so that each next publish
    /// of that one still has room.
    var keysQuota: UInt64?
    /// Whether the topics of the configuration ask for compressed segments.
    var compresses = false
    /// Whether nodes have tags, and topics ask for them.
    var hasTags = false

    /// What `short` keeps: messages, bytes, nanoseconds.
    static let shortMessages: UInt64 = 50
    static let shortBytes: UInt64 = 16 << 10
    static let shortAge: UInt64 = 15_000_000_000

    init(seed: UInt64, nodes: Int) {
        self.seed = seed
        self.nodes = nodes
        clock = Clocks(
            drifts: Array(repeating: 0, count: nodes),
            wallAhead: Array(repeating: 0, count: nodes)
        )
    }

    /// Draws everything from a seed: what is on, and how strong.
    init(drawing seed: UInt64, _ scenario: Scenario = .swarm) {
        var random = RandomSource(seed: seed)
        let kind = random.draw(0...19)
        let isAlone = kind == 0 && scenario == .swarm
        let isLarge = kind < (scenario == .moves ? 12 : 4)
        self.init(seed: seed, nodes: isAlone ? 1 : isLarge ? 5 : 3)
        self.scenario = scenario
        drawNetwork(&random)
        let slowest =
            random.pick([300_000, 1_000_000, 3_000_000, 20_000_000] as [UInt64]) ?? 1_000_000
        disk.job = slowest / 10...slowest
        if random.chance(perMille: 400) {
            let bound: Int64 = random.chance(perMille: 200) ? 20_000 : 300
            for place in 0..<nodes {
                clock.drifts[place] = Int64(random.draw(0...UInt64(2 * bound))) - bound
            }
        }
        if random.chance(perMille: 400) {
            let bound =
                random.pick([50_000_000, 5_000_000_000, 3_600_000_000_000] as [UInt64]) ?? 0
            for place in 0..<nodes {
                clock.wallAhead[place] = Int64(random.draw(0...2 * bound)) - Int64(bound)
            }
        }
        drawWorkload(&random)
        if random.chance(perMille: 500) { log.segmentSize = 4 << 10 }
        shortWindow = random.pick([1_000_000_000, 3_000_000_000, 20_000_000_000]) ?? shortWindow
        limits.replicaAbsence = .milliseconds(random.draw(200...5_000))
        scenario.adjust(&self, &random)
        limits.catchUpBytes = random.chance(perMille: 700) ? 1 : 64 << 10
        // Drawn from the seed alone, so that everything else is as it was before there was compression.
        compresses = seed.isMultiple(of: 2)
        if compresses { limits.rewritePause = min(limits.rewritePause, .milliseconds(200)) }
    }

    private mutating func drawNetwork(_ random: inout RandomSource) {
        let fastest = random.pick([20_000, 100_000, 1_000_000, 10_000_000] as [UInt64]) ?? 20_000
        let jitter = random.pick([1, 3, 10] as [UInt64]) ?? 1
        network.delay = fastest...fastest * jitter + 50_000
        if random.chance(perMille: 300) { network.spikes = random.draw(1...20) }
        guard random.chance(perMille: 300) else { return }
        if random.chance(perMille: 600) { network.loss = random.draw(1...100) }
        if random.chance(perMille: 500) { network.duplication = random.draw(1...200) }
        if random.chance(perMille: 500) { network.reordering = random.draw(1...200) }
    }

    private mutating func drawWorkload(_ random: inout RandomSource) {
        workload.clients = Int(random.draw(4...8))
        let slowest =
            random.pick([400_000_000, 800_000_000, 1_500_000_000] as [UInt64]) ?? 500_000_000
        workload.pause = 20_000_000...slowest
        workload.burst = random.pick([1, 2, 4, 10] as [UInt64]) ?? 4
        workload.padding = random.pick([0, 20, 200, 800] as [UInt64]) ?? 20
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

    // MARK: What the nodes are told

    /// Where a machine is.
    func address(_ place: Int, _ name: String) -> NodeAddress {
        NodeAddress(
            name: name,
            host: "m\(place + 1)",
            port: Machine.clientPort + place,
            rpcPort: nodes == 1 ? nil : Machine.rpcPort + place,
            httpPort: 8_000 + place,
            listen: "m\(place + 1)"
        )
    }

    /// A machine's file: the nodes with which the cluster began, and itself.
    func configuration(of machine: Machine) -> NodeConfiguration {
        let own = address(machine.place, machine.name)
        let others = (0..<nodes).map { address($0, "n\($0 + 1)") }.filter { $0.name != own.name }
        var configuration = NodeConfiguration(
            cluster: "sim",
            nodeName: own.name,
            nodes: (others + [own]).sorted { $0.name < $1.name },
            topics: topicConfigurations
        )
        configuration.onlyJoins = machine.place >= nodes && sparesOnlyJoin
        configuration.tags = tags(of: machine)
        configuration.levels = machine.levels
        return configuration
    }

    /// Three zones, or as many as machines where those come and go; and where topics move, two nodes of
    /// five have another disk each time they start.
    private func tags(of machine: Machine) -> [String] {
        guard hasTags else { return [] }
        let place = machine.place
        guard scenario == .moves else { return ["ssd", "zone:z\(place)"] }
        // It grows with each start and each end.
        let starts = machine.epoch / 2
        let isOther = nodes == 5 && (place == 0 || place == 4) && !starts.isMultiple(of: 2)
        return (isOther ? [] : ["ssd"]) + ["zone:z\(place % 3)"]
    }

    /// `news` is made by its first publish.
    private var topicConfigurations: [TopicConfiguration] {
        let replicas = nodes == 1 ? 1 : 3
        var ids = TopicConfiguration(name: "ids", replicas: replicas)
        ids.dedupKey = .id
        var same = TopicConfiguration(name: "same", replicas: replicas)
        same.dedupKey = .content
        var short = TopicConfiguration(name: "short", replicas: replicas)
        short.dedupKey = .id
        short.dedupWindow = shortWindow
        short.retention.maxMessages = Self.shortMessages
        short.retention.maxBytes = Self.shortBytes
        short.retention.maxAge = Self.shortAge
        if hasTags {
            ids.placement.spread = "zone"
            same.placement.tags = ["ssd"]
        }
        if compresses {
            ids.compression = .zstd
            same.compression = .zstd
            short.compression = .zstd
        }
        guard scenario == .removals else { return [ids, same, short] }
        var keys = TopicConfiguration(name: "keys", replicas: replicas)
        keys.retention.maxPerSubject = keysMax
        keys.allowsTimeToLive = true
        keys.timeToLiveDefault = keysLife
        keys.keepFrom = keysFloor
        keys.quota.messages = keysQuota
        keys.compression = compresses ? .zstd : .none
        return [ids, same, short, keys]
    }
}
