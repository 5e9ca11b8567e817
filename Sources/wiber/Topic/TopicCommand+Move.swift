import ArgumentParser
import Foundation
import WiberServer

extension TopicCommand {
    struct Move: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let other nodes hold a topic.",
            discussion: """
                New nodes first get all of the topic; then they vote in the place of those that
                leave. Publishing and reading go on. Shows how far the new nodes are, unless
                --no-wait is given; a move goes on by itself, also if this command ends.

                Examples:
                  wiber topic move orders n1 n2 n4
                  wiber topic move orders n4 n5 n6 --no-wait
                """
        )
        @Argument(help: "The topic.") var topic: Word
        @Argument(help: "All nodes that shall hold it.") var nodes: [String]
        @Flag(inversion: .prefixedNo, help: "Wait until it is done.") var wait = true
        @OptionGroup var client: ClientOptions

        func run() throws {
            try client.guarded {
                try MoveProgress(client: client, topic: topic).run(
                    "/api/topics/\(topic.inPath)/move",
                    ["nodes": nodes],
                    waits: wait
                )
            }
        }
    }

    struct Replicas: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change how many nodes hold a topic.",
            discussion: """
                The cluster chooses the nodes: those that hold it already, then those that hold the
                fewest topics.

                Examples:
                  wiber topic replicas orders 5
                """
        )
        @Argument(help: "The topic.") var topic: Word
        @Argument(help: "How many nodes; best an odd number.") var count: Int
        @Flag(inversion: .prefixedNo, help: "Wait until it is done.") var wait = true
        @OptionGroup var client: ClientOptions

        func run() throws {
            try client.guarded {
                try MoveProgress(client: client, topic: topic).run(
                    "/api/topics/\(topic.inPath)/replicas",
                    ["replicas": count],
                    waits: wait
                )
            }
        }
    }
}

/// Begins a move and tells how far it is.
struct MoveProgress {
    let client: ClientOptions
    let topic: Word

    func run(_ path: String, _ body: [String: Any], waits: Bool) throws {
        let line = try LineClient(servers: client.server)
        let json = try JSONSerialization.data(withJSONObject: body)
        try line.post(path, json: String(decoding: json, as: UTF8.self))
        var last = ""
        var unchanged = 0
        while waits {
            let status = try Terminal.object(try line.get("/api/topics/\(topic.inPath)"))
            if let error = status["error"] as? String { throw ClientError.refused(error) }
            guard let target = status["moving_to"] as? [String] else { break }
            let text = "\(topic) moves to \(target.joined(separator: ", ")): \(progress(status))"
            if text != last, client.output == .text { Terminal.say(text) }
            unchanged = text == last ? unchanged + 1 : 0
            if unchanged == 20 {
                Terminal.complain(
                    "nothing has changed for 10 s; `wiber cluster status` says whether a node is down."
                        + " The move goes on by itself; another target takes its place"
                )
            }
            last = text
            Thread.sleep(forTimeInterval: 0.5)
        }
        switch client.output {
        case .text: Terminal.say(waits ? "\(topic) has moved" : "\(topic) moves")
        case .json: Terminal.printJSON(["topic": topic.text, "done": waits])
        }
    }

    /// How much of the log each new node has.
    private func progress(_ status: [String: Any]) -> String {
        let replicas = status["replicas"] as? [[String: Any]] ?? []
        let end = replicas.compactMap { $0["match_index"] as? Int }.max() ?? 0
        let learners = replicas.filter { $0["role"] as? String == "learner" }
        guard !learners.isEmpty, end > 0 else { return "its nodes are to vote" }
        return learners.map { learner in
            let match = learner["match_index"] as? Int ?? 0
            return "\(learner["node"] ?? "") has \(match * 100 / end) %"
        }.joined(separator: ", ")
    }
}
