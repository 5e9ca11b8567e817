import ArgumentParser
import WiberServer

extension TopicCommand {
    struct Get: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read one message.",
            discussion: """
                By its sequence, or the newest of a subject, or the first of a subject from a
                sequence on. The answer has all that was acknowledged before. The first
                question by subject makes the node read the topic once.

                Examples:
                  wiber topic get orders 17
                  wiber topic get orders --last orders.eu.paid
                  wiber topic get orders --next orders.eu.paid --from 18 --output json
                """
        )
        @Argument(help: "The topic.") var topic: Word
        @Argument(help: "The message's sequence.") var sequence: UInt64?
        @Option(help: "The newest message of this subject, without wildcards.") var last: Word?
        @Option(help: "The first message of this subject, without wildcards.") var next: Word?
        @Option(help: "With --next: the first sequence that counts.") var from: UInt64?
        @OptionGroup var client: ClientOptions

        func validate() throws {
            let ways = [sequence != nil, last != nil, next != nil].count { $0 }
            guard ways == 1 else {
                throw ValidationError(
                    "give a sequence, --last SUBJECT or --next SUBJECT, one of them"
                )
            }
            guard from == nil || next != nil else {
                throw ValidationError("--from goes with --next SUBJECT")
            }
        }

        func run() throws {
            try client.guarded {
                let reply = try LineClient(servers: client.server).read(path)
                switch client.output {
                case .json: Terminal.say(reply)
                case .text: try Terminal.message(reply)
                }
            }
        }

        private var path: String {
            let messages = "/api/topics/\(topic.inPath)/messages"
            if let sequence { return "\(messages)/\(sequence)" }
            if let last { return "\(messages)?last=\(last.inPath)" }
            return "\(messages)?next=\(next?.inPath ?? "")&from=\(from ?? 1)"
        }
    }
}

extension Terminal {
    /// A message, one of its parts a line.
    fileprivate static func message(_ json: String) throws {
        let message = try object(json)
        var rows = ["sequence", "time", "subject", "id"].compactMap { key in
            message[key].map { [key, safe(text($0))] }
        }
        let headers = message["headers"] as? [String: [String]] ?? [:]
        for (name, values) in headers.sorted(by: { $0.key < $1.key }) {
            for value in values { rows.append(["header", safe("\(name): \(value)")]) }
        }
        if let headers = message["headers_base64"] {
            rows.append(["headers", "base64:\(text(headers))"])
        }
        let data = (message["data"] as? String).map(safe)
        rows.append(["data", data ?? "base64:\(text(message["data_base64"]))"])
        table(rows)
    }
}
