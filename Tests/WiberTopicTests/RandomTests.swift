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
        #expect(
            replica.firstSequence(expiry: replica.wall) == replica.topic.firstSequence,
            "seed \(seed)"
        )
    }
}
