import Foundation
import Testing

extension EndToEnd {
    @Suite("Failure: nodes join, leave and are replaced under load")
    struct NodeChangeTests {
        private func wiber(_ node: Node, _ arguments: String...) throws -> Command {
            try Command.wiber(
                arguments + ["--server", "nats://127.0.0.1:\(node.port)"],
                within: .seconds(90)
            )
        }

        private func address(_ node: Node) -> [String] {
            ["--host", "127.0.0.1", "--port", "\(node.port)", "--rpc-port", "\(node.rpcPort)"]
                + ["--http-port", "\(node.httpPort)"]
        }

        /// The names of the nodes, as one of them says; those that leave with a minus.
        private func names(_ node: Node) throws -> [String] {
            struct Report: Decodable {
                struct Node: Decodable {
                    let id: String
                    let leaving: Bool
                }
                let nodes: [Node]
            }
            let report = try HTTP.json(Report.self, "/api/cluster", port: node.httpPort)
            return report.nodes.map { ($0.leaving ? "-" : "") + $0.id }.sorted()
        }

        /// Whether it ended by itself, and said that it was removed.
        private func expectLeft(_ node: Node) throws {
            try eventually("\(node.id) stops by itself") { !node.isRunning }
            #expect(node.log.contains("was removed from the cluster"), "\(node.logTail)")
        }

        @Test func `all three nodes of a cluster go one by one, and nothing acknowledged`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let first = cluster.nodes
            try Load.run("5 changes of nodes", on: cluster) { load in
                let fourth = try cluster.add("n4")
                try fourth.start()  // It waits until somebody lets it in.
                let added = try Command.wiber(
                    ["cluster", "add-node", "n4"] + address(fourth)
                        + ["--server", "nats://127.0.0.1:\(first[1].port)"]
                )
                #expect(added.isSuccess, "\(added.errors)")
                #expect(added.output.contains("--join"), "\(added.output)")
                try fourth.waitUntilReady()
                try load.waitForMore(100)

                let removed = try wiber(first[1], "cluster", "remove-node", "n1")
                #expect(removed.isSuccess, "\(removed.errors)")
                #expect(removed.output.hasSuffix("n1 has left the cluster\n"), "\(removed.output)")
                try expectLeft(first[0])
                try cluster.forget(first[0])
                try load.waitForMore(100)

                // A disk is lost; the same name comes back on an empty one.
                try first[1].kill()
                try FileManager.default.removeItem(at: first[1].data)
                let lost = try wiber(fourth, "cluster", "replace-node", "n2", "--no-wait")
                #expect(lost.isSuccess, "\(lost.errors)")
                try first[1].startAndWait()
                try eventually("n2 is replaced", within: .seconds(60)) {
                    try names(fourth) == ["n2", "n3", "n4"]
                }
                try load.waitForMore(100)

                // Another machine takes over from one that runs.
                let fifth = try cluster.add("n5")
                try fifth.start()
                let replaced = try Command.wiber(
                    ["cluster", "replace-node", "n3", "--by", "n5"] + address(fifth)
                        + ["--server", "nats://127.0.0.1:\(fourth.port)"]
                )
                #expect(replaced.isSuccess, "\(replaced.errors)")
                try expectLeft(first[2])
                try cluster.forget(first[2])
                try fifth.waitUntilReady()
                try load.waitForMore(100)
                for node in cluster.nodes {
                    try eventually("\(node.id) knows the nodes") {
                        try names(node) == ["n2", "n4", "n5"]
                    }
                }
            }
            // Nobody needs the files of the nodes with which it began.
            for node in cluster.nodes { try node.kill() }
            for node in cluster.nodes { try node.start() }
            for node in cluster.nodes { try node.waitUntilReady() }
            let status = try wiber(cluster.nodes[0], "cluster", "status")
            #expect(status.output.contains("n5") && !status.output.contains("n1 "))
        }

        @Test func `what makes no sense is refused, and says what to do`() throws {
            let cluster = try Cluster.started(
                nodes: 3,
                topics: "  - { name: orders, replicas: 3 }\n"
            )
            let node = cluster.nodes[0]
            try eventually("the topic") { try node.topic("orders").leader != nil }
            let removed = try wiber(node, "cluster", "remove-node", "n2")
            #expect(!removed.isSuccess && removed.errors.contains("wiber topic replicas orders 2"))
            let unknown = try wiber(node, "cluster", "remove-node", "n7")
            #expect(unknown.errors.contains("the nodes are n1, n2, n3"), "\(unknown.errors)")
            let nowhere = try wiber(node, "cluster", "add-node", "n4")
            #expect(nowhere.errors.contains("--host and --port"), "\(nowhere.errors)")
            let half = try wiber(node, "cluster", "replace-node", "n2", "--port", "4000")
            #expect(half.errors.contains("give both --host and --port"), "\(half.errors)")
            let port = try wiber(
                node,
                "cluster",
                "add-node",
                "n4",
                "--host",
                "h",
                "--port",
                "65000"
            )
            #expect(port.errors.contains("from 1 to 65535"), "\(port.errors)")
            let alone = try Cluster.started(nodes: 1)
            let added = try Command.wiber(
                ["cluster", "add-node", "n2", "--host", "127.0.0.1", "--port", "9999"]
                    + ["--server", "nats://127.0.0.1:\(alone.nodes[0].port)"]
            )
            #expect(added.isSuccess, "\(added.errors)")
        }
    }
}
