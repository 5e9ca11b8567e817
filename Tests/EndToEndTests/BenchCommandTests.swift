import Foundation
import Testing

extension EndToEnd {
    @Suite("wiber bench")
    struct BenchCommandTests {
        struct Report: Decodable {
            struct Result: Decodable {
                let role: String
                let clients: Int
                let messages: Int
                let seconds: Double
                let latencyMs: [String: Double]?
            }
            let results: [Result]
        }

        /// Runs `wiber bench …` against a node; the results.
        private func bench(_ arguments: [String], _ node: Node) throws -> [Report.Result] {
            let command = try Command.wiber(
                ["bench"] + arguments + ["--server", "nats://127.0.0.1:\(node.port)"]
                    + ["--output", "json"],
                within: .seconds(60)
            )
            guard command.isSuccess else {
                throw UnexpectedReply(request: "bench", reply: command.output + command.errors)
            }
            return try JSON.decode(Report.self, from: Data(command.output.utf8)).results
        }

        @Test func `every measurement counts what it has sent and received`() throws {
            let cluster = try Cluster.started(nodes: 1, topics: "  - name: orders\n")
            let node = cluster.nodes[0]
            let published = try bench(["pub", "a", "--messages", "1001", "--clients", "3"], node)
            #expect(published.map(\.messages) == [1_001] && published.map(\.clients) == [3])

            let both = try bench(
                ["pubsub", "a", "--messages", "1000", "--subscribers", "4", "--size", "0"],
                node
            )
            #expect(both.map(\.role) == ["publishers", "subscribers"])
            #expect(both.map(\.messages) == [1_000, 4_000])

            let requests = try bench(["request", "r", "--messages", "200", "--clients", "2"], node)
            let latency = try #require(requests.first?.latencyMs)
            #expect(requests.map(\.messages) == [200])
            #expect((latency["p50"] ?? 0) > 0)
            #expect((latency["p50"] ?? 0) <= latency["max"] ?? 0)

            for window in ["1", "100"] {
                let stored = try bench(
                    ["topic", "orders.new", "--messages", "100", "--window", window],
                    node
                )
                #expect(stored.map(\.messages) == [100])
            }
            #expect(try node.topic("orders").messages == 200)
            let lines = try Command.wiber([
                "bench", "lines", "orders", "--messages", "50", "--server",
                "nats://127.0.0.1:\(node.port)",
            ])
            #expect(lines.isSuccess && lines.output.contains("50 messages of 128 bytes"))
        }

        @Test func `sub receives what somebody else publishes, and service answers`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let publisher = try NATSSocket(node)
            let address = ["--server", "nats://127.0.0.1:\(node.port)"]
            for (name, more) in [("sub", [String]()), ("service", [])] {
                let output = cluster.folder.appending(path: "\(name).out")
                let process = try ChildProcess(
                    [try Settings.binary(), "bench", name, "x", "--messages", "3"] + more + address,
                    folder: cluster.folder,
                    output: output,
                    errors: output
                )
                try eventually("it has subscribed") {
                    try HTTP.get("/subsz?subs=1&test=x", port: node.httpPort).text
                        .contains("\"total\":1")
                }
                for _ in 0..<3 { try publisher.send("PUB x reply 2\r\nhi\r\n") }
                #expect(try process.wait(within: .seconds(10)) == .code(0))
                let text = try String(contentsOf: output, encoding: .utf8)
                #expect(text.contains("(1): 3 messages of 128 bytes"), "\(text)")
            }
        }

        @Test func `csv has a heading and a row, and what fails says what to do`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let address = ["--server", "nats://127.0.0.1:\(cluster.nodes[0].port)"]
            let csv = try Command.wiber(
                ["bench", "request", "r", "--messages", "10", "--output", "csv"] + address
            )
            let rows = csv.output.split(separator: "\n").map { $0.split(separator: ",") }
            #expect(rows.count == 2 && rows.map(\.count) == [11, 11], "\(csv.output)")
            let failures = [
                (["request", "nobody", "--services", "0"], "wiber bench service"),
                (["topic", "nobody"], "no topic captures nobody"),
                (["pub", "a", "--size", "-1"], "--size"),
                (["pub", "a", "--size", "2000000"], "Maximum Payload Violation"),
                (["topic", "a", "--window", "0"], "--window 1 to 65536"),
            ]
            for (arguments, words) in failures {
                let command = try Command.wiber(["bench"] + arguments + address)
                #expect(!command.isSuccess)
                #expect(command.errors.contains(words), "\(command.errors)")
            }
        }
    }
}
