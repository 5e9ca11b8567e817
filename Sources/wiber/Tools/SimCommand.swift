import ArgumentParser
import Foundation
import WiberServer
import WiberSim

/// The command `wiber sim`.
struct SimCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sim",
        abstract: "Run whole clusters on a simulated clock, network and disk, with faults.",
        discussion: """
            A seed decides everything: the same seed is the same story, on every machine. Exits \
            with 1 if anything that must hold did not.

            Examples:
              wiber sim run --seed 42
              wiber sim run --seed 42 --trace story.ndjson
              wiber sim many --from 1 --count 2000
              wiber sim shrink --seed 42
              wiber sim explore
            """,
        subcommands: [Run.self, Many.self, ShrinkSeed.self, Explore.self, Worker.self]
    )

    /// What leaves out parts of a seed's story.
    struct Story: ParsableArguments {
        @Option(help: "The seed.") var seed: UInt64
        @Option(help: "What faults are drawn from.") var scenario: Scenario = .swarm
        @Option(help: "Numbers of faults that are left out, with commas between.")
        var without = ""
        @Option(help: "No fault begins after this many simulated seconds.")
        var faultsUntil: Double?

        func validate() throws {
            guard faultsUntil.map({ (0...1e6).contains($0) }) ?? true else {
                throw ValidationError("--faults-until is 0 to 1000000 seconds")
            }
            guard without.split(separator: ",").allSatisfy({ Int($0) != nil }) else {
                throw ValidationError("--without takes numbers, as in 3,7,9")
            }
        }

        var options: SimulationOptions {
            var options = SimulationOptions(scenario)
            options.without = Set(without.split(separator: ",").compactMap { Int($0) })
            if let faultsUntil { options.faultsUntil = UInt64(faultsUntil * 1e9) }
            return options
        }
    }

    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run one seed.",
            discussion: "The trace has one JSON object a line, in the form of a node's JSON log."
        )
        @OptionGroup var story: Story
        @Option(help: "A file for what happens, a JSON object a line; - is standard output.")
        var trace: String?
        @Option(help: "text or json") var output: OutputFormat = .text

        func run() throws {
            let file = try traceFile()
            let report = Simulation.run(
                seed: story.seed,
                story.options,
                trace: file.map { file in
                    TraceRecorder { line in file.write(Data((line + "\n").utf8)) }
                } ?? TraceRecorder()
            )
            let outcome = SeedRun.outcome(report)
            switch output {
            case .text: SimText.show(report)
            case .json:
                Terminal.printJSON([
                    "seed": outcome.seed, "trace_hash": outcome.traceHash,
                    "violations": outcome.violations,
                ])
            }
            if report.violation != nil { throw ExitCode(1) }
        }

        private func traceFile() throws -> FileHandle? {
            guard let trace else { return nil }
            guard trace != "-" else { return .standardOutput }
            guard FileManager.default.createFile(atPath: trace, contents: nil),
                let file = FileHandle(forWritingAtPath: trace)
            else {
                throw ValidationError("cannot write \(trace): name a file in a folder of yours")
            }
            return file
        }
    }

    struct ShrinkSeed: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "shrink",
            abstract: "Find a shorter story with the same failure."
        )
        @Option(help: "The seed that fails.") var seed: UInt64
        @Option(help: "What faults are drawn from.") var scenario: Scenario = .swarm

        func run() throws {
            guard let result = Shrink.run(seed: seed, scenario) else {
                return Terminal.say("seed \(seed) does not fail")
            }
            SimText.show(result.report)
            let without = result.options.without.sorted().map(String.init).joined(separator: ",")
            let seconds = Double(result.options.faultsUntil) / 1e9
            Terminal.say(
                "\(result.runs) runs; replay with: wiber sim run --seed \(seed)"
                    + scenario.words + " --faults-until \(seconds)"
                    + (without.isEmpty ? "" : " --without \(without)")
            )
            throw ExitCode(1)
        }
    }

    struct Worker: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run seeds for another process, a line of JSON each.",
            shouldDisplay: false
        )
        @Option var from: UInt64
        @Option var count: UInt64
        @Option var scenario: Scenario = .swarm

        func run() throws {
            let (end, overflow) = from.addingReportingOverflow(count)
            try SeedRun.work(from..<(overflow ? .max : end), scenario)
        }
    }
}

extension Scenario: ExpressibleByArgument {
    /// What a replay needs besides the seed.
    var words: String { self == .swarm ? "" : " --scenario \(rawValue)" }
}

/// A run in words.
enum SimText {
    static func show(_ report: SimulationReport) {
        let numbers = report.statistics
        Terminal.say(
            "seed \(report.seed): \(report.nodes) nodes, \(report.simulated / 1_000_000_000) s,"
                + " \(numbers.operations) requests answered, \(numbers.acknowledged) publishes"
                + " acknowledged, \(numbers.faults) faults, \(numbers.leaderChanges) changes of"
                + " leader, trace \(SeedRun.outcome(report).traceHash)"
        )
        guard let violation = report.violation else { return Terminal.say("nothing was violated") }
        for fault in report.faults where fault.at <= violation.at {
            Terminal.say(
                "  fault \(fault.number) at \(Double(fault.at / 1_000_000) / 1e3) s for"
                    + " \(fault.length / 1_000_000) ms: \(fault.kind.rawValue)"
            )
        }
        Terminal.say(
            "VIOLATED \(violation.check) at \(Double(violation.at / 1_000_000) / 1e3) s: "
                + violation.text
        )
    }
}
