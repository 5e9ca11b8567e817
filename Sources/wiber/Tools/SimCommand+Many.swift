import ArgumentParser
import Foundation
import Synchronization
import WiberServer
import WiberSim

extension SimCommand {
    struct Many: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run many seeds, on all cores.",
            discussion: "A failing seed prints the command that replays it."
        )
        @Option(help: "The first seed.") var from: UInt64 = 1
        @Option(help: "How many seeds.") var count: UInt64 = 100
        @Option(help: "What faults are drawn from.") var scenario: Scenario = .swarm
        @Option(help: "How many run side by side; default: one a core.") var jobs: Int?
        @Option(help: "text or json") var output: OutputFormat = .text

        func validate() throws {
            guard (1...100_000_000).contains(count), jobs.map({ (1...256).contains($0) }) ?? true
            else { throw ValidationError("--count is 1 to 10^8, --jobs 1 to 256") }
        }

        func run() throws {
            let start = ContinuousClock.now
            let bar = Mutex(ProgressBar(what: "seeds", goal: Int(count)))
            let isText = output == .text
            let words = scenario.words
            let pool = SeedPool(
                first: from,
                count: count,
                scenario: scenario,
                jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount
            ) { outcome, done in
                bar.withLock { bar in
                    if isText, let violation = outcome.violations.first {
                        bar.finish()
                        Terminal.say("seed \(outcome.seed) VIOLATED \(violation.prefix(600))")
                        Terminal.say("  replay: wiber sim run --seed \(outcome.seed)\(words)")
                    }
                    bar.show(done)
                }
            }
            let outcomes = try pool.run()
            bar.withLock { $0.finish() }
            show(outcomes, (ContinuousClock.now - start) / .seconds(1))
            if outcomes.contains(where: { !$0.violations.isEmpty }) { throw ExitCode(1) }
        }

        private func show(_ outcomes: [SeedOutcome], _ seconds: Double) {
            let simulated = outcomes.reduce(0) { $0 + Double($1.simulated) / 1e9 }
            let failed = outcomes.filter { !$0.violations.isEmpty }
            let medians = [
                "operations": Self.median(outcomes.map(\.operations)),
                "faults": Self.median(outcomes.map(\.faults)),
                "leader_changes": Self.median(outcomes.map(\.leaderChanges)),
            ]
            switch output {
            case .text:
                Terminal.say(
                    "\(outcomes.count) seeds, \(failed.count) violated,"
                        + " \(Int(simulated)) s simulated in \(Int(seconds)) s: \(Int(simulated / max(0.001, seconds)))"
                        + " times real time, \(Int(Double(outcomes.count) * 3_600 / max(0.001, seconds))) seeds an hour"
                )
                Terminal.say(
                    "medians a seed: \(medians["operations"] ?? 0) requests answered,"
                        + " \(medians["faults"] ?? 0) faults,"
                        + " \(medians["leader_changes"] ?? 0) changes of leader;"
                        + " \(outcomes.reduce(0) { $0 + $1.acknowledged }) publishes acknowledged,"
                        + " \(outcomes.reduce(0) { $0 + $1.refusals }) damaged nodes refused to start,"
                        + " \(outcomes.reduce(0) { $0 + $1.snapshots }) snapshots installed,"
                        + " \(outcomes.reduce(0) { $0 + $1.membershipChanges }) membership changes"
                )
            case .json:
                Terminal.printJSON([
                    "seeds": outcomes.count, "simulated_seconds": simulated, "seconds": seconds,
                    "violations": failed.map { outcome in
                        ["seed": outcome.seed, "what": outcome.violations.first ?? ""]
                            as [String: Any]
                    },
                    "medians": medians,
                    "membership_changes": outcomes.reduce(0) { $0 + $1.membershipChanges },
                ])
            }
        }

        private static func median(_ values: [Int]) -> Int {
            values.isEmpty ? 0 : values.sorted()[values.count / 2]
        }
    }
}
