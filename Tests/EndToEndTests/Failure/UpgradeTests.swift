import Foundation
import Testing

extension EndToEnd {
    @Suite("Failure: upgrades and downgrades under load")
    struct UpgradeTests {
        struct Report: Decodable {
            struct Node: Decodable {
                let id: String
                let version: String
                let featureLevelMax: Int
            }

            let featureLevel: Int
            let featureLevelWaitsFor: String?
            let nodes: [Node]
        }

        private func report(_ node: Node) throws -> Report {
            try HTTP.json(Report.self, "/api/cluster", port: node.httpPort)
        }

        private func wiber(_ node: Node, _ arguments: String...) throws -> Command {
            try Command.wiber(arguments + ["--server", "nats://127.0.0.1:\(node.port)"])
        }

        private func waitForLevel(_ level: Int, on cluster: Cluster) throws {
            for node in cluster.nodes {
                try eventually("level \(level) on \(node.id)") {
                    try report(node).featureLevel == level
                }
            }
        }

        @Test func `a rolling upgrade loses nothing, and ends with the next feature level`() throws
        {
            let held = "feature_level_max: 1\n"
            let cluster = try Cluster.started(nodes: 3, more: held)
            let first = cluster.nodes[0]
            #expect(try report(first).featureLevel == 1)
            let check = try wiber(first, "upgrade", "check")
            #expect(check.isSuccess, "\(check.output)\(check.errors)")
            #expect(check.output.contains("the level rises from 1 to 3"), "\(check.output)")

            try cluster.configure("")
            try Load.run("A rolling upgrade", on: cluster) { load in
                for node in cluster.nodes {
                    try load.waitForMore(200)
                    #expect(try report(first).featureLevel == 1)
                    #expect(try node.terminate() == .code(0), "\(node.logTail)")
                    try load.waitForMore(200)
                    let other = cluster.others(than: node)[0]
                    try eventually("\(node.id) is in the way of an upgrade") {
                        try wiber(other, "upgrade", "check").exit == .code(1)
                    }
                    try node.startAndWait()
                    try eventually("nothing is in the way of the next node") {
                        try wiber(other, "upgrade", "check").isSuccess
                    }
                }
                try waitForLevel(3, on: cluster)
                try load.waitForMore(200)
            }
            let metrics = try HTTP.get("/metrics", port: first.httpPort).text
            #expect(metrics.contains("\nwiber_feature_level 3\n"))
            #expect(try wiber(first, "cluster", "status").output.contains("feature level 3"))
        }

        @Test func `while one node is held down the level stays, and all can go back`() throws {
            let held = "feature_level_max: 1\n"
            let cluster = try Cluster.started(nodes: 3, more: held)
            try Load.run("A rolling upgrade and back", on: cluster) { load in
                try cluster.configure("")
                for node in cluster.nodes.prefix(2) {
                    #expect(try node.terminate() == .code(0), "\(node.logTail)")
                    try node.startAndWait()
                }
                let node = cluster.nodes[0]
                try eventually("n3 is waited for") {
                    try report(node).featureLevelWaitsFor == "n3 knows 1"
                }
                let status = try wiber(node, "cluster", "status").output
                #expect(status.contains("the next feature level waits: n3 knows 1"), "\(status)")
                try load.waitForMore(200)
                #expect(try report(node).nodes.map(\.featureLevelMax) == [3, 3, 1])
                try cluster.configure(held)
                for node in cluster.nodes.prefix(2) {
                    #expect(try node.terminate() == .code(0), "\(node.logTail)")
                    try node.startAndWait()
                }
                #expect(try report(node).featureLevel == 1)
            }
        }

        @Test func `a downgrade below the cluster's level is refused with what to do`() throws {
            let cluster = try Cluster.started(nodes: 3)
            try waitForLevel(3, on: cluster)
            let node = cluster.nodes[1]
            try node.terminate()
            try cluster.configure("feature_level_max: 1\n")
            try node.start()
            try eventually("\(node.id) stops by itself") { !node.isRunning }
            #expect(node.process?.poll() == .code(1))
            let words =
                "wiber: the data directory of n2 was written by wiber 0.1.0 at feature level 3, and"
                + " this binary (0.1.0) knows 1 by its configuration: use feature_level_max: 3 or"
                + " more, or take it out; a level is never lowered"
            #expect(node.log.contains(words), "\(node.logTail)")
            #expect(try cluster.nodes[0].client().request("PUB notes hello").hasPrefix("OK"))

            // A node without data hears it from the others.
            try FileManager.default.removeItem(at: node.data)
            let replaced = try wiber(cluster.nodes[0], "cluster", "replace-node", "n2", "--no-wait")
            #expect(replaced.isSuccess, "\(replaced.errors)")
            try node.start()
            try eventually("/healthz says why") {
                let health = try HTTP.get("/healthz", port: node.httpPort)
                return health.status == 503
                    && health.text.contains("the cluster is at feature level 3, and node n2")
            }
            #expect(cluster.nodes[0].log.contains("node refused"), "\(cluster.nodes[0].logTail)")
            try node.terminate()
            try cluster.configure("")
            try node.startAndWait()
            #expect(try node.client().request("PUB notes again").hasPrefix("OK"))
        }
    }
}
