import Foundation
import Testing

extension EndToEnd {
    @Suite("What is erased leaves real disks")
    struct EraseTests {
        private func wiber(_ words: String, at node: Node) throws -> Command {
            let server = ["--server", "nats://127.0.0.1:\(node.port)"]
            return try Command.wiber(words.split(separator: " ").map { String($0) } + server)
        }

        private func metric(_ name: String, _ node: Node) throws -> Double {
            let page = try HTTP.get("/metrics", port: node.httpPort).text
            let line = page.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            return line?.split(separator: " ").last.flatMap { Double($0) } ?? -1
        }

        /// The files of all nodes that have a text.
        private func holders(of text: String, _ cluster: Cluster) throws -> [String] {
            let bytes = Data(text.utf8)
            return try cluster.nodes.flatMap { node -> [String] in
                let root = node.data.path
                return try FileManager.default.subpathsOfDirectory(atPath: root).filter { path in
                    // A file may go meanwhile, and directories have no bytes.
                    let file = FileManager.default.contents(atPath: root + "/" + path)
                    return file?.range(of: bytes) != nil
                }.map { "\(node.id): \($0)" }
            }
        }

        private func awaitErasure(_ cluster: Cluster) throws {
            for node in cluster.nodes {
                try eventually("\(node.id) has erased all", within: .seconds(60)) {
                    try metric("wiber_erasures_pending", node) == 0
                        && metric("wiber_overwrite_files_pending", node) == 0
                        && metric("wiber_erasures_total", node) >= 1
                }
            }
        }

        @Test func `a message's bytes are in no file of any node any more, and its neighbours are`()
            throws
        {
            let cluster = try Cluster.started(nodes: 3)
            let (first, second) = (cluster.nodes[0], cluster.nodes[1])
            let secret = "sk-live-4eC39HqLyjWDarjtT1zdp7dc"
            let client = try first.client()
            #expect(try client.request("PUB orders before") == "OK 1")
            #expect(try client.request("PUB orders \(secret)") == "OK 2")
            #expect(try client.request("PUB orders after") == "OK 3")
            #expect(try holders(of: secret, cluster).count >= 3)
            try eventually("the cluster is at level 3") {
                try cluster.nodes.allSatisfy { try metric("wiber_feature_level", $0) == 3 }
            }
            let erased = try wiber("topic remove orders 2 --erase --yes", at: second)
            let said = "removed message 2 of orders; every replica erases it in the background\n"
            #expect(erased.output == said, "\(erased.errors)")
            try awaitErasure(cluster)
            #expect(try holders(of: secret, cluster) == [])
            let history = try client.request("HISTORY orders 1 10")
            #expect(history.contains("before") && history.contains("after"))
            #expect(history.contains("\"count\":2"), "\(history)")

            for node in cluster.nodes { try node.kill() }
            for node in cluster.nodes { try node.start() }
            for node in cluster.nodes { try node.waitUntilReady() }
            try eventually("nothing is left to be erased", within: .seconds(60)) {
                try cluster.nodes.allSatisfy { try metric("wiber_erasures_pending", $0) == 0 }
            }
            #expect(try holders(of: secret, cluster) == [])
            let again = try second.client().request("HISTORY orders 1 10", within: .seconds(20))
            #expect(again.contains("\"count\":2"), "\(again)")
            #expect(try second.client().request("PUB orders more").hasPrefix("OK"))
            #expect(try second.terminate() == .code(0))
            let check = try Command.wiber(
                ["data", "check", second.data.path],
                within: .seconds(60)
            )
            #expect(check.isSuccess, "\(check.output)")
        }

        @Test func `one node alone erases as well, by HTTP, in the middle of much else`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let secret = "the-name-of-somebody-who-asked-for-it"
            let client = try node.client()
            #expect(try client.request("PUB orders \(secret)") == "OK 1")
            let bench = ["bench", "topic", "orders", "--messages", "20000", "--size", "500"]
            let server = ["--no-progress", "--server", "nats://127.0.0.1:\(node.port)"]
            let run = try Command.wiber(bench + server, within: .seconds(60))
            #expect(run.isSuccess, "\(run.errors)")
            let answer = try HTTP.get(
                "/api/topics/orders/messages/1?erase=true",
                port: node.httpPort,
                method: "DELETE"
            )
            #expect(answer.status == 200 && answer.text.contains("\"erasing\":true"), "\(answer)")
            try awaitErasure(cluster)
            #expect(try holders(of: secret, cluster) == [])
            #expect(try node.topic("orders").messages == 20_000)
        }
    }
}
