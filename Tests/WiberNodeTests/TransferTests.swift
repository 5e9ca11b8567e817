import Testing
import WiberBase

@testable import WiberNode

@Suite("A topic's leader is chosen by somebody who runs the cluster")
struct TransferTests {
    private func lab(nodes: Int = 3, seed: UInt64 = 1) -> NodeLab {
        var options = NodeLab.Options()
        options.nodes = nodes
        options.seed = seed
        options.topics = [TopicConfiguration(name: "news", replicas: 3)]
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        return lab
    }

    private func transfer(
        _ lab: NodeLab,
        at place: Int,
        _ topic: String = "news",
        to node: String
    ) -> AdminOutcome? {
        let count = lab.machines[place].outcomes.count
        lab.handle(place, .admin(7, .transfer(topic: topic, node: node)))
        _ = lab.run(within: .seconds(6)) { lab.machines[place].outcomes.count > count }
        return lab.machines[place].outcomes.last
    }

    @Test(arguments: 0..<3, 1...3 as ClosedRange<UInt64>)
    func `any node takes the command, and every publish is answered`(
        place: Int,
        seed: UInt64
    ) throws {
        let lab = lab(seed: seed)
        for target in [1, 2, 0, 2] {
            let client = lab.connect(to: (place + 1) % 3)
            lab.ask(client, (0..<50).map { "PUB news \(target)-\($0)" })
            #expect(transfer(lab, at: place, to: "n\(target + 1)") == .done)
            #expect(lab.run { lab.leader("news") == target })
            let replies = lab.answers(client)
            // What was under way when the leader changed may be stored or not (rule 14).
            let isAnswered = replies.allSatisfy { reply in
                reply.hasPrefix("OK ") || reply.hasPrefix("ERR UNKNOWN ")
            }
            #expect(replies.count == 50 && isAnswered)
        }
    }

    @Test func `a node without a replica passes the command on`() throws {
        let lab = lab(nodes: 5)
        let replicas = lab.replicas("news")
        let other = try #require((0..<5).first { !replicas.contains($0) })
        let target = try #require(replicas.first { $0 != lab.leader("news") })
        #expect(transfer(lab, at: other, to: "n\(target + 1)") == .done)
        #expect(lab.run { lab.leader("news") == target })
        guard case .refused(let text)? = transfer(lab, at: 0, to: "n\(other + 1)") else {
            Issue.record("a node without a replica cannot lead")
            return
        }
        #expect(text.contains("has no replica of the topic; "))
    }

    @Test func `what cannot be is refused, and says what to do`() {
        let lab = lab()
        for (topic, node, words) in [
            ("nothing", "n1", "there is no topic of this name"),
            ("news", "n9", "the nodes are n1, n2, n3"),
        ] {
            guard case .refused(let text)? = transfer(lab, at: 1, topic, to: node) else {
                Issue.record("\(topic) to \(node)")
                continue
            }
            #expect(text.contains(words))
        }
    }

    @Test func `a node that is down does not take over, and the old leader goes on`() throws {
        let lab = lab()
        let leader = try #require(lab.leader("news"))
        let target = (leader + 1) % 3
        lab.kill(target)
        guard case .late(let text)? = transfer(lab, at: leader, to: "n\(target + 1)") else {
            Issue.record("n\(target + 1) is down")
            return
        }
        #expect(text.contains("n\(leader + 1) leads"))
        #expect(lab.publish(node: leader, "news", "more") != nil)
        lab.start(target)
        #expect(lab.run { lab.isSettled("news") })
        #expect(transfer(lab, at: leader, to: "n\(target + 1)") == .done)
    }

    @Test func `too many commands at a time are refused`() {
        let lab = lab()
        lab.kill(2)
        for number in 0..<70 {
            lab.handle(0, .admin(UInt64(number), .transfer(topic: "news", node: "n3")))
        }
        lab.run(for: .milliseconds(100))
        #expect(lab.machines[0].outcomes.count == 70 - ShardCore.adminTasksMax)
        lab.run(for: .seconds(4))
        #expect(lab.machines[0].outcomes.count == 70)
        #expect(lab.machines[0].core?.adminTasks.isEmpty == true)
    }
}
