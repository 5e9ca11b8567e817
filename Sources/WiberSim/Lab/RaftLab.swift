import WiberBase
import WiberRaft

/// A cluster of cores on one clock, with disks and a network that can be made bad; one seed, one
/// run, always the same.
final class RaftLab {
    /// An entry with what stands for its bytes.
    struct Entry: Equatable {
        var term: Term
        var kind: EntryKind
        var payload: UInt64
    }

    /// Something that happens later.
    enum Event {
        case deliver(Letter)
        case diskDone(node: Int, incarnation: Int)
        case collected(node: Int, incarnation: Int, Collection)
        case laneEnded(at: Int, of: Int)
        case laneRefused(at: Int, of: Int)
        case reconnect(Int, Int)
        case beat
    }

    /// A message on its way, with the payloads of its entries.
    struct Letter {
        var from: Int
        var to: Int
        var message: RaftMessage
        var payloads: [UInt64]
    }

    /// What a core asked to be collected.
    struct Collection {
        var to: NodeID
        var request: AppendRequest
        var from: LogIndex
        var through: LogIndex
    }

    /// How bad the world is.
    struct Conditions {
        var latency: ClosedRange<UInt64> = 1_000_000...1_000_000
        var diskTime: ClosedRange<UInt64> = 1_000_000...1_000_000
        /// In thousandths.
        var dropped: UInt64 = 0
        var duplicated: UInt64 = 0
        var slowReads: UInt64 = 0
        var failedReads: UInt64 = 0
        var entriesPerAppend: UInt64 = 1_000
    }

    var conditions = Conditions()
    var now = Instant(nanoseconds: 1_000_000_000)
    var random: RandomSource
    var nodes: [LabNode] = []
    var events: [(at: Instant, number: UInt64, event: Event)] = []
    var eventNumber: UInt64 = 0
    var payload: UInt64 = 0
    /// From → to, when nothing gets through.
    var blocked: Set<[Int]> = []
    var checks = LabChecks()
    /// What a trace shows; `nil` when nobody reads it.
    var lines: [String]?
    var showsMessages = true

    /// A cluster whose first `voters` nodes vote; the next `learners` learn.
    init(count: Int, voters: Int? = nil, learners: Int = 0, seed: UInt64) {
        random = RandomSource(seed: seed)
        let voters = voters ?? count
        let configuration = Configuration(
            voters: (1...max(1, voters)).map { NodeID(UInt64($0)) },
            learners: (0..<learners).map { NodeID(UInt64(voters + 1 + $0)) }
        )
        for place in 0..<count {
            let id = NodeID(UInt64(place + 1))
            let initial =
                configuration.contains(id) ? configuration : Configuration(voters: [])
            nodes.append(LabNode(id: id, initial: initial, seed: random.next()))
            nodes[place].start(now)
        }
        schedule(.beat, after: 0)
    }

    func roll(_ thousandths: UInt64) -> Bool {
        thousandths > 0 && random.next() % 1_000 < thousandths
    }

    func pick(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + random.next() % (range.upperBound - range.lowerBound + 1)
    }

    func schedule(_ event: Event, after nanoseconds: UInt64) {
        eventNumber += 1
        let at = now + Instant.Span(nanoseconds: nanoseconds)
        var place = events.count
        while place > 0, events[place - 1].at <= at { place -= 1 }
        events.insert((at, eventNumber, event), at: place)
    }

    /// Lets everything happen that is due within `milliseconds`.
    func run(milliseconds: UInt64) {
        let end = now + .milliseconds(milliseconds)
        while let next = nextMoment(), next <= end {
            now = max(now, next)
            if let last = events.last, last.at <= now {
                events.removeLast()
                handle(last.event)
            } else {
                fireDeadline()
            }
        }
        now = end
    }

    private func nextMoment() -> Instant? {
        var next = events.last?.at
        for node in nodes {
            guard let deadline = node.raft?.nextDeadline, deadline != .distantFuture else {
                continue
            }
            next = min(next ?? deadline, deadline)
        }
        return next
    }

    private func fireDeadline() {
        for place in nodes.indices {
            guard let raft = nodes[place].raft, raft.nextDeadline <= now else { continue }
            let deadline = raft.nextDeadline
            step(place, .deadline)
            if let after = nodes[place].raft?.nextDeadline, after <= now, after == deadline {
                checks.fail("node \(place + 1) has a deadline that never passes")
                nodes[place].raft = nil
            }
            return
        }
    }

    private func handle(_ event: Event) {
        switch event {
        case .deliver(let letter): deliver(letter)
        case .diskDone(let node, let incarnation):
            if nodes[node].incarnation == incarnation { diskDone(node) }
        case .collected(let node, let incarnation, let collection):
            if nodes[node].incarnation == incarnation { finish(collection, at: node) }
        case .laneEnded(let at, let of): step(at, .laneEnded(NodeID(UInt64(of + 1))))
        case .laneRefused(let at, let of):
            if nodes[of].raft == nil { step(at, .laneRefused(NodeID(UInt64(of + 1)))) }
        case .reconnect(let one, let other): reconnect(one, other)
        case .beat:
            beat()
            schedule(.beat, after: 50_000_000)
        }
    }
}

/// A node: its core, what its driver keeps in memory, and its disk.
struct LabNode {
    /// Something on its way to the disk.
    enum DiskWork {
        case append(from: LogIndex, [RaftLab.Entry], tag: Term)
        case persist(HardState)
    }

    let id: NodeID
    let initial: Configuration
    let seed: UInt64
    var priority = RaftOptions.priorityMax
    var incarnation = 0
    /// `nil` while crashed.
    var raft: Raft?
    var log: [RaftLab.Entry] = []
    var commit = LogIndex.zero
    var liveness = Liveness()
    /// What the disk has.
    var diskLog: [RaftLab.Entry] = []
    var diskHardState = HardState()
    var diskQueue: [DiskWork] = []
    /// How many of the queue are being written.
    var diskBusy = 0
    var isDiskStalled = false
    /// By node: the incarnation that the last connection reached.
    var knownIncarnations: [Int: Int] = [:]

    init(id: NodeID, initial: Configuration, seed: UInt64) {
        self.id = id
        self.initial = initial
        self.seed = seed
    }

    /// Starts with what the disk has.
    mutating func start(_ now: Instant) {
        incarnation += 1
        log = diskLog
        commit = .zero
        liveness = Liveness()
        diskQueue = []
        diskBusy = 0
        var runs: [EntryID] = []
        var configurations: [(LogIndex, Configuration)] = []
        for (place, entry) in log.enumerated() {
            let index = LogIndex(UInt64(place + 1))
            if runs.last?.term != entry.term {
                runs.append(EntryID(index: index, term: entry.term))
            }
            if case .configuration(let configuration) = entry.kind {
                configurations.append((index, configuration))
            }
        }
        var options = RaftOptions(seed: seed &+ UInt64(incarnation))
        options.priority = priority
        raft = Raft(
            id: id,
            options: options,
            hardState: diskHardState,
            log: RaftLog(
                runs: runs,
                last: LogIndex(UInt64(log.count)),
                initial: initial,
                configurations: configurations
            ),
            commit: .zero,
            now: now
        )
    }

    /// The entry at an index, as this node has it in memory.
    func entry(_ index: LogIndex) -> RaftLab.Entry? {
        index > .zero && index.rawValue <= log.count ? log[Int(index.rawValue) - 1] : nil
    }
}
