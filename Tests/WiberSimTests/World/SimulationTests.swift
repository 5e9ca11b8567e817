import Foundation
import Testing

@testable import WiberSim

@Suite("A simulated cluster")
struct SimulationTests {
    @Test(arguments: [3, 11] as [UInt64])
    func `a seed tells the same story twice in a process`(seed: UInt64) {
        let first = Simulation.run(seed: seed)
        let second = Simulation.run(seed: seed)
        #expect(first.traceHash == second.traceHash)
        #expect(first.violation == nil, "\(first.violation?.text ?? "")")
    }

    @Test func `a seed tells the same story in a debug and in a release build`() throws {
        let binary = try #require(
            ProcessInfo.processInfo.environment["WIBER_BINARY"],
            "WIBER_BINARY names the release binary; ./dev check sets it"
        )
        let process = Process()
        process.executableURL = URL(fileURLWithPath: binary)
        process.arguments = ["sim", "run", "--seed", "5", "--output", "json"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let json = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        process.waitUntilExit()
        let hash = String(Simulation.run(seed: 5).traceHash, radix: 16)
        #expect(json.contains(hash), "\(json) and \(hash)")
    }

    @Test(arguments: Scenario.allCases)
    func `every scenario has its faults, and holds`(scenario: Scenario) {
        let report = Simulation.run(seed: 9, SimulationOptions(scenario))
        #expect(report.violation == nil, "\(report.violation?.text ?? "")")
        #expect(report.statistics.faults >= (scenario == .swarm ? 5 : 25))
        let kinds = Set(report.faults.map(\.kind))
        #expect(scenario.kinds.map { kinds.isSubset(of: $0) } ?? true)
    }

    @Test func `a story is rich enough to prove something`() {
        let report = Simulation.run(seed: 3)
        #expect(report.statistics.acknowledged > 100)
        #expect(report.statistics.faults >= 5)
        #expect(report.statistics.leaderChanges >= 3)
        #expect(report.simulated >= 60_000_000_000)
    }

    @Test func `faults that are left out do not happen`() {
        var options = SimulationOptions()
        options.faultsUntil = 0
        let report = Simulation.run(seed: 3, options)
        #expect(report.statistics.faults == 0)
        #expect(report.faults.isEmpty)
        #expect(report.violation == nil)
    }

    @Test func `a seed that does not fail cannot be shrunk`() {
        #expect(Shrink.run(seed: 3)?.runs == nil)
    }

    @Test func `a trace is one JSON object a line, in the form of a node's log`() throws {
        var lines: [String] = []
        var options = SimulationOptions()
        options.faultsUntil = 0
        _ = Simulation.run(seed: 3, options, trace: TraceRecorder { lines.append($0) })
        #expect(lines.count > 10)
        for line in lines {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["time"] is String)
            #expect(object?["level"] is String)
            #expect(object?["message"] is String)
        }
    }
}
