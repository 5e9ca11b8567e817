import WiberBase
import WiberLog
import WiberNode
import WiberRaft

/// A machine: a disk that stays, and at times a process.
final class Machine {
    /// The client port of the first machine, and the port for other nodes.
    static let clientPort = 4_000
    static let rpcPort = 5_000

    /// What a checker saw of a group last, and after how many steps.
    struct Seen {
        var id: GroupID?
        var configuration: Configuration?
        var stepCount = UInt64.max
        var commit = LogIndex.zero
        var applied = LogIndex.zero
    }

    let place: Int
    var name: String
    /// Its number in the cluster; zero for one that has not joined.
    var id: NodeID
    /// Nobody has started it yet: it is there to join later.
    var isUnborn = false
    /// The cluster was told its name.
    var isAnnounced = false
    /// It will never be started again: it is lost, or has left the cluster.
    var isGone = false
    let disk: SimDisk
    var clock = MachineClock()
    var core: ShardCore?
    /// Grows with each start and end of the process.
    var epoch = 0
    var bootID: UniqueID
    /// The process's connections, by their number: the link, and the process's side of it.
    var links: [UInt64: (link: Link, side: Int)] = [:]
    /// When anything last came from each other machine, in true time.
    var heard: [Int: UInt64] = [:]
    /// Since when the process runs without a pause.
    var awakeSince: UInt64 = 0
    /// The power is off: connections to it do not even fail fast.
    var isSilent = false
    /// The process stands still; what comes waits.
    var isPaused = false
    var waiting: [World.Action] = []
    /// Something keeps it down: it may not be started before the fault ends.
    var downFaults = 0
    /// Its disk has been seen to know the cluster.
    var hasFormed = false
    /// Its data was damaged on purpose: it may refuse to start.
    var isDamaged = false
    /// An empty disk is in the place of its own.
    var isWiped = false
    /// How often since the start.
    var damageCount = 0
    /// Groups whose data is damaged, as this process found it.
    var impaired: Set<GroupID> = []
    /// What a disk had of each group that was replaced by an empty one.
    var lost: [GroupID: LogIndex] = [:]
    /// What its release knows of feature levels, what any of its releases has known, and the level that
    /// was last in force in this process.
    var levels = LevelRange.supported
    var levelKnown = FeatureLevel.base
    var levelSeen = FeatureLevel.base
    /// Its release is too old for the cluster: it is down until it gets another one.
    var isLeftBehind = false
    /// It refuses to start, and says why.
    var refusal: String?
    /// After this many effects the process dies.
    var effectsUntilCrash: Int?
    /// How many times slower than usual the disk works.
    var diskSlowness: UInt64 = 1
    var isDiskHung = false
    var hungJobs: [World.Action] = []
    var logJob: LogJob?
    var flushJob: FlushJob?
    var timer: UInt64 = .max
    var timerEpoch = 0
    var isTurnScheduled = false
    /// What was last seen of each group of the present process, by its slot.
    var seen: [Seen] = []
    /// What the disk holds of each group, as completed jobs say.
    var durable: [GroupID: DurableState] = [:]
    /// What a later batch or a seal says to be durable: no damage can pass for its end (rule 4).
    var sealed: [GroupID: DurableState] = [:]
    /// Logs that snapshots took the place of.
    var installs = 0
    /// How long after the next of them the power fails, and for how long.
    var cutAfterInstall: (wait: UInt64, length: UInt64)?
    /// When the log thread last ended a job, in true time.
    var logJobEnded: UInt64 = 0
    private var nextConnection: UInt64 = 2

    init(place: Int, seed: UInt64) {
        self.place = place
        name = "n\(place + 1)"
        id = NodeID(UInt64(place + 1))
        disk = SimDisk(seed: seed)
        bootID = UniqueID(high: 7, low: UInt64(place + 1))
    }

    var isUp: Bool { core != nil }

    func accept() -> ConnectionID {
        defer { nextConnection += 2 }
        return ConnectionID(rawValue: nextConnection)
    }

    /// Within this time a log that rests says where it ends, in nanoseconds.
    private static let sealedAfter: UInt64 = 60_000_000

    /// The process is about to end: if its log has rested, all of it is sealed (rule 4).
    func noteRest(_ now: UInt64) {
        let since = max(logJobEnded, awakeSince)
        guard core != nil, !isPaused, logJob == nil, now - since > Self.sealedAfter else { return }
        sealed = durable
    }

    /// Whether something durable in the log follows all that was promised.
    var isSealed: Bool {
        durable.allSatisfy { group, state in sealed[group]?.through == state.through }
    }

    /// The process is gone, with all that it had in memory.
    func processEnded() {
        core = nil
        epoch += 1
        links = [:]
        seen = []
        isPaused = false
        waiting = []
        hungJobs = []
        logJob = nil
        flushJob = nil
        timer = .max
        isTurnScheduled = false
        effectsUntilCrash = nil
        nextConnection = 2
        levelSeen = .base
    }
}

/// What is on a disk of one group: promises are held against it.
struct DurableState {
    var term = Term.zero
    var votedFor = NodeID.zero
    /// The log, up to here, the end of it appended in that term.
    var through = LogIndex.zero
    var logTerm = Term.zero
}
