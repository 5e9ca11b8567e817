import Testing
import WiberBase
import WiberLog

@testable import WiberNode

@Suite("A replica that lacks closed segments fetches them")
struct CatchUpTests {
    private func lab(seed: UInt64 = 1, catchUpBytes: Int = 1) -> NodeLab {
        var options = NodeLab.Options()
        options.seed = seed
        options.topics = [TopicConfiguration(name: "news", replicas: 3)]
        options.log.segmentSize = 4 << 10
        options.limits.catchUpBytes = catchUpBytes
        options.limits.catchUpPatience = .seconds(1)
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        return lab
    }

    /// Takes a node out while others fill some segments; says who led then.
    private func leaveBehind(_ lab: NodeLab, _ place: Int, rounds: Int = 40) throws -> Int {
        lab.fill("news", rounds: 5)
        lab.kill(place)
        lab.fill("news", rounds: rounds)
        #expect(lab.run { lab.leader("news") != nil })
        return try #require(lab.leader("news"))
    }

    private func expectEqual(_ lab: NodeLab) {
        #expect(lab.machines.compactMap(\.failure) == [])
        #expect(lab.run(within: .seconds(60)) { lab.isSettled("news") })
        for place in 1..<3 { #expect(lab.history("news", place) == lab.history("news", 0)) }
        #expect(lab.publish(node: 2, "news", "more") != nil)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `from a replica that does not lead, while the leader goes on`(seed: UInt64) throws {
        let lab = lab(seed: seed)
        let leader = try leaveBehind(lab, 2)
        let other = 1 - leader
        lab.start(2)
        expectEqual(lab)
        #expect(lab.counters(2).catchUps >= 1)
        #expect(lab.counters(2).catchUpBytes > 4 << 10)
        #expect(lab.counters(other).repairsServed > 0)
        #expect(lab.counters(leader).repairsServed == 0)
        // It is on its own disk.
        lab.cutPower(2)
        lab.start(2)
        expectEqual(lab)
    }

    @Test func `who lacks little is sent it`() throws {
        let lab = lab(catchUpBytes: 1 << 20)
        _ = try leaveBehind(lab, 2)
        lab.start(2)
        expectEqual(lab)
        #expect(lab.counters(2).catchUps == 0)
    }

    @Test func `from the leader if the other replica is not there`() throws {
        let lab = lab()
        let leader = try leaveBehind(lab, 2)
        lab.start(2)
        lab.kill(1 - leader)
        #expect(
            lab.run(within: .seconds(60)) { lab.applied("news", 2) == lab.applied("news", leader) }
        )
        #expect(lab.counters(2).catchUps >= 1)
        lab.start(1 - leader)
        expectEqual(lab)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `a leader that goes meanwhile is followed by another one`(seed: UInt64) throws {
        let lab = lab(seed: seed)
        let leader = try leaveBehind(lab, 2, rounds: 80)
        lab.start(2)
        _ = lab.run { lab.counters(2).catchUpBytes > 0 }
        lab.kill(leader)
        #expect(lab.run(within: .seconds(20)) { lab.leader("news") == 1 - leader })
        lab.start(leader)
        expectEqual(lab)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `a power cut while it fetches loses nothing that it has acknowledged`(
        seed: UInt64
    ) throws {
        let lab = lab(seed: seed)
        _ = try leaveBehind(lab, 2, rounds: 80)
        for round in 1...4 as ClosedRange<UInt64> {
            lab.start(2)
            _ = lab.run { lab.counters(2).catchUpBytes > round * 3_000 }
            lab.cutPower(2)
        }
        lab.start(2)
        expectEqual(lab)
    }
}
