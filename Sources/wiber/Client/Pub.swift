import ArgumentParser
import Foundation
import WiberServer

/// The command `wiber pub`.
struct Pub: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Store messages in a topic.",
        discussion: """
            Without a text: one message for each line of standard input. A message is stored once \
            its sequence is shown; with --id a repeat is stored once.

            Examples:
              wiber pub notifications "hello"
              wiber pub orders "42 paid" --id order-42
              seq 100000 | wiber pub numbers --server nats://127.0.0.1:9101
            """
    )
    @Argument(help: "The topic.") var topic: String
    @Argument(help: "The message; without it standard input is read.") var text: String?
    @Option(help: "A message id: a repeat within the topic's window is stored once.") var id:
        String?
    @Option(help: "How many lines may wait for their answer.") var window = 1_000
    @OptionGroup var client: ClientOptions

    func run() throws {
        guard (1...65_536).contains(window) else {
            throw ValidationError("--window must be from 1 to 65536")
        }
        if let text, text.contains(where: \.isNewline) {
            throw ValidationError("a message of this command is one line: use standard input")
        }
        try client.guarded {
            let line = try LineClient(servers: client.server)
            if let text {
                try one(line, text)
            } else {
                guard id == nil else { throw ValidationError("--id goes with one message only") }
                try many(line)
            }
        }
    }

    private func one(_ line: LineClient, _ text: String) throws {
        guard !text.isEmpty else { throw ValidationError("the message is empty") }
        let request = id.map { "PUBID \(topic) \($0) \(text)" } ?? "PUB \(topic) \(text)"
        let words = try line.request(request).split(separator: " ")
        switch client.output {
        case .text: Terminal.say("OK " + words.joined(separator: " "))
        case .json:
            Terminal.printJSON([
                "topic": topic, "sequence": words.first.flatMap { Int($0) } ?? 0,
                "duplicate": words.count > 1,
            ])
        }
    }

    /// Keeps a window of lines under way, so that the way there and back is paid once.
    private func many(_ line: LineClient) throws {
        var sent = 0
        var stored = 0
        var last = ""
        var batch: [UInt8] = []
        let bar = ProgressBar(what: "stored")
        func take() throws {
            last = try line.reply()
            stored += 1
            if stored.isMultiple(of: 1_000) { bar.show(stored) }
        }
        func flush() throws {
            try line.connection.send(batch)
            batch.removeAll(keepingCapacity: true)
        }
        while let input = readLine(strippingNewline: true) {
            guard !input.isEmpty else { continue }
            batch += Array("PUB \(topic) \(input)\r\n".utf8)
            sent += 1
            if batch.count >= 32 << 10 { try flush() }
            if sent - stored >= window {
                try flush()
                while sent - stored > window / 2 { try take() }
            }
        }
        try flush()
        while stored < sent { try take() }
        bar.finish(stored)
        let sequence = last.split(separator: " ").first.flatMap { Int($0) } ?? 0
        switch client.output {
        case .text: Terminal.say("\(stored) messages stored, the last as \(sequence)")
        case .json:
            Terminal.printJSON(["topic": topic, "stored": stored, "last_sequence": sequence])
        }
    }
}

/// A line on standard error that grows, if somebody looks.
struct ProgressBar {
    let what: String
    private let start = ContinuousClock.now

    init(what: String) { self.what = what }

    func show(_ count: Int) {
        guard Terminal.isInteractive else { return }
        let seconds = max(0.001, (ContinuousClock.now - start) / .seconds(1))
        let rate = Int(Double(count) / seconds)
        let text = "\r\(count) \(what), \(rate)/s   "
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    func finish(_ count: Int) {
        show(count)
        if Terminal.isInteractive { Terminal.complain("") }
    }
}
