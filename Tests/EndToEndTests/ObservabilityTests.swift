import Foundation
import Testing

extension EndToEnd {
    @Suite("Health, metrics, files")
    struct ObservabilityTests {
        @Test func `a node without a majority says why it is not ready`() throws {
            let cluster = try Cluster.started(nodes: 3)
            try cluster.nodes[0].kill()
            try cluster.nodes[1].kill()
            let port = cluster.nodes[2].httpPort
            let response = try obtain("503 from n3") {
                let response = try HTTP.get("/healthz", port: port)
                return response.status == 503 ? response : nil
            }
            #expect(response.body.count > 10, "\(response.text)")
            try eventually("n3 sees the others dead") {
                let report = try HTTP.json(ClusterReport.self, "/api/cluster", port: port)
                return report.nodes.map(\.state) == ["dead", "dead", "alive"]
            }
        }

        @Test func `metrics are in Prometheus form and count`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let client = try cluster.nodes[0].client()
            for number in 1...20 { _ = try client.publish("notes", "text \(number)") }
            for node in cluster.nodes {
                let text = try HTTP.get("/metrics", port: node.httpPort).text
                var names: Set<Substring> = []
                for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                    let words = line.split(separator: " ")
                    #expect(words.count >= 2 && Double(words.last ?? "") != nil, "\(line)")
                    if let name = line.split(whereSeparator: { $0 == "{" || $0 == " " }).first {
                        names.insert(name)
                    }
                }
                for name in ["wiber_publishes_total", "wiber_raft_elections_total"] {
                    #expect(names.contains(Substring(name)), "\(name) is not in \(names.sorted())")
                }
            }
            let first = try HTTP.get("/metrics", port: cluster.nodes[0].httpPort).text
            #expect(first.contains("wiber_publishes_total 20\n"))
        }

        @Test func `a node leaves its process id and its log in its folder`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let pid = try String(
                contentsOf: node.data.appending(path: "wiber.pid"),
                encoding: .utf8
            )
            #expect(
                pid.trimmingCharacters(in: .whitespacesAndNewlines)
                    == (node.process?.pid).map { "\($0)" }
            )
            let console = node.data.appending(path: "logs/console.log")
            #expect(try !String(contentsOf: console, encoding: .utf8).isEmpty)
            #expect(!node.log.isEmpty)
        }
    }
}
