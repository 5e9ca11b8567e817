import ArgumentParser
import Foundation
import WiberServer

/// The command `wiber pub`.
struct Pub: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Store messages in a topic.",
        discussion: """
            Without a text: one message for each line of standard input, sent as soon as the line \
            is there. A message is stored once its sequence is shown; with --id a repeat is stored \
            once.

            Examples:
              wiber pub notifications "hello"
              wiber pub orders "42 paid" --id order-42
              seq 100000 | wiber pub numbers --server nats://127.0.0.1:9101
              tail -f access.log | wiber pub access
            """
    )
    @Argument(help: "The topic, or a subject with dots.") var topic: Word
    @Argument(help: "The message; without it standard input is read.") var text: String?
    @Option(help: "A message id: a repeat within the topic's window is stored once.") var id: Word?
    @Option(help: "How many lines may wait for their answer.") var window = 1_000
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (1...65_536).contains(window) else {
            throw ValidationError("--window must be from 1 to 65536")
        }
        if let text {
            guard !text.isEmpty else { throw ValidationError("the message is empty") }
            guard !text.utf8.contains(10), !text.utf8.contains(13) else {
                throw ValidationError(
                    "a message of this command is one line; lines of standard input become one "
                        + "message each"
                )
            }
        } else if id != nil {
            throw ValidationError("--id goes with one message: give its text too")
        }
    }

    func run() throws {
        try client.guarded {
            let line = try LineClient(servers: client.server)
            if let text { try one(line, text) } else { try many(line) }
        }
    }

    private func one(_ line: LineClient, _ text: String) throws {
        let request = id.map { "PUBID \(topic) \($0) \(text)" } ?? "PUB \(topic) \(text)"
        let words = try line.request(request).split(separator: " ")
        switch client.output {
        case .text: Terminal.say("OK " + words.joined(separator: " "))
        case .json:
            Terminal.printJSON([
                "topic": topic.text, "sequence": words.first.flatMap { Int($0) } ?? 0,
                "duplicate": words.count > 1,
            ])
        }
    }

    private func many(_ line: LineClient) throws {
        var bar = ProgressBar(what: "stored")
        defer { bar.finish() }
        var publisher = BulkPublisher(line, topic: topic.text, window: window)
        let (stored, sequence) = try publisher.run { bar.show($0) }
        bar.finish()
        switch client.output {
        case .text:
            Terminal.say(
                stored == 0
                    ? "standard input had no lines: nothing was stored"
                    : "\(stored) messages stored, the last as \(sequence)"
            )
        case .json:
            Terminal.printJSON(["topic": topic.text, "stored": stored, "last_sequence": sequence])
        }
    }
}
