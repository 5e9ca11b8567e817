import Foundation
import Testing

extension EndToEnd {
    @Suite("Clients of NATS, as they are")
    struct NATSClientTests {
        /// Runs a scenario of a script with the Python that `./dev` sets up.
        private func python(_ scenario: String, _ arguments: [String]) throws {
            let python = Settings.projectRoot.appending(path: ".venv/bin/python").path
            try #require(
                FileManager.default.isExecutableFile(atPath: python),
                "no .venv with the clients: run ./dev check, which makes it"
            )
            let script = Settings.projectRoot.appending(
                path: "Tests/EndToEndTests/Clients/nats_py.py"
            )
            let command = try Command.run(
                [python, script.path, scenario] + arguments,
                within: .seconds(60)
            )
            #expect(command.isSuccess, "\(command.output)\(command.errors)")
        }

        private func url(_ node: Node) -> String { "nats://127.0.0.1:\(node.port)" }

        @Test(arguments: [1, 3])
        func `the Python client works on one node, and across three`(nodes: Int) throws {
            let cluster = try Cluster.started(nodes: nodes)
            try python("basics", cluster.nodes.map(url))
        }

        @Test(arguments: [1, 3])
        func `what a topic captures is heard, stored and acknowledged`(nodes: Int) throws {
            let topics = "  - name: orders\n    dedup: { window: 2m, by: id }\n"
            let cluster = try Cluster.started(nodes: nodes, topics: topics)
            try eventually("the topic is there") {
                try cluster.nodes.allSatisfy {
                    try $0.client().request("TOPICS").contains("orders")
                }
            }
            try python("stored", cluster.nodes.map(url))
            let history = try obtain("all 52 messages") {
                let found = try cluster.nodes[nodes - 1].client().history("orders", from: 1)
                return found.messages.count == 52 ? found : nil
            }
            #expect(history.messages.prefix(50).compactMap(\.data) == (1...50).map { "\($0)" })
            #expect(history.messages.last?.data == "nobody waits for this one")
        }

        @Test func `the Python client goes on at another node when its own is killed`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let process = try #require(cluster.nodes[0].process?.pid)
            try python("reconnect", ["\(process)"] + cluster.nodes.map(url))
        }
    }
}
