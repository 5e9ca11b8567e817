import Foundation
import Testing

extension EndToEnd {
    @Suite("The room of what is gone comes back on real disks")
    struct RewriteTests {
        private func wiber(_ words: String, at node: Node) throws -> Command {
            let server = ["--server", "nats://127.0.0.1:\(node.port)"]
            let command = try Command.wiber(
                words.split(separator: " ").map { String($0) } + server,
                within: .seconds(120)
            )
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

        @Test func `a subject that changes all the time does not fill the disk behind an old one`()
            throws
        {
            let cluster = try Cluster.started(nodes: 3)
            let first = cluster.nodes[0]
            _ = try wiber("topic create kv --subject kv.> --max-per-subject 1", at: first)
            _ = try wiber("pub kv.old kept", at: first)
            _ = try wiber(
                "bench topic kv.busy --messages 150000 --size 1000 --no-progress",
                at: first
            )
            _ = try wiber("pub kv.new kept", at: first)
            for node in cluster.nodes {
                try eventually("\(node.id) writes segments anew", within: .seconds(60)) {
                    try metric("wiber_segment_rewrites_total", node) >= 2
                        && segmentBytes(node) < 60_000_000
                }
            }
            try cluster.nodes[2].kill()
            try cluster.nodes[2].startAndWait()
            for node in cluster.nodes {
                let report = try node.topic("kv")
                #expect(report.messages == 3 && report.firstSequence == 1)
                let old = try wiber("topic get kv --last kv.old", at: node)
                #expect(old.output.contains("kept"))
                let history = try node.client().request("HISTORY kv 1 10", within: .seconds(20))
                #expect(history.contains("\"count\":3"), "\(history.prefix(300))")
            }
            let check = try cluster.nodes[1].terminate()
            #expect(check == .code(0))
            let data = cluster.nodes[1].data.path
            let sound = try Command.wiber(["data", "check", data], within: .seconds(60))
            #expect(sound.isSuccess, "\(sound.output)")
        }
    }
}
