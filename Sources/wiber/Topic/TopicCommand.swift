import ArgumentParser
import Foundation
import WiberServer

/// The command `wiber topic`.
struct TopicCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topic",
        abstract: "Create, change, read, move or delete a topic.",
        discussion: """
            Each command can be given to any node; the answer comes once the cluster has agreed.
            `wiber topics` lists topics, `wiber stats TOPIC` tells about one.
            """,
        subcommands: [
            Create.self, Update.self, Get.self, Purge.self, Remove.self, Delete.self, Move.self,
            Replicas.self,
        ],
        aliases: ["stream"]
    )

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a topic.",
            discussion: """
                Without --subject the topic captures its name and everything below it.

                Examples:
                  wiber topic create orders
                  wiber topic create orders --subject 'orders.>' --max-age 7d --max-bytes 10GiB
                  wiber topic create settings --max-per-subject 1 --rollup
                  wiber topic create sessions --message-ttl --default-ttl 1h
                  wiber topic create jobs --replicas 1 --dedup content --dedup-window 1h
                  wiber topic create fast --tag ssd --spread zone --quota-bytes 100GiB
                """
        )
        @Argument(help: "The topic's name.") var topic: Word
        @Option(help: "How many nodes hold it; 3, or 1 in a cluster of fewer, without it.")
        var replicas: Int?
        @Option(help: "What makes two messages the same: id, content or none.")
        var dedup: String?
        @OptionGroup var limits: TopicLimits
        @OptionGroup var client: ClientOptions

        func run() throws {
            var body = limits.body
            body["name"] = topic.text
            if let replicas { body["replicas"] = replicas }
            if let dedup {
                body["dedup", default: [:]] = ((body["dedup"] as? [String: Any]) ?? [:])
                    .merging(["by": dedup]) { $1 }
            }
            try client.post("/api/topics", body, saying: "created topic \(topic)")
        }
    }

    struct Update: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a topic's limits, subjects or description.",
            discussion: """
                What is not named stays. `none` lifts a limit. A tighter limit takes effect at
                once: what is over it is gone. A quota lets nothing go: it refuses publishes. With
                another --tag or --spread the topic moves to nodes that have them, while it is used.

                Examples:
                  wiber topic update orders --max-age 30d
                  wiber topic update orders --max-messages none --description "All orders"
                  wiber topic update orders --keep-from 120000
                  wiber topic update orders --tag ssd --spread zone
                  wiber topic update orders --quota-messages 1000000
                """
        )
        @Argument(help: "The topic.") var topic: Word
        @OptionGroup var limits: TopicLimits
        @OptionGroup var client: ClientOptions

        func run() throws {
            guard !limits.body.isEmpty else {
                throw ValidationError("name at least one thing to change, such as --max-age 7d")
            }
            try client.post(
                "/api/topics/\(topic.inPath)",
                limits.body,
                method: "PATCH",
                saying: "updated topic \(topic)"
            )
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a topic with all its messages.",
            discussion: """
                Nothing brings them back. Whoever follows the topic hears that it is gone. The files
                are removed a minute later, on each node.

                Examples:
                  wiber topic delete orders --yes
                """
        )
        @Argument(help: "The topic.") var topic: Word
        @Flag(help: "Do it; without this the command only says what it would do.") var yes = false
        @OptionGroup var client: ClientOptions

        func run() throws {
            guard yes else {
                throw ValidationError(
                    "this deletes \(topic) and all its messages for good; add --yes if you mean it"
                )
            }
            try client.post(
                "/api/topics/\(topic.inPath)",
                [:],
                method: "DELETE",
                saying: "deleted topic \(topic)"
            )
        }
    }
}

extension Word {
    /// The word as a part of a URL's path.
    var inPath: String { text.inURL }
}

extension ClientOptions {
    /// Sends a command to the server's API; fails with the server's words if it is refused.
    func post(
        _ path: String,
        _ body: [String: Any],
        method: String = "POST",
        saying text: String
    ) throws {
        try guarded {
            let line = try LineClient(servers: server)
            let json = try JSONSerialization.data(withJSONObject: body)
            let text = (method: method, json: String(decoding: json, as: UTF8.self), say: text)
            try line.post(path, json: text.json, method: text.method)
            switch output {
            case .text: Terminal.say(text.say)
            case .json: Terminal.printJSON(["status": "done"])
            }
        }
    }
}
