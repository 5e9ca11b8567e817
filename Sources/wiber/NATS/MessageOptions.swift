import ArgumentParser
import Foundation
import WiberServer

/// A header field on the command line.
struct HeaderArgument: ExpressibleByArgument {
    let field: NATSHeaderField

    init?(argument: String) {
        guard let field = NATSHeaderField(argument) else { return nil }
        self.field = field
    }
}

/// What commands that send messages over NATS have in common.
struct MessageOptions: ParsableArguments {
    @Option(
        name: [.customShort("H"), .long],
        help: "A header field, as Key:Value; may be repeated."
    )
    var header: [HeaderArgument] = []
    @Flag(
        help: """
            Fill {{Count}}, {{Time}}, {{TimeStamp}}, {{Unix}}, {{UnixNano}}, {{ID}} and \
            {{Random MIN MAX}} in the text, and {{Request}} in answers.
            """
    )
    var templates = false

    var fields: [NATSHeaderField] { header.map(\.field) }

    /// The text, or all of standard input.
    func template(_ text: String?) throws -> MessageTemplate {
        if let text { return MessageTemplate(text, isPlain: !templates) }
        let data = try FileHandle.standardInput.read(upToCount: (1 << 20) + 1) ?? Data()
        guard data.count <= 1 << 20, let text = String(data: data, encoding: .utf8) else {
            throw ClientError.refused("standard input must be UTF-8 text of at most 1 MiB")
        }
        return MessageTemplate(text, isPlain: !templates)
    }
}

extension ClientOptions {
    /// Shows a message: its payload as it is, behind a line of what else there is.
    func show(_ message: NATSMessage, number: Int) {
        switch output {
        case .json: Terminal.printJSON(message.fields)
        case .text:
            let reply = message.reply.map { " reply \($0)" } ?? ""
            Terminal.say(Terminal.safe("[#\(number)] \(message.subject)\(reply)"))
            for field in message.headers {
                Terminal.say(Terminal.safe("\(field.name): \(field.value)"))
            }
            if !message.headers.isEmpty { Terminal.say("") }
            Terminal.say(Terminal.safe(String(decoding: message.payload, as: UTF8.self)))
        }
    }
}
