import WiberBase
import WiberNode

/// How to run a seed.
package struct SimulationOptions: Sendable {
    /// What the seed draws its faults from.
    package var scenario: Scenario
    /// Faults of the plan that are left out, by number.
    package var without: Set<Int> = []
    /// From this time on no fault begins, in nanoseconds of true time.
    package var faultsUntil = UInt64.max

    /// Everything as the seed says.
    package init(_ scenario: Scenario = .swarm) { self.scenario = scenario }
}

/// What a run of a seed gave.
package struct SimulationReport: Sendable {
    /// The seed.
    package var seed: UInt64
    /// A hash of everything that happened: the same for each run of the seed.
    package var traceHash: UInt64
    /// The first thing that was wrong.
    package var violation: Violation?
    /// How much happened.
    package var statistics: Statistics
    /// How long it took, in nanoseconds of simulated time.
    package var simulated: UInt64
    /// The nodes of the cluster.
    package var nodes: Int
    /// The faults that were planned and not left out.
    package var faults: [Fault]
}

/// One seed, from the first start to the last look: faults, then a quorum that must work, then all
/// nodes, which must agree.
package enum Simulation {
    /// The shortest run, in nanoseconds of simulated time.
    static let length: UInt64 = 60_000_000_000
    /// Within this time a healed quorum must work, and a healed cluster agree, in nanoseconds.
    static let patience: UInt64 = 20_000_000_000

    /// Runs a seed.
    package static func run(
        seed: UInt64,
        _ options: SimulationOptions = SimulationOptions(),
        trace: TraceRecorder = TraceRecorder()
    ) -> SimulationReport {
        let settings = Settings(drawing: seed, options.scenario)
        var plan = FaultPlan(drawing: settings)
        plan.faults.removeAll {
            options.without.contains($0.number) || $0.at >= options.faultsUntil
        }
        let world = World(settings, trace: trace)
        world.begin(plan)
        world.run(until: FaultPlan.end)
        world.checkLiveness()
        world.checkConvergence()
        world.run(until: length)
        world.statistics.refusals = world.machines.count { $0.refusal != nil }
        world.statistics.acknowledged = world.ledger.acknowledgedCount
        return SimulationReport(
            seed: seed,
            traceHash: world.trace.hash,
            violation: world.checker.violation,
            statistics: world.statistics,
            simulated: world.now,
            nodes: settings.nodes,
            faults: plan.faults
        )
    }
}

extension World {
    func begin(_ plan: FaultPlan) {
        for place in machines.indices { start(place) }
        schedule(plan)
        watchLeaders()
        for number in 0..<settings.workload.clients {
            let client = SimClient(name: "c\(number + 1)", seed: random.next())
            clients.append(client)
            after(random.draw(0...500_000_000)) { world in client.live(world) }
        }
    }

    /// Heals a quorum and freezes the rest: within a bounded time every topic with a quorum of
    /// replicas in it has a leader and accepts writes (I17).
    func checkLiveness() {
        guard checker.violation == nil else { return }
        healAll()
        for machine in machines {
            machine.downFaults = 0
            start(machine.place)  // Whoever will refuse to start does it now.
        }
        var order = sound.map(\.place).filter { !isForeign($0) }
        order.shuffle(using: &random)
        let core = Array(order.prefix(machines.count / 2 + 1))
        guard core.count > machines.count / 2, canElect(core) else { return }
        for machine in machines {
            resume(machine.place)
            guard !core.contains(machine.place) else { continue }
            machine.downFaults = 1
            kill(machine.place)
        }
        probe(core, "liveness of a quorum")
    }

    /// Publishes to each topic through each of some nodes, again and again until it is stored.
    private func probe(_ core: [Int], _ check: String) {
        var waiting: [(client: SimClient, topic: String, place: Int)] = []
        for place in core {
            let client = SimClient(name: "p\(place + 1)-\(now)", seed: random.next())
            client.isIdle = true
            clients.append(client)
            for topic in Settings.topics where hasQuorum(topic, core) {
                waiting.append((client, topic, place))
                persist(client, topic, place)
            }
        }
        // A damaged node may find out only now that it cannot serve.
        func isMissing(_ client: SimClient, _ topic: String, _ place: Int) -> Bool {
            !client.stored.contains(topic) && machines[place].refusal == nil
        }
        let isAnswered = run(within: Simulation.patience) { !waiting.contains(where: isMissing) }
        let missing = waiting.filter(isMissing).map { "\($0.client.name) \($0.topic)" }
        checker.require(isAnswered, check, "nothing could be published by \(missing)")
    }

    private func persist(_ client: SimClient, _ topic: String, _ place: Int) {
        guard !client.stored.contains(topic) else { return }
        if client.link == nil { client.connect(self, to: place) }
        if client.link != nil, client.pending.isEmpty {
            client.publish(client.newPublish(topic, self), self)
        }
        after(50_000_000) { world in world.persist(client, topic, place) }
    }

    /// Whether a majority of a topic's replicas is there and whole: one that is damaged is silent,
    /// and what it has lost may be on nobody else who is there.
    private func hasQuorum(_ topic: String, _ core: [Int]) -> Bool {
        guard let id = checker.id(named: topic), let group = checker.groups[id] else {
            return core.count == machines.count
        }
        let present = machines.filter { machine in
            core.contains(machine.place) && group.replicas.contains(machine.id)
                && (core.count == machines.count || !machine.impaired.contains(id))
        }
        return present.count > group.replicas.count / 2
    }

    /// Lets everybody come back: within a bounded time all replicas are equal, all clients served.
    func checkConvergence() {
        guard checker.violation == nil else { return }
        for machine in machines {
            machine.downFaults = 0
            start(machine.place)
        }
        probe(sound.map(\.place).filter { !isForeign($0) }, "liveness of all nodes")
        for client in clients { client.isIdle = true }
        let isServed = run(within: Simulation.patience) { isSettled && areClientsServed }
        checker.require(isServed, "convergence", unsettled)
        guard checker.violation == nil else { return }
        checkLogs()
    }

    private var unsettled: String {
        var parts: [String] = []
        for machine in machines {
            guard let core = machine.core else {
                parts.append("\(machine.name) is down: \(machine.refusal ?? "")")
                continue
            }
            for slot in 0..<core.groupCount {
                guard let view = core.view(slot) else { continue }
                parts.append(
                    "\(machine.name) \(view.name) \(view.role) term \(view.term) last \(view.last)"
                        + " applied \(view.applied)"
                )
            }
        }
        for client in clients where client.link != nil && !client.pending.isEmpty {
            parts.append("\(client.name) waits for \(client.pending.count) replies")
        }
        return parts.joined(separator: "; ")
    }
}
