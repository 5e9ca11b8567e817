import ArgumentParser
import Foundation
import WiberServer

extension BenchCommand {
    /// `wiber bench lines`: the line protocol.
    struct Lines: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "lines",
            abstract: "Publish to a topic over the line protocol, and count acknowledgements.",
            discussion: """
                Latency is the time from sending a message to its acknowledgement, which comes \
                once a majority has it on disk; a small --window shows the latency of a quiet \
                server, a large one the rate.

                Examples:
                  wiber bench lines load --messages 500000 --server nats://127.0.0.1:9101
                  wiber bench lines load --size 1024 --window 100 --output json
                  wiber bench lines load --messages 1000 --window 1
                """
        )
        @Argument(help: "The topic.") var topic: Word
        @Option(help: "How many messages.") var messages = 100_000
        @Option(help: "Bytes of text in each.") var size = 128
        @Option(help: "How many may wait for their answer.") var window = 5_000
        @OptionGroup var client: ClientOptions

        func validate() throws {
            guard (1...1_000_000_000).contains(messages), (1...1 << 20).contains(size),
                (1...65_536).contains(window)
            else {
                throw ValidationError(
                    "--messages 1 to 10^9, --size 1 to 1048576, --window 1 to 65536"
                )
            }
        }

        func run() throws {
            try client.guarded {
                let line = try LineClient(servers: client.server)
                let before = flushes(line)
                var run = BenchmarkRun(
                    line,
                    request: Array("PUB \(topic) \(String(repeating: "x", count: size))\r\n".utf8),
                    messages: messages,
                    window: window
                )
                var bar = ProgressBar(what: "acknowledged", goal: messages)
                defer { bar.finish() }
                let seconds = try run.run { bar.show($0) }
                bar.finish()
                let after = flushes(line)
                show(run.pipeline, seconds, before.flatMap { before in after.map { $0 - before } })
            }
        }

        /// How often the server's node has made its log durable so far, if it says so.
        private func flushes(_ line: LineClient) -> Double? {
            (try? line.get("/metrics")).flatMap {
                MetricSample.value(of: "wiber_log_flushes_total", in: $0)
            }
        }

        private func show(_ pipeline: PublishPipeline, _ seconds: Double, _ flushes: Double?) {
            let rate = Double(messages) / seconds
            let shares = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1)]
            let latencies = shares.map { name, share in
                (name, Double(pipeline.latencies.percentile(share)) / 1_000_000)
            }
            switch client.output {
            case .text:
                Terminal.say(
                    "\(messages) messages of \(size) bytes acknowledged in "
                        + String(format: "%.3f s: %.0f/s, ", seconds, rate)
                        + String(format: "%.1f MB/s", rate * Double(size) / 1e6)
                )
                let times = latencies.map { "\($0.0) " + String(format: "%.2f ms", $0.1) }
                Terminal.say("latency, \(window) under way: " + times.joined(separator: ", "))
                guard let flushes else { return }
                Terminal.say(
                    String(format: "%.0f flushes/s of this node's log, ", flushes / seconds)
                        + String(
                            format: "%.0f messages a flush",
                            Double(messages) / max(1, flushes)
                        )
                )
            case .json:
                var fields: [String: Any] = [
                    "messages": messages, "size": size, "window": window, "seconds": seconds,
                    "per_second": rate,
                    "latency_ms": Dictionary(uniqueKeysWithValues: latencies),
                ]
                if let flushes { fields["flushes_per_second"] = flushes / seconds }
                Terminal.printJSON(fields)
            }
        }
    }
}
