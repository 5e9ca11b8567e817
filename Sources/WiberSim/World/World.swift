import WiberBase
import WiberNode
import WiberRaft

/// A cluster in one thread, on simulated time: everything that happens follows from the seed.
///
/// The nodes are the ones that ship: ``ShardCore``, log, recovery and all; clock, network, disk and
/// chance are simulated.
package final class World {
    typealias Action = (World) -> Void

    let settings: Settings
    var random: RandomSource
    /// True time, in nanoseconds since the start.
    private(set) var now: UInt64 = 1_000_000_000
    var machines: [Machine] = []
    var links: [Link] = []
    /// How many partitions block a direction: from · count + to.
    var blocks: [Int] = []
    var clients: [SimClient] = []
    let checker = SafetyChecker()
    let ledger: Ledger
    var trace: TraceRecorder
    var statistics = Statistics()
    /// Whether faults are over: nobody restarts or is hurt any more by what is still planned.
    var isQuiet = false
    /// Somebody has asked for the messages of `short` before this one to go.
    var purged = Sequence(1)
    private var agenda = Agenda<Action>()

    init(_ settings: Settings, trace: TraceRecorder = TraceRecorder()) {
        ledger = Ledger(shortWindow: settings.shortWindow)
        if let floor = settings.keysFloor { ledger.raiseFloor("keys", to: floor) }
        self.settings = settings
        self.trace = trace
        random = RandomSource(seed: settings.seed &* 0x9e37_79b9 &+ 17)
        let count = settings.nodes + settings.spares
        blocks = Array(repeating: 0, count: count * count)
        for place in 0..<count {
            let machine = Machine(place: place, seed: random.next())
            if place < settings.nodes {
                machine.clock.drift = settings.clock.drifts[place]
                machine.clock.wallAhead = settings.clock.wallAhead[place]
            } else {
                machine.isUnborn = true
                machine.id = .zero
            }
            machines.append(machine)
        }
        drawLevels()
    }

    // MARK: Time

    func at(_ time: UInt64, _ action: @escaping Action) { agenda.add(action, at: max(time, now)) }

    func after(_ span: UInt64, _ action: @escaping Action) { agenda.add(action, at: now &+ span) }

    /// Runs until `end`, or until something is violated.
    func run(until end: UInt64) {
        while checker.violation == nil, let next = agenda.nextTime, next <= end { runNext() }
        now = max(now, end)
    }

    /// Runs until something holds; returns whether it did within a time, in nanoseconds.
    func run(within span: UInt64, until condition: () -> Bool) -> Bool {
        let end = now + span
        var nextLook = now
        while checker.violation == nil {
            if now >= nextLook {
                if condition() { return true }
                nextLook = now + 10_000_000
            }
            guard let next = agenda.nextTime, next <= end else {
                now = end
                return condition()
            }
            runNext()
        }
        return false
    }

    private func runNext() {
        guard let (time, action) = agenda.popFirst() else { return }
        now = max(now, time)
        statistics.events += 1
        action(self)
    }

    // MARK: Machines

    /// Lets something happen later, unless the process has ended by then.
    func onMachine(
        _ place: Int,
        after span: UInt64,
        _ action: @escaping (World, Machine) -> Void
    ) {
        let epoch = machines[place].epoch
        after(span) { world in
            guard world.machines[place].epoch == epoch else { return }
            world.whenAwake(place) { world in
                let machine = world.machines[place]
                guard machine.epoch == epoch, machine.core != nil else { return }
                action(world, machine)
            }
        }
    }

    /// Does something now, or when the machine's pause is over.
    func whenAwake(_ place: Int, _ action: @escaping Action) {
        if machines[place].isPaused {
            machines[place].waiting.append(action)
        } else {
            action(self)
        }
    }

    /// Machines that hold data and can run, and belong to the cluster.
    var sound: [Machine] { members.filter { $0.refusal == nil } }

    /// The machine that leads a topic in the newest term, if one does.
    func leader(of topic: String) -> Int? {
        var best: (place: Int, term: Term)?
        for machine in machines {
            guard let view = machine.core?.view(of: topic), view.role == .leader,
                view.term > best?.term ?? .zero
            else { continue }
            best = (machine.place, view.term)
        }
        return best?.place
    }
}
