import Foundation
import WiberBase

@testable import WiberRaft
@testable import WiberSim

/// A script and the output that it must give, in one file: the story first, as comments.
///
///     nodes 5 voters=3 learners=1 seed=7   the cluster; spare nodes have no configuration yet
///     disk 1 term=3 vote=0 log=1,1,2       what a node's disk has; it starts again with it
///     run 500                              milliseconds
///     run until leader                     at most ten seconds
///     propose 1 3                          three entries at node 1
///     campaign 1 · timeout 1               at once · as if its election timeout had passed
///     crash 1 · restart 1                  what was on its way to the disk is lost
///     stall 1 · unstall 1                  its disk
///     block 1 2 · partition 1 | 2 3 · heal
///     transfer 1 2 · read 1 77 · change 1 voters=1,2 learners=3
///     messages on · messages off · state
struct Trace: Sendable, CustomStringConvertible {
    let path: String
    let script: [String]
    let expected: [String]

    static let separator = "----"
    var description: String { URL(fileURLWithPath: path).lastPathComponent }

    init(path: String) throws {
        self.path = path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let end = lines.firstIndex(of: Self.separator) ?? lines.count
        script = Array(lines[..<end])
        expected = Array(lines[end...].dropFirst())
    }

    static func all() throws -> [Trace] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Traces").path
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .filter { $0.hasSuffix(".trace") }
            .map { try Trace(path: folder + "/" + $0) }
    }

    /// Runs the script; with `WIBER_REWRITE=1` its output becomes the expected one.
    func play() throws -> (output: [String], violations: [String]) {
        var player = TracePlayer()
        for line in script where !line.isEmpty && !line.hasPrefix("#") { player.play(line) }
        let output = player.lab.lines ?? []
        if environment("WIBER_REWRITE") != nil {
            let text = (script + [Self.separator] + output).joined(separator: "\n") + "\n"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        return (output, player.lab.checks.violations)
    }
}

/// Performs a script's commands on a lab.
struct TracePlayer {
    var lab = RaftLab(count: 3, seed: 1)

    mutating func play(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        if words[0] == "nodes" { create(words) }
        lab.show("> \(line)")
        let place = words.count > 1 ? (Int(words[1]) ?? 1) - 1 : 0
        switch words[0] {
        case "nodes": break
        case "disk": setDisk(place, words)
        case "priority": lab.nodes[place].priority = UInt8(words[2]) ?? 3
        case "run": run(words)
        case "propose":
            for _ in 0..<(Int(words.count > 2 ? words[2] : "1") ?? 1) where !lab.propose(place) {
                if let refusal = lab.nodes[place].raft?.refusal { lab.show("refused: \(refusal)") }
            }
        case "campaign": lab.step(place, .campaign)
        case "timeout": lab.loseContact(place)
        case "crash": lab.crash(place, keeping: 0)
        case "restart": lab.restart(place)
        case "stall": lab.nodes[place].isDiskStalled = true
        case "unstall":
            lab.nodes[place].isDiskStalled = false
            lab.startDisk(place)
        case "block": lab.block(from: place, to: (Int(words[2]) ?? 1) - 1)
        case "partition":
            let parts = line.dropFirst("partition".count).split(separator: "|")
            lab.partition(parts.map { $0.split(separator: " ").map { (Int($0) ?? 1) - 1 } })
        case "heal": lab.heal()
        case "transfer":
            lab.step(
                place,
                .transfer(to: words.count > 2 ? UInt64(words[2]).map(NodeID.init) : nil)
            )
        case "read": lab.read(place, UInt64(words[2]) ?? 0)
        case "change":
            let target = Configuration.Target(
                voters: list(words, "voters"),
                learners: list(words, "learners")
            )
            if let refusal = lab.nodes[place].raft?.refusal(of: target) {
                lab.show("refused: \(refusal)")
            }
            lab.step(place, .changeConfiguration(target))
        case "messages": lab.showsMessages = words[1] == "on"
        case "state": lab.showState()
        default: lab.checks.fail("unknown command: \(line)")
        }
    }

    private func option(_ words: [String], _ name: String) -> String? {
        for word in words where word.hasPrefix(name + "=") {
            return String(word.dropFirst(name.count + 1))
        }
        return nil
    }

    private func list(_ words: [String], _ name: String) -> [NodeID] {
        (option(words, name) ?? "").split(separator: ",").compactMap { UInt64($0) }.map(NodeID.init)
    }

    private mutating func create(_ words: [String]) {
        let count = Int(words[1]) ?? 3
        lab = RaftLab(
            count: count,
            voters: option(words, "voters").flatMap(Int.init),
            learners: option(words, "learners").flatMap(Int.init) ?? 0,
            seed: option(words, "seed").flatMap(UInt64.init) ?? 1
        )
        lab.lines = []
    }

    private func setDisk(_ place: Int, _ words: [String]) {
        let terms = (option(words, "log") ?? "").split(separator: ",").compactMap { UInt64($0) }
        lab.nodes[place].diskHardState = HardState(
            term: Term(option(words, "term").flatMap(UInt64.init) ?? 0),
            votedFor: NodeID(option(words, "vote").flatMap(UInt64.init) ?? 0)
        )
        lab.nodes[place].diskLog = terms.enumerated().map { index, term in
            .init(term: Term(term), kind: .normal, payload: term * 1_000 + UInt64(index))
        }
        lab.nodes[place].start(lab.now)
        lab.nodes[place].incarnation = 1
        lab.checks.appended(lab, place, from: LogIndex(1))
    }

    private func run(_ words: [String]) {
        if words[1] != "until" { return lab.run(milliseconds: UInt64(words[1]) ?? 0) }
        let start = lab.now
        while lab.leaderPlace == nil, lab.now < start + .seconds(10) { lab.run(milliseconds: 1) }
        lab.show("after \(lab.now.since(start).nanoseconds / 1_000_000) ms")
    }
}
