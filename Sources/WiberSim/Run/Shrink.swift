/// Makes a failing seed's story shorter: fewer faults and an earlier end, the same check failing.
package enum Shrink {
    /// What is left of a story.
    package struct Result: Sendable {
        /// How to run it.
        package var options: SimulationOptions
        /// What it gives.
        package var report: SimulationReport
        /// How many runs it took.
        package var runs: Int
    }

    /// Leaves out faults, first many at once and then one by one, as long as the same check fails.
    ///
    /// - Returns: `nil` if the seed does not fail.
    package static func run(
        seed: UInt64,
        _ scenario: Scenario = .swarm,
        runsMax: Int = 300
    ) -> Result? {
        let options = SimulationOptions(scenario)
        let whole = Simulation.run(seed: seed, options)
        guard let violation = whole.violation else { return nil }
        var best = Result(options: options, report: whole, runs: 1)
        best.options.faultsUntil = violation.at
        retry(&best, violation.check, best.options)
        var size = max(1, best.report.faults.count / 2)
        while size > 0, best.runs < runsMax {
            var place = 0
            while place < best.report.faults.count, best.runs < runsMax {
                let dropped = best.report.faults[place...].prefix(size).map(\.number)
                var options = best.options
                options.without.formUnion(dropped)
                if !retry(&best, violation.check, options) { place += size }
            }
            size /= 2
        }
        return best
    }

    /// Tries a shorter story; keeps it if the same check fails.
    @discardableResult
    private static func retry(
        _ best: inout Result,
        _ check: String,
        _ options: SimulationOptions
    ) -> Bool {
        best.runs += 1
        let report = Simulation.run(seed: best.report.seed, options)
        guard report.violation?.check == check else { return false }
        best.options = options
        best.report = report
        return true
    }
}
