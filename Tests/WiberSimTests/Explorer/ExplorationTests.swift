import Testing
import WiberSim

@Suite("Exploration of the core")
struct ExplorationTests {
    #if DEBUG
    /// Unoptimized code sees only the first part; a release build sees all.
    private static let statesMax = 6_000
    #else
    private static let statesMax = 2_000_000
    #endif

    @Test(
        arguments: [ExplorationBounds.newCluster, .takeover, .disorder],
        [Self.statesMax]
    )
    func `the promises hold in every state within the bounds`(
        bounds: ExplorationBounds,
        statesMax: Int
    ) {
        var bounds = bounds
        bounds.statesMax = statesMax
        let report = Exploration.run(bounds)
        #expect(report.violation == nil, "\(report)")
        #expect(report.isComplete || report.states == statesMax, "\(report)")
        #if !DEBUG
        #expect(report.isComplete, "\(report)")
        #endif
    }

    @Test func `the same bounds give the same report`() {
        var bounds = ExplorationBounds.takeover
        bounds.statesMax = 1_000
        #expect(Exploration.run(bounds) == Exploration.run(bounds))
    }

    @Test(arguments: Misbehaviour.allCases)
    func `what a driver does wrong is found`(misbehaviour: Misbehaviour) {
        let report = Exploration.run(misbehaviour.bounds, misbehaviour: misbehaviour)
        #expect(report.violation != nil, "\(report)")
    }

    @Test func `a violation comes with the shortest way to it`() throws {
        let misbehaviour = Misbehaviour.hardStateDurableTooEarly
        let report = Exploration.run(misbehaviour.bounds, misbehaviour: misbehaviour)
        let violation = try #require(report.violation)
        #expect(violation.promise == "1 votes for 1 and 2 in term 1")
        let actions = violation.trace.filter { $0.first?.isNumber ?? false }
        #expect(actions.count == 5)
        #expect(actions.first == "1. 1 times out, asks 2 for a pre-vote")
    }
}

extension Misbehaviour {
    /// Where it shows soonest.
    fileprivate var bounds: ExplorationBounds {
        switch self {
        case .logDurableTooEarly, .lastEntryForgotten, .upToDateCheckSkipped, .commitTooHigh:
            return .takeover
        case .previousNotChecked:
            var bounds = ExplorationBounds.takeover
            bounds.lettersMax = 2
            return bounds
        case .hardStateDurableTooEarly, .hardStateForgotten, .voteForgotten:
            var bounds = ExplorationBounds.newCluster
            bounds.crashesMax = 1
            bounds.lettersMax = 3
            return bounds
        }
    }
}
