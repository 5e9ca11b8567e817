import Foundation
package import WiberSim

/// Runs seeds one after the other in this process, for a parent that reads a line a seed.
package enum SeedRun {
    /// What a worker writes before it begins a seed, so that its parent knows which one it died of.
    static let begin = "begin "

    /// Runs one seed.
    package static func outcome(_ report: SimulationReport) -> SeedOutcome {
        SeedOutcome(
            seed: report.seed,
            traceHash: hexadecimal(report.traceHash),
            violations: report.violation.map { ["\($0.check): \($0.text)"] } ?? [],
            simulated: report.simulated,
            operations: report.statistics.operations,
            acknowledged: report.statistics.acknowledged,
            faults: report.statistics.faults,
            leaderChanges: report.statistics.leaderChanges,
            refusals: report.statistics.refusals,
            snapshots: report.statistics.snapshots,
            membershipChanges: report.statistics.membershipChanges
        )
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Runs `seeds` and writes a line for each to standard output.
    package static func work(_ seeds: Range<UInt64>, _ scenario: Scenario) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        for seed in seeds {
            FileHandle.standardOutput.write(Data("\(begin)\(seed)\n".utf8))
            let report = Simulation.run(seed: seed, SimulationOptions(scenario))
            let line = try encoder.encode(outcome(report))
            FileHandle.standardOutput.write(line + Data("\n".utf8))
        }
    }
}
