import Foundation
import Testing

extension EndToEnd {
    @Suite("One node")
    struct SingleNodeTests {
        @Test func `what is acknowledged survives kill -9`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let client = try node.client()
            for number in 1...50 {
                let outcome = try client.publish("notes", "text \(number)")
                #expect(outcome == .stored(sequence: number, isDuplicate: false))
            }
            try node.kill()
            try node.startAndWait()
            let history = try node.client().history("notes", from: 1)
            #expect(history.messages.map(\.sequence) == Array(1...50))
            #expect(history.messages.compactMap(\.data) == (1...50).map { "text \($0)" })
        }

        @Test func `HISTORY takes a place and a limit, and the newest hundred by default`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let client = try cluster.nodes[0].client()
            for number in 1...120 { _ = try client.publish("notes", "\(number)") }
            let some = try client.history("notes", from: 5, limit: 3)
            #expect(some.messages.map(\.sequence) == [5, 6, 7])
            let reply = try client.request("HISTORY notes")
            let newest = try JSON.decode(History.self, from: Data(reply.utf8.dropFirst(3)))
            #expect(newest.count == 100)
            #expect(newest.messages.first?.sequence == 21)
            #expect(try client.history("notes", from: 1_000).messages.isEmpty)
        }

        @Test func `every command of the contract is answered`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let client = try cluster.nodes[0].client()
            #expect(client.info.contains("\"server_id\""))
            #expect(client.info.contains("\"max_payload\""))
            #expect(try client.request("ping") == "PONG")
            #expect(try client.request("PUB notes hello") == "OK 1")
            #expect(try client.request("PUBID notes a hello") == "OK 2")
            #expect(try client.request("PUBID notes a again") == "OK 2 duplicate")
            for request in ["TOPICS", "STATS", "STATS notes", "HELP"] {
                let reply = try client.request(request)
                #expect(reply.hasPrefix("OK "), "\(request): \(reply)")
                #expect(throws: Never.self, "\(request): \(reply)") {
                    try JSONSerialization.jsonObject(with: Data(reply.utf8.dropFirst(3)))
                }
            }
            #expect(try client.request("SUB notes") == "OK subscribed to notes")
            #expect(try client.request("UNSUB notes").hasPrefix("OK"))
            #expect(try client.request("QUIT") == "OK bye")
            #expect(throws: Socket.Failure.self) { try client.readLine() }
        }

        @Test func `a node that is asked to stop exits with 0 and starts again`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            #expect(try node.client().request("PUB notes hello") == "OK 1")
            #expect(try node.terminate() == .code(0), "\(node.logTail)")
            #expect(!node.log.contains("ERROR"), "\(node.logTail)")
            try node.startAndWait()
            #expect(try node.client().request("PUB notes again") == "OK 2")
        }

        @Test func `retention moves the first sequence exactly`() throws {
            let topics = "  - { name: short, retention: { max_messages: 100 } }\n"
            let cluster = try Cluster.started(nodes: 1, topics: topics)
            let node = cluster.nodes[0]
            let client = try node.client()
            for number in 1...250 { _ = try client.publish("short", "\(number)") }
            try eventually("the first sequence is 151") {
                try node.topic("short").firstSequence == 151
            }
            let report = try node.topic("short")
            #expect(report.lastSequence == 250)
            #expect(report.messages == 100)
            #expect(try client.history("short", from: 1).messages.first?.sequence == 151)
        }
    }
}
