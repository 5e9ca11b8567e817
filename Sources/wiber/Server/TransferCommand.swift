import ArgumentParser
import Foundation
import WiberServer

extension ClusterCommand {
    struct Transfer: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let another replica lead a topic.",
            discussion: """
                The leader takes no publishes until the other node has all that it has, which is a
                matter of milliseconds, and for 800 ms at most; publishes wait meanwhile. Those
                under way at the change may be answered with ERR UNKNOWN.

                Examples:
                  wiber cluster transfer notifications n2
                  wiber cluster transfer notifications n2 --server nats://127.0.0.1:9101
                """
        )
        @Argument(help: "The topic.") var topic: Word
        @Argument(help: "The node that shall lead.") var node: Word
        @OptionGroup var client: ClientOptions

        func run() throws {
            try client.guarded {
                let line = try LineClient(servers: client.server)
                let body = try JSONEncoder().encode(["node": node.text])
                try line.post(
                    "/api/topics/\(topic.inPath)/transfer",
                    json: String(decoding: body, as: UTF8.self)
                )
                switch client.output {
                case .text: Terminal.say("\(node.text) leads \(topic.text)")
                case .json: Terminal.printJSON(["topic": topic.text, "leader": node.text])
                }
            }
        }
    }
}
