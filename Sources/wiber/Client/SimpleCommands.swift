import ArgumentParser
import Foundation
import WiberServer

/// The command `wiber ping`.
struct Ping: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the time to a server and back.",
        discussion: """
            Examples:
              wiber ping
              wiber ping --count 5 --server nats://127.0.0.1:9101
            """
    )
    @Option(help: "How often.") var count = 1
    @OptionGroup var client: ClientOptions

    func run() throws {
        guard (1...1_000_000).contains(count) else {
            throw ValidationError("--count must be from 1 to 1000000")
        }
        try client.guarded {
            let line = try LineClient(servers: client.server)
            for _ in 0..<count {
                let start = ContinuousClock.now
                _ = try line.request("PING")
                let span = (ContinuousClock.now - start) / .milliseconds(1)
                let node = line.infoFields["server_name"] ?? ""
                switch client.output {
                case .text:
                    Terminal.say("PONG from \(node) in \(String(format: "%.3f", span)) ms")
                case .json: Terminal.printJSON(["node": node, "rtt_ms": span])
                }
            }
        }
    }
}

/// The command `wiber history`.
struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read stored messages.",
        discussion: """
            Without --from: the newest ones.

            Examples:
              wiber history notifications
              wiber history notifications --from 1 --limit 10 --output json
            """
    )
    @Argument(help: "The topic.") var topic: Word
    @Option(help: "The first sequence.") var from: UInt64?
    @Option(help: "At most how many (1 to 1000).") var limit: UInt64 = 100
    @OptionGroup var client: ClientOptions

    func run() throws {
        try client.guarded {
            let line = try LineClient(servers: client.server)
            let reply: String
            if let from {
                reply = try line.request("HISTORY \(topic) \(from) \(limit)")
            } else {
                reply = try newest(line)
            }
            switch client.output {
            case .json: Terminal.say(reply)
            case .text: try Terminal.history(reply)
            }
        }
    }

    /// The newest `limit`: HISTORY without `from` gives 100, so the start is asked for first.
    private func newest(_ line: LineClient) throws -> String {
        if limit == 100 { return try line.request("HISTORY \(topic)") }
        let stats = try Terminal.object(try line.request("STATS \(topic)"))
        let last =
            (stats["last_sequence"] as? UInt64) ?? UInt64(stats["last_sequence"] as? Int ?? 0)
        let from = last > limit ? last - limit + 1 : 1
        return try line.request("HISTORY \(topic) \(from) \(limit)")
    }
}

/// The command `wiber topics`.
struct Topics: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the topics.",
        discussion: """
            Examples:
              wiber topics
              wiber topics --output json
            """
    )
    @OptionGroup var client: ClientOptions

    func run() throws {
        try client.guarded {
            let reply = try LineClient(servers: client.server).request("TOPICS")
            switch client.output {
            case .json: Terminal.say(reply)
            case .text: Terminal.topics(try Terminal.list(reply))
            }
        }
    }
}

/// The command `wiber stats`.
struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell about a topic, or all of them.",
        discussion: """
            Examples:
              wiber stats
              wiber stats notifications --output json
            """
    )
    @Argument(help: "The topic; all without one.") var topic: Word?
    @OptionGroup var client: ClientOptions

    func run() throws {
        try client.guarded {
            let line = try LineClient(servers: client.server)
            let reply = try line.request(topic.map { "STATS \($0)" } ?? "STATS")
            switch client.output {
            case .json: Terminal.say(reply)
            case .text:
                guard topic != nil else { return Terminal.topics(try Terminal.list(reply)) }
                for (key, value) in try Terminal.object(reply).sorted(by: { $0.key < $1.key }) {
                    show(key, value)
                }
            }
        }
    }

    private func show(_ key: String, _ value: Any) {
        switch value {
        case let list as [[String: Any]]:
            for entry in list {
                let facts = entry.sorted { $0.key < $1.key }
                    .map { "\($0.key)=\(Terminal.text($0.value))" }
                Terminal.say("\(key): \(facts.joined(separator: " "))")
            }
        case let list as [Any]:
            Terminal.say("\(key): \(list.map { "\($0)" }.joined(separator: " "))")
        case let fields as [String: Any]:
            let facts = fields.sorted { $0.key < $1.key }
                .map { "\($0.key)=\(Terminal.text($0.value))" }
            Terminal.say("\(key): \(facts.joined(separator: " "))")
        case _: Terminal.say("\(key): \(Terminal.text(value))")
        }
    }
}
