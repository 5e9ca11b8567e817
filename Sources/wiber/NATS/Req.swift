import ArgumentParser
import WiberServer

/// The command `wiber req`.
struct Req: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send a request and show the answers.",
        discussion: """
            Works with any NATS server. Without a text, the request is what standard input says.

            Examples:
              wiber req time.now ""
              wiber req echo "hello {{Count}}" --templates --count 3
              wiber req orders.price "42" -H Currency:EUR --replies 2 --timeout 500ms
            """
    )
    @Argument(help: "The subject.") var subject: Word
    @Argument(help: "The request; without it standard input is read.") var text: String?
    @Option(help: "How many requests, one after the other.") var count = 1
    @Option(help: "How many answers to wait for, for each.") var replies = 1
    @Option(help: "How long, as 500ms or 2s.") var timeout = TimeArgument.seconds(5)
    @OptionGroup var message: MessageOptions
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (1...1_000_000_000).contains(count), (1...65_536).contains(replies) else {
            throw ValidationError("--count 1 to 10^9, --replies 1 to 65536")
        }
    }

    func run() throws {
        try client.guarded {
            let server = try NATSCommandClient(servers: client.server, name: "wiber req")
            let template = try message.template(text)
            var shown = 0
            for number in 1...count {
                let answers = try server.request(
                    subject.text,
                    template.text(number: number),
                    headers: message.fields,
                    count: replies,
                    within: timeout.duration
                )
                for answer in answers {
                    shown += 1
                    client.show(answer, number: shown)
                }
            }
        }
    }
}

/// The command `wiber reply`.
struct Reply: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer requests.",
        discussion: """
            Works with any NATS server. Several of them share the requests, unless each has a \
            --queue of its own. Runs until Ctrl-C or --count.

            Examples:
              wiber reply echo --echo
              wiber reply time.now "it is {{Time}}" --templates
              wiber reply orders.price "9.99" -H Currency:EUR --count 10
            """
    )
    @Argument(help: "The subject; * and > stand for tokens.") var subject: Word
    @Argument(help: "The answer; without it, and without --echo, it is empty.") var text: String?
    @Flag(help: "Answer with what the request says.") var echo = false
    @Option(help: "The queue group.") var queue: Word?
    @Option(help: "Stop after this many.") var count: Int?
    @OptionGroup var message: MessageOptions
    @OptionGroup var client: ClientOptions

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count must be at least 1") }
        if echo, text != nil { throw ValidationError("give a text or --echo, not both") }
    }

    func run() throws {
        try client.guarded {
            let server = try NATSCommandClient(servers: client.server, name: "wiber reply")
            try server.subscribe(subject.text, queue: queue?.text ?? "wiber-reply")
            Terminal.complain("answering \(subject)")
            let template = MessageTemplate(text ?? "", isPlain: !message.templates)
            var number = 0
            while number < count ?? .max, let request = try server.next() {
                number += 1
                client.show(request, number: number)
                guard let reply = request.reply else { continue }
                let answer =
                    echo
                    ? request.payload : template.text(number: number, request: request.payload)
                let headers = echo ? request.headers + message.fields : message.fields
                try server.publish(reply, answer, headers: headers)
            }
            try server.flush()
        }
    }
}

/// A time on the command line.
struct TimeArgument: ExpressibleByArgument, CustomStringConvertible {
    let duration: Duration

    var description: String { "\(duration / .milliseconds(1))ms" }

    static func seconds(_ count: Int) -> TimeArgument { TimeArgument(duration: .seconds(count)) }

    private init(duration: Duration) { self.duration = duration }

    init?(argument: String) {
        guard let time = Quantities.nanoseconds(argument), time > 0 else { return nil }
        duration = .nanoseconds(Int64(clamping: time))
    }
}
