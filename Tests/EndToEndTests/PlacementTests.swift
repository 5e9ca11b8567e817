import Foundation
import Testing

extension EndToEnd {
    @Suite("Topics go where their tags have them, and hold no more than they may")
    struct PlacementTests {
        private func wiber(_ words: String, at node: Node) throws -> Command {
            let server = ["--server", "nats://127.0.0.1:\(node.port)"]
            return try Command.wiber(words.split(separator: " ").map { String($0) } + server)
        }

        private func isHeld(_ topic: String, by nodes: [String], _ cluster: Cluster) throws -> Bool
        {
            let report = try cluster.nodes[0].topic(topic)
            return report.leader != nil && report.replicas.map(\.node).sorted() == nodes
        }

        @Test
        func `a topic is on the nodes with its tags, and moves when it, or they, say otherwise`()
            throws
        {
            let cluster = try Cluster.started(
                nodes: 5,
                tags: ["ssd, zone:a", "zone:a", "ssd, zone:b", "zone:b", "ssd, zone:c"],
                topics: "  - { name: fast, placement: { tags: [ssd], spread: zone } }\n"
            )
            try eventually("it is there") { try isHeld("fast", by: ["n1", "n3", "n5"], cluster) }
            for node in cluster.nodes {
                try eventually("\(node.id) knows all tags") {
                    let status = try wiber("cluster status", at: node).output
                    return status.contains("TAGS") && status.contains("ssd zone:c")
                        && status.components(separatedBy: "zone:").count == 6
                }
            }
            #expect(try cluster.nodes[1].client().request("PUB fast first") == "OK 1")
            let all = "n1 has ssd zone:a, n2 has zone:a, n3 has ssd zone:b, n4 has zone:b, n5"
            for words in [
                "topic update fast --tag tape", "topic create more --tag ssd --replicas 5",
                "topic replicas fast 5", "topic move fast n1 n2 n3", "cluster remove-node n5",
            ] {
                let refused = try wiber(words, at: cluster.nodes[3])
                #expect(!refused.isSuccess, "\(words)")
                let isNamed = refused.errors.contains(all) || words.contains("remove-node")
                #expect(isNamed, "\(words): \(refused.errors)")
            }
            let fewer = try wiber("topic replicas fast 2", at: cluster.nodes[2])
            #expect(fewer.isSuccess, "\(fewer.errors)")
            let updated = try wiber(
                "topic update fast --tag zone:a --spread none",
                at: cluster.nodes[2]
            )
            #expect(updated.isSuccess, "\(updated.errors)")
            try eventually("it has moved", within: .seconds(30)) {
                try isHeld("fast", by: ["n1", "n2"], cluster)
            }
            #expect(try cluster.nodes[4].client().request("PUB fast second") == "OK 2")
            // n2 goes to another room, and n4 comes to this one.
            let yaml = try String(contentsOf: cluster.configuration, encoding: .utf8)
                .replacing("[zone:a]", with: "[zone:x]").replacing("[zone:b]", with: "[zone:a]")
            try Data(yaml.utf8).write(to: cluster.configuration)
            for place in [1, 3] {
                try cluster.nodes[place].kill()
                try cluster.nodes[place].startAndWait()
            }
            try eventually("it has moved again", within: .seconds(30)) {
                try isHeld("fast", by: ["n1", "n4"], cluster)
            }
            #expect(try cluster.nodes[3].client().history("fast", from: 1).messages.count == 2)
        }

        @Test
        func `a topic's quota refuses publishes of every kind of client, and keeps what is there`()
            throws
        {
            let cluster = try Cluster.started(nodes: 3)
            let made = try wiber("topic create orders --quota-messages 3", at: cluster.nodes[0])
            #expect(made.isSuccess, "\(made.errors)")
            let client = try cluster.nodes[1].client()
            for number in 1...3 { #expect(try client.request("PUB orders x") == "OK \(number)") }
            let reply = try client.request("PUB orders x")
            #expect(
                reply.hasPrefix("ERR QUOTA maximum messages exceeded: topic orders"),
                "\(reply)"
            )
            let socket = try NATSSocket(cluster.nodes[2])
            try socket.send("SUB in 1\r\nPUB orders in 1\r\nx\r\n")
            #expect(try socket.line().hasPrefix("MSG in 1 "))
            let words =
                #"{"error":{"code":503,"err_code":10077,"description":"maximum messages exc"#
            let answer = try socket.line()
            #expect(answer.hasPrefix(words), "\(answer)")
            #expect(try cluster.nodes[0].topic("orders").firstSequence == 1)
            let raised = try wiber(
                "topic update orders --quota-messages none --quota-bytes 20",
                at: cluster.nodes[0]
            )
            #expect(raised.isSuccess, "\(raised.errors)")
            #expect(try client.request("PUB orders x") == "OK 4")
            let large = try client.request("PUB orders a text of more than is left")
            #expect(large.hasPrefix("ERR QUOTA maximum bytes exceeded: topic orders"), "\(large)")
            let text = try HTTP.get("/api/topics/orders", port: cluster.nodes[0].httpPort).text
            #expect(text.contains(#""quota":{"bytes":20,"messages":null}"#), "\(text)")
        }

        @Test func `near its disk quota a node refuses, and goes on once there is room`() throws {
            let quota = 512 << 20
            let cluster = try Cluster(nodes: 1, more: "disk_quota: 512MiB\n")
            let node = cluster.nodes[0]
            try node.start()
            try node.waitUntilReady()
            let load = try Command.wiber(
                [
                    "bench", "lines", "load", "--messages", "8192", "--size", "65536", "--window",
                    "64",
                ]
                    + ["--server", "nats://127.0.0.1:\(node.port)"],
                within: .seconds(120)
            )
            #expect(!load.isSuccess || load.output.contains("8192") || !load.errors.isEmpty)
            let client = try node.client()
            let reply = try client.request("PUB load x")
            #expect(
                reply.hasPrefix("ERR DISK_FULL node n1 holds nearly \(quota) bytes (disk_quota)"),
                "\(reply) \(load)"
            )
            let held = try size(of: node.data)
            // How far it goes at most is for `QuotaTests`: here other processes hold the node up.
            #expect(held > quota / 2, "\(held) bytes")
            let metrics = try HTTP.get("/metrics", port: node.httpPort).text
            #expect(metrics.contains("wiber_disk_quota_bytes 536870912"))
            #expect(try client.history("load", from: 1, limit: 1).messages.count == 1)
            let purged = try wiber("topic purge load --yes", at: node)
            #expect(purged.isSuccess, "\(purged.errors)")
            try eventually("it takes messages again", within: .seconds(30)) {
                try node.client().request("PUB load x").hasPrefix("OK ")
            }
        }

        /// The bytes of all files below a folder.
        private func size(of folder: URL) throws -> Int {
            let files = FileManager.default.enumerator(
                at: folder,
                includingPropertiesForKeys: [.fileSizeKey]
            )
            return (files?.compactMap { $0 as? URL } ?? []).reduce(0) { sum, file in
                sum + ((try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0)
            }
        }
    }
}
