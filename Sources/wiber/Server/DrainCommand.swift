import ArgumentParser
import Foundation
import WiberServer

extension ClusterCommand {
    struct Drain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move all topics and leaders off a node, for maintenance or good.",
            discussion: """
                Other nodes lead what it leads, and hold what it holds as far as there are enough of
                them: a topic keeps as many replicas as it has. New topics are not placed on it. The
                node itself stays up, and serves clients.

                Examples:
                  wiber cluster drain n2
                  wiber cluster drain n2 --undo
                """
        )
        @Argument(help: "The node.") var node: Word
        @Flag(help: "Let it lead and hold topics again.") var undo = false
        @Flag(inversion: .prefixedNo, help: "Wait until nothing more can move.") var wait = true
        @OptionGroup var client: ClientOptions

        func run() throws {
            try client.guarded {
                let line = try LineClient(servers: client.server)
                let body = "{\"drained\":\(!undo)}"
                try line.post("/api/nodes/\(node.inPath)/drain", json: body)
                guard !undo, wait else {
                    return say("\(node) is \(undo ? "in use again" : "drained")")
                }
                let left = try settled(line)
                say(
                    left == 0
                        ? "\(node) holds no topic and leads none"
                        : "\(node) leads no topic; \(left) topics stay on it, because there are no"
                            + " more nodes that could hold them"
                )
            }
        }

        private func say(_ text: String) {
            switch client.output {
            case .text: Terminal.say(text)
            case .json: Terminal.printJSON(["node": node.text, "text": text])
            }
        }

        /// Waits until nothing moves; returns how many topics are still there.
        private func settled(_ line: LineClient) throws -> Int {
            var last = ""
            var unchanged = 0
            while true {
                let cluster = try Terminal.object(try line.get("/api/cluster"))
                let nodes = cluster["nodes"] as? [[String: Any]] ?? []
                let own = nodes.first { $0["id"] as? String == node.text } ?? [:]
                let topics = try Terminal.list(try line.get("/api/topics"))
                let moving = topics.filter { $0["moving_to"] is [String] }.count
                let held = own["replicas"] as? Int ?? 0
                let led = own["leaders"] as? Int ?? 0
                let text = "\(node) holds \(held) topics and leads \(led); \(moving) are moving"
                if text != last, client.output == .text { Terminal.say(text) }
                unchanged = text == last ? unchanged + 1 : 0
                last = text
                let isAtRest = moving == 0 && led == 0 && unchanged >= 4
                if held == 0 && led == 0 || isAtRest { return held }
                if unchanged == 60 {
                    throw ClientError.refused(
                        "nothing has changed for 30 s: \(text). Other nodes may be down:"
                            + " `wiber cluster status`; the drain goes on by itself"
                    )
                }
                Thread.sleep(forTimeInterval: 0.5)
            }
        }
    }
}
