import ArgumentParser
import Foundation
import WiberServer

/// The command `wiber shell`.
struct Shell: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk to a server line by line, with history and completion.",
        discussion: """
            Tab completes commands and topics, the arrows go back and forth in what was typed \
            (kept in ~/.wiber_history), Ctrl-D ends.

            Examples:
              wiber shell
              wiber shell --server nats://127.0.0.1:9101
            """
    )
    @OptionGroup var client: ClientOptions

    static let commands = [
        "PING", "PUB ", "PUBID ", "SUB ", "UNSUB ", "HISTORY ", "TOPICS", "STATS ", "HELP", "QUIT",
    ]

    func run() throws {
        try client.guarded {
            let line = try LineClient(servers: client.server)
            Terminal.complain(
                "connected to \(line.infoFields["server_name"] ?? "") at \(line.connection.address);"
                    + " HELP lists the commands, QUIT ends"
            )
            let topics = Self.topicNames(line)
            var editor = LineEditor(
                prompt: "wiber> ",
                words: { before in Self.completions(before, topics) },
                waitsOn: line.connection
            )
            while let input = editor.read(whileIdle: { try? Self.showNews(line) }) {
                let request = input.trimmingCharacters(in: .whitespaces)
                guard !request.isEmpty else { continue }
                try line.send(request)
                let reply = try Self.reply(line)
                show(request, reply)
                if reply == "OK bye" { return }
            }
        }
    }

    /// The reply to a request; lines of subscriptions before it are shown.
    private static func reply(_ line: LineClient) throws -> String {
        while true {
            let text = try line.connection.line()
            guard text.hasPrefix("MSG ") else { return text }
            Terminal.say(text)
        }
    }

    /// Shows what subscriptions have sent.
    private static func showNews(_ line: LineClient) throws {
        while line.connection.hasLine || line.connection.canRead(within: 0) {
            Terminal.say("\r" + (try line.connection.line()))
        }
    }

    private static func topicNames(_ line: LineClient) -> [String] {
        guard let reply = try? line.request("TOPICS"), let topics = try? Terminal.list(reply) else {
            return []
        }
        return topics.compactMap { $0["name"] as? String }
    }

    private static func completions(_ before: String, _ topics: [String]) -> [String] {
        let words = before.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count > 1 else {
            return commands.filter { $0.hasPrefix(before.uppercased()) }
        }
        guard words.count == 2, let start = words.last else { return [] }
        return topics.filter { $0.hasPrefix(start) }.map { "\(words[0]) \($0) " }
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
            Terminal.table(commands.map { ["\($0["command"] ?? "")", "\($0["what"] ?? "")"] })
        case _: Terminal.say(reply)
        }
    }
}
