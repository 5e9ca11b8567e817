import ArgumentParser
import Foundation
import WiberServer

/// The command `wiber sub`.
struct Sub: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow a topic, or listen to subjects.",
        discussion: """
            Shows each message once it is committed, until Ctrl-C or --count. If the server goes \
            away, the servers of --server are tried in turn for half a minute, and the topic is \
            followed on after the last message that was shown.

            With --core, --queue or a wildcard it listens to what is published from now on, stored \
            or not, as `nats sub` does; any NATS server will do.

            Examples:
              wiber sub notifications
              wiber sub notifications --from 1 --count 10
              wiber sub notifications --server nats://127.0.0.1:9101,nats://127.0.0.1:9102
              wiber sub "orders.*.new" --queue workers
            """
    )
    /// How long servers are tried after the connection is lost.
    private static let patience = Duration.seconds(30)

    @Argument(help: "The topic, or a subject with * and > for tokens.") var topic: Word
    @Option(help: "The first sequence; without it: from now on.") var from: UInt64?
    @Option(help: "Stop after this many messages.") var count: Int?
    @Flag(help: "Listen to a subject from now on, and follow no topic.") var core = false
    @Option(help: "The queue group: one of its members gets each message.") var queue: Word?
    @OptionGroup var client: ClientOptions

    private var listens: Bool {
        core || queue != nil || topic.text.split(separator: ".").contains { $0 == "*" || $0 == ">" }
    }

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count must be at least 1") }
        if from != nil, listens {
            throw ValidationError("--from goes with a topic, without --core, --queue and wildcards")
        }
    }

    func run() throws {
        try client.guarded {
            if listens { return try listen() }
            var progress = Progress(next: from, left: count ?? .max)
            try follow(LineClient(servers: client.server), &progress)
            while progress.left > 0 { try follow(reconnect(), &progress) }
        }
    }

    private func listen() throws {
        let server = try NATSCommandClient(servers: client.server, name: "wiber sub")
        try server.subscribe(topic.text, queue: queue?.text)
        if client.output == .text { Terminal.complain("listening to \(topic)") }
        var number = 0
        while number < count ?? .max, let message = try server.next() {
            number += 1
            client.show(message, number: number)
        }
    }

    /// What was shown so far.
    private struct Progress {
        var next: UInt64?
        var left: Int
    }

    /// Shows messages until there were enough, or the connection ends.
    private func follow(_ line: LineClient, _ progress: inout Progress) throws {
        do {
            let start = progress.next.map { " \($0)" } ?? ""
            let reply = try line.request("SUB \(topic)\(start)")
            if client.output == .text { Terminal.complain(reply) }
            line.connection.timeout = 0
            while progress.left > 0 {
                let text = try line.connection.line()
                guard let message = MessageLine(text) else { throw ClientError.unexpected(text) }
                show(message)
                progress.next = message.sequence + 1
                progress.left -= 1
            }
        } catch let error as ClientError {
            guard case .closed = error else { throw error }
            Terminal.complain("wiber: \(error); trying again")
        }
    }

    private func reconnect() throws -> LineClient {
        let start = ContinuousClock.now
        while true {
            Thread.sleep(forTimeInterval: 0.3)
            do {
                return try LineClient(servers: client.server)
            } catch let error as ClientError {
                guard ContinuousClock.now - start < Self.patience else { throw error }
            }
        }
    }

    private func show(_ message: MessageLine) {
        switch client.output {
        case .text:
            let text = Terminal.safe(message.text)
            Terminal.say("\(message.sequence)  \(message.time)  \(text)")
        case .json: Terminal.printJSON(message.fields)
        }
    }
}
