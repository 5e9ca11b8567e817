import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("Failure: frozen nodes, whole outages, long absences")
    struct OutageTests {
        @Test func `a frozen leader is replaced, and wakes up as a follower`() throws {
            let cluster = try Cluster.started(nodes: 3)
            try Load.run("A frozen leader", on: cluster) { load in
                let leader = try cluster.leader(of: Load.topic)
                leader.process?.signal(SIGSTOP)
                defer { leader.process?.signal(SIGCONT) }
                let other = try cluster.others(than: leader)[0].client()
                let log = load.log
                let client = log.addClient()
                let start = ContinuousClock.now
                try eventually("an acknowledgement while \(leader.id) is frozen") {
                    let counter = log.begin(client: client)
                    let outcome = try other.publish(Load.topic, "\(client)-\(counter)")
                    log.end(client: client, counter: counter, PublishLog.Fate(outcome))
                    guard case .stored = outcome else { return false }
                    return true
                }
                let milliseconds = Int((ContinuousClock.now - start).seconds * 1_000)
                print("Frozen leader: first acknowledgement elsewhere after \(milliseconds) ms")
                leader.process?.signal(SIGCONT)
                try eventually("\(leader.id) follows") {
                    try leader.topic(Load.topic).leader.map { $0 != leader.id } ?? false
                }
            }
        }

        @Test func `all nodes killed at once have everything that was acknowledged`() throws {
            let cluster = try Cluster.started(nodes: 3)
            try Load.run("All nodes killed at once", on: cluster) { load in
                for _ in 0..<2 {
                    try load.waitForMore(300)
                    for node in cluster.nodes { node.process?.signal(SIGKILL) }
                    for node in cluster.nodes { try node.kill() }
                    try cluster.startAll()
                }
            }
        }

        @Test func `a rolling restart loses nothing`() throws {
            let cluster = try Cluster.started(nodes: 3)
            try Load.run("A rolling restart", on: cluster) { load in
                for node in cluster.nodes {
                    try load.waitForMore(200)
                    #expect(try node.terminate() == .code(0), "\(node.logTail)")
                    try node.startAndWait()
                }
            }
        }

        @Test func `a follower that was away for long catches up`() throws {
            let cluster = try Cluster.started(nodes: 3)
            _ = try cluster.nodes[0].client().publish("long", "first")
            let leader = try cluster.leader(of: "long")
            let follower = cluster.others(than: leader)[0]
            try follower.kill()
            try LoadGenerator.run(leader, topic: "long", messages: 300_000)
            try follower.startAndWait()
            try eventually("\(follower.id) has everything", within: .seconds(60)) {
                try follower.topic("long").lastSequence == 300_001
            }
            let theirs = try follower.client().history("long", from: 299_900)
            let ours = try leader.client().history("long", from: 299_900)
            #expect(theirs.messages == ours.messages)
            #expect(theirs.count == 102)
        }
    }
}
