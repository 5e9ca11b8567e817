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
    /// For this long a healed quorum must keep its leaders, in nanoseconds.
    static let calm: UInt64 = 4_000_000_000

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
        world.statistics.snapshots = world.machines.reduce(0) { $0 + $1.installs }
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
