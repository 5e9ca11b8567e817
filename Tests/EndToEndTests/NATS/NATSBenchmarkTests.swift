import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Wiber and nats-server in turn, on this machine, with the same load.
    ///
    /// In `./dev check` one short round shows that it can be measured; `./dev bench` holds the limits.
    @Suite("Benchmarks beside nats-server")
    struct NATSBenchmarks {
        struct Report: Decodable {
            struct Result: Decodable {
                let perSecond: Double
                let latencyMs: [String: Double]?
            }
            let results: [Result]
        }

        /// A figure, with the arguments of `wiber bench` that give it.
        struct Figure {
            let name: String
            let arguments: [String]
            let messages: Int
            /// What the ratio must be at least; of latencies nats-server's is divided by Wiber's.
            let limit: Double
            var isLatency: Bool { arguments[0] == "request" }
        }

        private let figures = [
            Figure(name: "publish only", arguments: ["pub"], messages: 10_000_000, limit: 1.5),
            Figure(name: "1 to 1", arguments: ["pubsub"], messages: 3_000_000, limit: 1.5),
            Figure(
                name: "1 to 8",
                arguments: ["pubsub", "--subscribers", "8"],
                messages: 1_000_000,
                limit: 1.5
            ),
            Figure(name: "request, median µs", arguments: ["request"], messages: 20_000, limit: 1),
        ]

        @Test func `core NATS is faster than nats-server`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let port = try FreePorts.take(1)[0]
            let server = try ChildProcess(
                [
                    Settings.projectRoot.appending(path: ".venv/bin/nats-server").path,
                    "-a", "127.0.0.1", "-p", "\(port)",
                ],
                folder: cluster.folder,
                output: cluster.folder.appending(path: "nats-server.out"),
                errors: cluster.folder.appending(path: "nats-server.err")
            )
            defer { _ = try? server.end(SIGTERM) }
            try eventually("nats-server listens") { (try? Socket(port: port)) != nil }
            print("| what | nats-server | Wiber | ratio | must |\n|---|---|---|---|---|")
            for figure in figures {
                var theirs: [Double] = []
                var ours: [Double] = []
                for _ in 0..<(Settings.isBench ? 5 : 1) {
                    theirs.append(try measure(figure, port))
                    ours.append(try measure(figure, cluster.nodes[0].port))
                }
                let (their, our) = (median(theirs), median(ours))
                let ratio = figure.isLatency ? their / our : our / their
                let shown = String(format: "%.1f", ratio)
                print(
                    "| \(figure.name) | \(Int(their)) | \(Int(our)) | \(shown) | \(figure.limit) |"
                )
                if Settings.isBench { #expect(ratio >= figure.limit, "\(figure.name)") }
            }
        }

        /// Messages a second, to all subscribers; or the median latency in microseconds.
        private func measure(_ figure: Figure, _ port: Int) throws -> Double {
            let messages = Settings.isBench ? figure.messages : figure.messages / 100
            let command = try Command.wiber(
                ["bench", figure.arguments[0], "bench.raw", "--messages", "\(messages)"]
                    + figure.arguments.dropFirst()
                    + ["--server", "nats://127.0.0.1:\(port)", "--output", "json"],
                within: .seconds(120)
            )
            guard command.isSuccess else {
                throw UnexpectedReply(request: "bench", reply: command.output + command.errors)
            }
            let report = try JSON.decode(Report.self, from: Data(command.output.utf8))
            let result = try #require(report.results.last)
            guard figure.isLatency else { return result.perSecond }
            return try #require(result.latencyMs?["p50"]) * 1_000
        }
    }
}
