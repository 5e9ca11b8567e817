import Foundation
import Testing

extension EndToEnd {
    @Suite("Segments are compressed on real disks")
    struct CompressionTests {
        private func wiber(_ words: [String], at node: Node) throws -> Command {
            let server = ["--server", "nats://127.0.0.1:\(node.port)"]
            let command = try Command.wiber(words + server, within: .seconds(120))
            #expect(command.isSuccess, "\(words): \(command.errors)")
            return command
        }

        private func metric(_ name: String, _ node: Node) throws -> Double {
            let page = try HTTP.get("/metrics", port: node.httpPort).text
            let line = page.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
        }

        /// The bytes of a node's segments.
        private func segmentBytes(_ node: Node) throws -> Int {
            let topics = node.data.appending(path: "topics").path
            return try FileManager.default.subpathsOfDirectory(atPath: topics).reduce(0) {
                let facts = try FileManager.default.attributesOfItem(atPath: topics + "/" + $1)
                return $0 + (facts[.size] as? Int ?? 0)
            }
        }

        /// Publishes messages of about 2 KB, lists of orders as JSON, with what cannot be guessed in each.
        private func publish(_ count: Int, to topic: String, at node: Node) throws {
            let client = try node.client()
            var random = SystemRandomNumberGenerator()
            for start in stride(from: 0, to: count, by: 200) {
                var lines: [String] = []
                for number in start..<min(count, start + 200) {
                    let orders = (0..<12).map { place in
                        let amount = UInt32.random(in: 100...99_999, using: &random)
                        let customer = UInt64.random(in: .min ... .max, using: &random)
                        return "{\"order\":\(number * 12 + place),\"customer\":\"\(customer)\""
                            + ",\"amount\":\(amount),\"currency\":\"EUR\",\"status\":\"created\""
                            + ",\"items\":[{\"sku\":\"A-\(amount % 977)\",\"quantity\":1}]}"
                    }
                    lines.append("PUB \(topic) [\(orders.joined(separator: ","))]")
                }
                try client.send(lines.joined(separator: "\r\n"))
                for _ in lines {
                    let reply = try client.readLine(within: .seconds(30))
                    #expect(reply.hasPrefix("OK "), "\(reply)")
                }
            }
        }

        private func sample(_ topic: String, _ node: Node) throws -> [History.Message] {
            let client = try node.client()
            return try stride(from: 1, to: 70_000, by: 9_973).flatMap {
                try client.history(topic, from: $0, limit: 40).messages
            }
        }

        @Test func `old files get smaller, and read as before, also after kill -9`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let first = cluster.nodes[0]
            _ = try wiber(["topic", "create", "orders"], at: first)
            try publish(70_000, to: "orders", at: first)
            let before = try sample("orders", first)
            #expect(before.count == 320)
            let sizes = try cluster.nodes.map { try segmentBytes($0) }
            #expect(sizes.allSatisfy { $0 > 80_000_000 }, "\(sizes)")
            _ = try wiber(["topic", "update", "orders", "--compression", "zstd"], at: first)
            for (node, size) in zip(cluster.nodes, sizes) {
                try eventually("\(node.id) compresses", within: .seconds(60)) {
                    try metric("wiber_segment_compressed_files", node) >= 1
                        && segmentBytes(node) < size - 30_000_000
                }
                #expect(
                    try metric("wiber_segment_compressed_bytes", node) * 2
                        < metric("wiber_segment_expanded_bytes", node)
                )
                #expect(try sample("orders", node) == before, "\(node.id)")
            }
            for node in cluster.nodes { try node.kill() }
            try cluster.startAll()
            for node in cluster.nodes {
                #expect(try sample("orders", node) == before, "\(node.id)")
            }
            let page = try HTTP.get("/api/topics/orders", port: first.httpPort).text
            #expect(page.contains("\"compression\":\"zstd\""), "\(page)")
            _ = try cluster.nodes[1].terminate()
            let data = cluster.nodes[1].data.path
            let sound = try Command.wiber(["data", "check", data], within: .seconds(60))
            #expect(sound.isSuccess, "\(sound.output)")
        }
    }
}
