import Foundation
import Testing

extension EndToEnd {
    @Suite("Three nodes")
    struct ClusterTests {
        @Test func `a publish to any node is at once in the history of any other`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let clients = try cluster.nodes.map { try $0.client() }
            var expected: [String] = []
            for round in 0..<30 {
                let text = "message \(round)"
                let outcome = try clients[round % 3].publish("notes", text)
                expected.append(text)
                #expect(outcome == .stored(sequence: round + 1, isDuplicate: false))
                let history = try clients[(round + 1) % 3].history("notes", from: 1)
                #expect(history.messages.compactMap(\.data) == expected)
            }
        }

        @Test func `the API names nodes, leader and replicas alike on every node`() throws {
            let cluster = try Cluster.started(nodes: 3)
            _ = try cluster.nodes[0].client().publish("notes", "hello")
            let leader = try cluster.leader(of: "notes")
            for node in cluster.nodes {
                let report = try obtain("three nodes alive at \(node.id)") {
                    let report = try HTTP.json(
                        ClusterReport.self,
                        "/api/cluster",
                        port: node.httpPort
                    )
                    return report.nodes.allSatisfy { $0.state == "alive" } ? report : nil
                }
                #expect(report.nodes.map(\.id) == ["n1", "n2", "n3"])
                #expect(report.nodes.map(\.port) == cluster.nodes.map(\.port))
                #expect(report.node == node.id)
                let topic = try node.topic("notes")
                #expect(topic.leader == leader.id)
                #expect(topic.replicas.map(\.node).sorted() == ["n1", "n2", "n3"])
            }
        }

        @Test func `a subscriber gets the past, then the present, from any node`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let publisher = try cluster.nodes[0].client()
            for number in 1...10 { _ = try publisher.publish("notes", "text \(number)") }
            let leader = try cluster.leader(of: "notes")
            let other = cluster.others(than: leader)[0]
            let subscriber = try other.client()
            #expect(try subscriber.request("SUB notes 3") == "OK subscribed to notes")
            var next = 3
            func expectMessages(through last: Int) throws {
                while next <= last {
                    let words = try subscriber.readLine().split(separator: " ", maxSplits: 4)
                    #expect(words[0] == "MSG" && words[1] == "notes")
                    #expect(words[2] == "\(next)")
                    #expect(words[4] == "text \(next)")
                    next += 1
                }
            }
            try expectMessages(through: 10)
            for number in 11...20 { _ = try publisher.publish("notes", "text \(number)") }
            try expectMessages(through: 20)
            try leader.kill()
            let survivor = try cluster.others(than: leader)[1].client()
            for number in 21...25 {
                try eventually("publish \(number)") {
                    guard case .stored = try survivor.publish("notes", "text \(number)") else {
                        return false
                    }
                    return true
                }
            }
            try expectMessages(through: 25)
        }

        @Test func `a duplicate is known by id and by content after failover and restart`() throws {
            let topics = """
                  - { name: ids, dedup: { window: 10m, by: id } }
                  - { name: bodies, dedup: { window: 10m, by: content } }

                """
            let cluster = try Cluster.started(nodes: 3, topics: topics)
            let first = try cluster.nodes[0].client()
            #expect(try first.request("PUBID ids one hello") == "OK 1")
            #expect(try first.request("PUBID ids two hello") == "OK 2")
            #expect(try first.request("PUBID ids one other") == "OK 1 duplicate")
            #expect(try first.request("PUB bodies hello") == "OK 1")
            #expect(try first.request("PUB bodies hello") == "OK 1 duplicate")

            let leader = try cluster.leader(of: "ids")
            try leader.kill()
            let survivor = try cluster.others(than: leader)[0].client()
            try expectDuplicates(survivor)
            try leader.startAndWait()

            for node in cluster.nodes { try node.kill() }
            try cluster.startAll()
            try expectDuplicates(try cluster.nodes[2].client())
            #expect(try cluster.nodes[1].client().request("PUBID ids three hello") == "OK 3")
        }

        private func expectDuplicates(_ client: LineClient) throws {
            for (request, sequence) in [
                ("PUBID ids one x", 1), ("PUBID ids two x", 2), ("PUB bodies hello", 1),
            ] {
                let reply = try obtain("an answer to \(request)") {
                    let reply = try client.request(request)
                    return reply.hasPrefix("ERR") ? nil : reply
                }
                #expect(reply == "OK \(sequence) duplicate", "\(request)")
            }
        }

        @Test func `replicas trim alike`() throws {
            let topics = "  - { name: short, retention: { max_messages: 50, max_bytes: 1MiB } }\n"
            let cluster = try Cluster.started(nodes: 3, topics: topics)
            let client = try cluster.nodes[1].client()
            for number in 1...180 { _ = try client.publish("short", "\(number)") }
            for node in cluster.nodes {
                try eventually("131 is the first on \(node.id)") {
                    let report = try node.topic("short")
                    return report.firstSequence == 131 && report.lastSequence == 180
                }
            }
        }
    }
}
