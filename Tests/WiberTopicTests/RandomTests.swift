import Testing
import WiberBase

@testable import WiberTopic

/// Random publishes, elections, truncations, restarts and deleted files, against a dumb model.
@Suite("A topic against its model")
struct RandomTests {
    @Test(arguments: UInt64(1)...80)
    func `every replica says at every step what its log says`(seed: UInt64) {
        var lab = Lab(seed: seed)
        lab.elect(0)
        for _ in 0..<500 { lab.step() }
        lab.converge()
        let first = lab.replicas[0]
        for replica in lab.replicas {
            #expect(replica.lastIndex == replica.applied, "seed \(seed)")
            #expect(replica.topic.committed == first.topic.committed, "seed \(seed)")
            #expect(replica.topic.committed == replica.topic.tail, "seed \(seed)")
            replica.check("seed \(seed)")
        }
        guard let leader = lab.leader else { return }
        let replica = lab.replicas[leader]
        let firstSequence = replica.topic.firstSequence
        #expect(
            replica.firstSequence(expiry: replica.wall, after: firstSequence) == firstSequence,
            "seed \(seed)"
        )
        let gone = replica.rows.filter { $0.sequence < firstSequence || $0.goneAt != nil }
        #expect(replica.asked.isSubset(of: gone.map(\.sequence)), "seed \(seed)")
        let over = replica.live.filter { replica.isOver($0, replica.wall) }
        #expect(over.isEmpty || !replica.topic.wantsDeadlines, "seed \(seed): \(over)")
        guard let most = replica.topic.configuration.retention.maxPerSubject else { return }
        let limited = replica.live.filter { $0.sequence < replica.topic.floor }
        let counts = Dictionary(grouping: limited, by: \.subject).mapValues(\.count)
        #expect(counts.values.allSatisfy { $0 <= Int(most) }, "seed \(seed): \(counts)")
    }
}
