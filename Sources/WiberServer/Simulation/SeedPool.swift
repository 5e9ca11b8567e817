import Foundation
import Synchronization
package import WiberSim

/// Runs many seeds in worker processes, one a core: a trap in the code under test ends a worker, and
/// is a violation of the seed that the worker was at.
package final class SeedPool: Sendable {
    private struct State {
        var next: UInt64
        var outcomes: [SeedOutcome] = []
        var failure: String?
    }

    /// How many seeds a worker gets at once.
    private static let portion: UInt64 = 50

    private let end: UInt64
    private let scenario: Scenario
    private let jobs: Int
    private let finished: @Sendable (SeedOutcome, _ done: Int) -> Void
    private let state: Mutex<State>

    /// A pool for `count` seeds from `first` on, of which `jobs` run side by side.
    ///
    /// `finished` is called after each seed, from any thread, one call at a time.
    package init(
        first: UInt64,
        count: UInt64,
        scenario: Scenario,
        jobs: Int,
        finished: @escaping @Sendable (SeedOutcome, _ done: Int) -> Void
    ) {
        let (end, overflow) = first.addingReportingOverflow(count)
        self.end = overflow ? .max : end
        self.scenario = scenario
        self.jobs = max(1, jobs)
        self.finished = finished
        state = Mutex(State(next: first))
    }

    /// Runs all seeds; blocks.
    ///
    /// - Throws: ``WorkerError`` if a worker cannot be started or read.
    package func run() throws -> [SeedOutcome] {
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            while let portion = takePortion() { run(portion) }
        }
        let (outcomes, failure) = state.withLock { ($0.outcomes, $0.failure) }
        if let failure { throw WorkerError(reason: failure) }
        return outcomes.sorted { $0.seed < $1.seed }
    }

    private func takePortion() -> Range<UInt64>? {
        state.withLock { state in
            guard state.next < end, state.failure == nil else { return nil }
            let first = state.next
            state.next = min(end, first + min(Self.portion, end - first))
            return first..<state.next
        }
    }

    /// Runs a portion, with a new worker after each that died.
    private func run(_ portion: Range<UInt64>) {
        var next = portion.lowerBound
        while next < portion.upperBound {
            do {
                next = try runWorker(next..<portion.upperBound)
            } catch {
                return state.withLock { $0.failure = "\(error)" }
            }
        }
    }

    /// - Returns: the seed to go on with.
    private func runWorker(_ seeds: Range<UInt64>) throws -> UInt64 {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "sim", "worker", "--from", "\(seeds.lowerBound)", "--count", "\(seeds.count)",
            "--scenario", scenario.rawValue,
        ]
        var environment = ProcessInfo.processInfo.environment
        environment["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = environment
        let output = Pipe()
        let errors = FileManager.default.temporaryDirectory
            .appendingPathComponent("wiber-sim-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: errors) }  // Only a copy of words.
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        let next = try read(output.fileHandleForReading, from: seeds.lowerBound)
        process.waitUntilExit()
        guard process.terminationStatus != 0, next < seeds.upperBound else { return next }
        let words = try String(contentsOf: errors, encoding: .utf8)
        let last = words.split(separator: "\n").first { $0.contains("Fatal error") }
        note(Self.trap(next, last.map(String.init) ?? "no words; its replay shows where"))
        return next + 1
    }

    /// Reads a worker's lines until it ends; returns the seed that has no outcome yet.
    private func read(_ handle: FileHandle, from first: UInt64) throws -> UInt64 {
        var next = first
        var rest = Data()
        let decoder = JSONDecoder()
        while true {
            let data = handle.availableData
            guard !data.isEmpty else { return next }
            rest += data
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = rest[rest.startIndex..<end]
                rest = Data(rest[rest.index(after: end)...])
                guard line.first == UInt8(ascii: "{") else { continue }
                let outcome = try decoder.decode(SeedOutcome.self, from: line)
                next = outcome.seed + 1
                note(outcome)
            }
        }
    }

    private static func trap(_ seed: UInt64, _ words: String) -> SeedOutcome {
        SeedOutcome(
            seed: seed,
            traceHash: "",
            violations: ["trap: \(words)"],
            simulated: 0,
            operations: 0,
            acknowledged: 0,
            faults: 0,
            leaderChanges: 0,
            refusals: 0,
            snapshots: 0,
            membershipChanges: 0
        )
    }

    private func note(_ outcome: SeedOutcome) {
        state.withLock { state in
            state.outcomes.append(outcome)
            finished(outcome, state.outcomes.count)
        }
    }
}

/// A worker process of the simulator cannot be started or read.
package struct WorkerError: Error, CustomStringConvertible {
    let reason: String

    /// What is wrong.
    package var description: String { "a worker of the simulator failed: \(reason)" }
}
