import Testing
import WiberBase
import WiberLog

@testable import WiberNode

@Suite("The seal of a log that rests (rules.md 4)")
struct SealTests {
    @Test func `it comes 20 ms after the last write, once, and costs no further turns`() throws {
        let lab = NodeLab(nodes: 1)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        let core = try #require(lab.machines[0].core)
        lab.run(for: .seconds(2))
        for round in 0..<10 {
            #expect(!core.store.needsSeal)
            #expect(lab.publish(node: 0, "news", "\(round)") != nil)
            #expect(lab.run { core.store.needsSeal })
            let rest = lab.now
            #expect(lab.run { !core.store.needsSeal && !core.hasLogJob })
            #expect(lab.now.since(rest) <= .milliseconds(25))
            let turns = core.counters.turns
            lab.run(for: .seconds(1))
            #expect(core.counters.turns - turns <= 40)  // Beats and sweeps, as ever.
        }
    }
}
