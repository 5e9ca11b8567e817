import Testing

@testable import WiberSim

@Suite("Random faults from a seed")
struct RandomTests {
    @Test(arguments: [3, 5])
    func `Raft's promises hold and a healed cluster makes progress`(count: Int) {
        check(count: count, changesMembers: false)
    }

    @Test(arguments: [4, 6])
    func `they hold and it does while members come and go`(count: Int) {
        check(count: count, changesMembers: true)
    }

    private func check(count: Int, changesMembers: Bool) {
        var (elections, committed, reads, changes) = (0, 0, 0, 0)
        for seed in 1...Settings.seeds {
            let run = RandomRun(
                count: count,
                changesMembers: changesMembers,
                seed: seed &* 7 &+ UInt64(count)
            )
            run.go()
            guard run.lab.checks.violations.isEmpty else {
                Issue.record("seed \(run.seed): \(run.lab.checks.violations)")
                return
            }
            elections += run.lab.checks.elections
            committed += run.lab.checks.committedCount
            reads += run.lab.checks.readsDone
            changes += run.changes
        }
        // A run in which nothing happens proves nothing.
        let seeds = Int(Settings.seeds)
        #expect(elections > seeds && committed > seeds * 10 && reads > seeds / 2)
        #expect(!changesMembers || changes > seeds)
        if environment("WIBER_SHOW") != nil { print(elections, committed, reads, changes) }
    }
}

/// How long random tests go on.
enum Settings {
    /// `WIBER_SEEDS` of them a test.
    static let seeds = UInt64(environment("WIBER_SEEDS") ?? "") ?? 300
}
