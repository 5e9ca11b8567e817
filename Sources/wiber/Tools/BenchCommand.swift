import ArgumentParser
import Foundation
import WiberServer

/// The command `wiber bench`.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a server.",
        subcommands: [Publish.self]
    )

    struct Publish: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pub",
            abstract: "Publish from one connection and count the acknowledgements.",
            discussion: """
                Examples:
                  wiber bench pub load --messages 500000 --server nats://127.0.0.1:9101
                  wiber bench pub load --size 1024 --window 100 --output json
                """
        )
        @Argument(help: "The topic.") var topic: String
        @Option(help: "How many messages.") var messages = 100_000
        @Option(help: "Bytes of text in each.") var size = 128
        @Option(help: "How many may wait for their answer.") var window = 5_000
        @OptionGroup var client: ClientOptions

        func run() throws {
            guard (1...1_000_000_000).contains(messages), (1...1 << 20).contains(size),
                (1...65_536).contains(window)
            else {
                throw ValidationError(
                    "--messages 1 to 10^9, --size 1 to 1048576, --window 1 to 65536"
                )
            }
            try client.guarded {
                let line = try LineClient(servers: client.server)
                let text = String(repeating: "x", count: size)
                let request = Array("PUB \(topic) \(text)\r\n".utf8)
                let bar = ProgressBar(what: "acknowledged")
                var sent = 0
                var stored = 0
                var batch: [UInt8] = []
                let start = ContinuousClock.now
                while stored < messages {
                    while sent < messages, sent - stored < window, batch.count < 256 << 10 {
                        batch += request
                        sent += 1
                    }
                    if !batch.isEmpty {
                        try line.connection.send(batch)
                        batch.removeAll(keepingCapacity: true)
                    }
                    repeat {
                        _ = try line.reply()
                        stored += 1
                    } while stored < sent && line.connection.hasLine
                    if stored.isMultiple(of: 10_000) { bar.show(stored) }
                }
                bar.finish(stored)
                show(stored, (ContinuousClock.now - start) / .seconds(1))
            }
        }

        private func show(_ count: Int, _ seconds: Double) {
            let rate = Double(count) / seconds
            switch client.output {
            case .text:
                Terminal.say(
                    "\(count) messages of \(size) bytes acknowledged in "
                        + String(
                            format: "%.3f s: %.0f/s, %.1f MB/s",
                            seconds,
                            rate,
                            rate * Double(size) / 1e6
                        )
                )
            case .json:
                Terminal.printJSON([
                    "messages": count, "size": size, "window": window, "seconds": seconds,
                    "per_second": rate,
                ])
            }
        }
    }
}
