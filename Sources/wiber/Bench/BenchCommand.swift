import ArgumentParser
import WiberServer

/// The command `wiber bench`.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a server: this one or any other that speaks NATS.",
        discussion: """
            Examples:
              wiber bench pub load --messages 10000000
              wiber bench pubsub load --subscribers 8
              wiber bench request echo --messages 10000
              wiber bench topic orders.new --window 1000
            """,
        subcommands: [
            Publish.self, Subscribe.self, PublishAndSubscribe.self, Request.self, Service.self,
            Topic.self, Lines.self,
        ]
    )
}

/// How `wiber bench` shows what it has measured.
enum BenchOutput: String, ExpressibleByArgument, CaseIterable {
    case text, json, csv
}

/// What the measurements over NATS have in common.
struct BenchOptions: ParsableArguments {
    @Argument(help: "The subject.") var subject: Word
    @Option(name: [.customLong("messages"), .customLong("msgs")], help: "How many messages.")
    var messages = 100_000
    @Option(help: "Bytes of payload in each.") var size = 128
    @Option(help: "How many connections share the work.") var clients = 1
    @Flag(help: "Show no progress bar.") var noProgress = false
    @Option(help: "The server, or several with commas between, tried in turn.")
    var server = "nats://127.0.0.1:4222"
    @Option(help: "text, json or csv") var output: BenchOutput = .text

    func validate() throws {
        guard (1...1_000_000_000).contains(messages), (0...1 << 26).contains(size),
            (1...1_000).contains(clients)
        else {
            throw ValidationError("--messages 1 to 10^9, --size 0 to 67108864, --clients 1 to 1000")
        }
    }

    /// Measures, and shows the result; a failure is one line and exit code 1.
    func measure(
        _ what: String,
        goal: Int? = nil,
        _ body: (BenchLoad, BenchProgress) throws -> [BenchResult]
    ) throws {
        do {
            let load = BenchLoad(
                servers: try ServerAddress.list(server),
                subject: subject.text,
                messages: messages,
                size: size,
                clients: clients
            )
            var bar = ProgressBar(what: what, goal: goal ?? messages)
            let results: [BenchResult]
            do {
                defer { bar.finish() }
                results = try body(load) { if !noProgress { bar.show($0) } }
            }
            let report = BenchReport(results)
            switch output {
            case .text: Terminal.say(report.text)
            case .json: Terminal.printJSON(report.json)
            case .csv: Terminal.say(report.csv)
            }
        } catch let error as ClientError {
            if output == .json {
                Terminal.printJSON(["error": "\(error)"])
            } else {
                Terminal.complain("wiber: \(error)")
            }
            throw ExitCode(1)
        }
    }
}
