import ArgumentParser
import Foundation
import WiberServer

/// The command `wiber shell`.
struct Shell: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk to a server line by line, with history and completion.",
        discussion: """
            Tab completes commands and topics, the arrows go back and forth in what was typed \
            (kept in ~/.wiber_history), Ctrl-D ends. Messages of a subscription are shown as they \
            come. A pipe works too: its lines are sent, and each is answered in turn.

            Examples:
              wiber shell
              wiber shell --server nats://127.0.0.1:9101
              echo "STATS notifications" | wiber shell
            """
    )
    @OptionGroup var client: ClientOptions

    func run() throws {
        try client.guarded {
            let line = try LineClient(servers: client.server)
            Terminal.complain(
                "connected to \(line.infoFields["server_name"] ?? "") at \(line.connection.address);"
                    + " HELP lists the commands, QUIT ends"
            )
            var editor = LineEditor(
                prompt: "wiber> ",
                completion: Completion(topics: Self.topicNames(line)),
                waitsOn: line.connection
            )
            while let input = try editor.read(whileIdle: { try showNews(line) }) {
                let request = input.trimmingCharacters(in: .whitespaces)
                guard !request.isEmpty else { continue }
                try line.send(request)
                let reply = try self.reply(line)
                show(request, reply)
                if reply == "OK bye" { return }
            }
        }
    }

    /// The reply to a request; lines of subscriptions before it are shown.
    private func reply(_ line: LineClient) throws -> String {
        while true {
            let text = try line.connection.line()
            guard let message = MessageLine(text) else { return text }
            show(message)
        }
    }

    /// Shows what subscriptions have sent.
    private func showNews(_ line: LineClient) throws {
        while line.connection.hasLine || line.connection.canRead(within: 0) {
            let text = try line.connection.line()
            if let message = MessageLine(text) { show(message) } else { Terminal.say(text) }
        }
    }

    private func show(_ message: MessageLine) {
        switch client.output {
        case .json: Terminal.printJSON(message.fields)
        case .text:
            let text = Terminal.safe(message.text)
            Terminal.say("\(message.topic) \(message.sequence)  \(message.time)  \(text)")
        }
    }

    private static func topicNames(_ line: LineClient) -> [String] {
        guard let reply = try? line.request("TOPICS"), let topics = try? Terminal.list(reply) else {
            return []
        }
        return topics.compactMap { $0["name"] as? String }
    }

    /// A reply as people like to read it.
    private func show(_ request: String, _ reply: String) {
        guard client.output == .text, reply.hasPrefix("OK ") else { return Terminal.say(reply) }
        let json = String(reply.dropFirst(3))
        switch request.split(separator: " ").first?.uppercased() {
        case "HISTORY": (try? Terminal.history(json)) ?? Terminal.say(reply)
        case "TOPICS", "STATS":
            if let topics = try? Terminal.list(json) {
                Terminal.topics(topics)
            } else {
                Terminal.say(reply)
            }
        case "HELP":
            let commands = (try? Terminal.object(json))?["commands"] as? [[String: Any]] ?? []
            guard !commands.isEmpty else { return Terminal.say(reply) }
            Terminal.table(commands.map { ["\($0["command"] ?? "")", "\($0["what"] ?? "")"] })
        case _: Terminal.say(reply)
        }
    }
}
