import ArgumentParser
import Foundation
import WiberServer

/// The command `wiber pub`.
struct Pub: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Store messages in a topic, or send them to whoever listens.",
        discussion: """
            Without a text: one message for each line of standard input, sent as soon as the line \
            is there. A message is stored once its sequence is shown; with --id a repeat is stored \
            once. With --core nothing is stored or acknowledged, as in `nats pub`: who listens \
            now gets it, and any NATS server will do. Headers, --count and templates go with both.

            Examples:
              wiber pub notifications "hello"
              wiber pub orders "42 paid" --id order-42
              seq 100000 | wiber pub numbers --server nats://127.0.0.1:9101
              tail -f access.log | wiber pub access
              wiber pub orders.new "order {{Count}}" --templates --count 10 -H Region:EU
              wiber pub lights.kitchen on --core
            """
    )
    @Argument(help: "The topic, or a subject with dots.") var topic: Word
    @Argument(help: "The message; without it standard input is read.") var text: String?
    @Option(help: "A message id: a repeat within the topic's window is stored once.") var id: Word?
    @Option(help: "How many lines may wait for their answer.") var window = 1_000
    @Flag(help: "Send to whoever listens now; nothing is stored or acknowledged.") var core = false
    @Option(help: "How many times; {{Count}} says which one it is.") var count = 1
    @Option(help: "With --core: where an answer goes.") var reply: Word?
    @OptionGroup var message: MessageOptions
    @OptionGroup var client: ClientOptions

    /// Whether this is more than the line protocol has.
    private var needsNATS: Bool {
        core || count != 1 || !message.header.isEmpty || message.templates
    }

    func validate() throws {
        guard (1...65_536).contains(window), (1...1_000_000_000).contains(count) else {
            throw ValidationError("--window must be from 1 to 65536, --count from 1 to 10^9")
        }
        guard reply == nil || core else {
            throw ValidationError("--reply goes with --core: otherwise the node answers")
        }
        if needsNATS {
            guard text != nil else {
                throw ValidationError("--core, --count, -H and --templates need the text, too")
            }
            guard id == nil || count == 1 else {
                throw ValidationError("--id goes with one message: leave --count out")
            }
            return
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
            if needsNATS { return try overNATS() }
            let line = try LineClient(servers: client.server)
            if let text { try one(line, text) } else { try many(line) }
        }
    }

    private func overNATS() throws {
        let server = try NATSCommandClient(servers: client.server, name: "wiber pub")
        let template = try message.template(text)
        var headers = message.fields
        if let id, let field = NATSHeaderField("Nats-Msg-Id:\(id)") { headers.append(field) }
        for number in 1...count {
            let payload = template.text(number: number)
            if core {
                try server.publish(topic.text, payload, headers: headers, reply: reply?.text)
                continue
            }
            let answers = try server.request(
                topic.text,
                payload,
                headers: headers,
                within: .seconds(10)
            )
            for answer in answers { try showStored(answer) }
        }
        try server.flush()
        guard core else { return }
        switch client.output {
        case .text: Terminal.say("\(count) published to \(topic)")
        case .json: Terminal.printJSON(["subject": topic.text, "published": count])
        }
    }

    /// Shows an acknowledgement as ``one(_:_:)`` does.
    private func showStored(_ answer: NATSMessage) throws {
        let json = String(decoding: answer.payload, as: UTF8.self)
        let fields = try Terminal.object(json)
        guard fields["error"] == nil, let sequence = fields["seq"] as? Int else {
            throw ClientError.refused(json)
        }
        let isDuplicate = fields["duplicate"] as? Bool ?? false
        switch client.output {
        case .text: Terminal.say("OK \(sequence)" + (isDuplicate ? " duplicate" : ""))
        case .json:
            Terminal.printJSON([
                "topic": fields["stream"] ?? topic.text, "sequence": sequence,
                "duplicate": isDuplicate,
            ])
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
