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

        @Test func `the Python client goes on at another node when its own is killed`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let process = try #require(cluster.nodes[0].process?.pid)
            try python("reconnect", ["\(process)"] + cluster.nodes.map(url))
        }
    }
}
