import Foundation
import Testing

extension EndToEnd {
    /// Many clients and many subscriptions: a tenth in `./dev check`, all of it in `./dev bench`.
    @Suite("Benchmarks of many clients", .serialized)
    struct ManyClientsBenchmarks {
        private func megabytes(_ node: Node) throws -> Double {
            let response = try HTTP.get("/varz", port: node.httpPort)
            struct Varz: Decodable { let mem: Double }
            return try JSON.decode(Varz.self, from: Data(response.body)).mem / 1e6
        }

        private func publishRate(_ node: Node, _ messages: Int) throws -> Double {
            let command = try Command.wiber(
                ["bench", "pub", "elsewhere", "--messages", "\(messages)", "--output", "json"]
                    + ["--server", "nats://127.0.0.1:\(node.port)"],
                within: .seconds(60)
            )
            let report = try JSON.decode(
                NATSBenchmarks.Report.self,
                from: Data(command.output.utf8)
            )
            return try #require(report.results.first).perSecond
        }

        @Test func `idle connections and subscriptions cost little memory and no speed`() throws {
            let isFull = Settings.isBench
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let count = isFull ? 10_000 : 1_000
            let messages = isFull ? 5_000_000 : 100_000
            let before = try publishRate(node, messages)
            let idle = try (0..<count).map { _ in try NATSSocket(node) }
            let withClients = try megabytes(node)
            print("\(count) idle connections: \(Int(withClients)) MB resident")
            #expect(withClients < 150)

            let subscriptions = isFull ? 1_000_000 : 100_000
            let client = try NATSSocket(node)
            for start in stride(from: 0, to: subscriptions, by: 1_000) {
                let lines = (start..<start + 1_000).map { "SUB orders.eu.\($0).new \($0)\r\n" }
                try client.send(lines.joined())
            }
            try client.send("PING\r\n")
            while try client.line() != "PONG" {}
            let withSubscriptions = try megabytes(node)
            let after = try publishRate(node, messages)
            print(
                "\(subscriptions) subscriptions besides: \(Int(withSubscriptions)) MB resident; "
                    + "publishing \(Int(before))/s before, \(Int(after))/s after"
            )
            #expect(withSubscriptions < 500)
            if isFull { #expect(after > before / 2) }
            withExtendedLifetime(idle) {}
        }
    }
}
