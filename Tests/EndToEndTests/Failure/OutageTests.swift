import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("Failure: frozen nodes, whole outages, long absences")
    struct OutageTests {
        @Test func `a frozen leader is replaced, and wakes up as a follower`() throws {
            try underLoad { cluster, log in
                let leader = try cluster.leader(of: "load")
                leader.process?.signal(SIGSTOP)
                defer { leader.process?.signal(SIGCONT) }
                let other = try cluster.others(than: leader)[0].client()
                let client = log.addClient()
                let start = ContinuousClock.now
                try eventually("an acknowledgement while \(leader.id) is frozen") {
                    let counter = log.begin(client: client)
                    let outcome = try other.publish("load", "\(client)-\(counter)")
                    log.end(client: client, counter: counter, PublishLog.Fate(outcome))
                    guard case .stored = outcome else { return false }
                    return true
                }
                let milliseconds = Int((ContinuousClock.now - start).seconds * 1_000)
                print("Frozen leader: first acknowledgement elsewhere after \(milliseconds) ms")
                leader.process?.signal(SIGCONT)
                try eventually("\(leader.id) follows") {
                    try leader.topic("load").leader.map { $0 != leader.id } ?? false
                }
            }
        }

        @Test func `all nodes killed at once have everything that was acknowledged`() throws {
            try underLoad { cluster, log in
                for _ in 0..<2 {
                    try waitForMore(300, log)
                    for node in cluster.nodes { node.process?.signal(SIGKILL) }
                    for node in cluster.nodes { try node.kill() }
                    try cluster.startAll()
                }
            }
        }

        @Test func `a rolling restart loses nothing`() throws {
            try underLoad { cluster, log in
                for node in cluster.nodes {
                    try waitForMore(200, log)
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

        /// Runs `events` on three nodes while two publishers keep a window full, then checks every
        /// node's copy.
        private func underLoad(_ events: (Cluster, PublishLog) throws -> Void) throws {
            let cluster = try Cluster.started(nodes: 3)
            let ports = cluster.nodes.map(\.port)
            _ = try cluster.nodes[0].client().request("SUB load")
            let log = PublishLog()
            let publishers = (0..<2).map {
                Publisher(topic: "load", ports: ports, first: $0, log: log)
            }
            var problems: [String] = []
            do {
                try waitForMore(200, log)
                try events(cluster, log)
                try waitForMore(200, log)
            } catch {
                problems.append("\(error)")
            }
            for publisher in publishers { problems += try publisher.stop() }
            problems += try HistoryChecker(fates: log.fates()).check("load", on: cluster.nodes)
            let logs = cluster.nodes.map { "\($0.id):\n\($0.logTail)" }.joined(separator: "\n")
            #expect(problems.isEmpty, "\(logs)")
        }

        private func waitForMore(_ count: Int, _ log: PublishLog) throws {
            let before = log.acknowledgedCount
            try eventually("\(count) more acknowledgements", within: .seconds(30)) {
                log.acknowledgedCount >= before + count
            }
        }
    }
}
