import Foundation
import Testing

extension EndToEnd {
    @Suite("Clients of NATS, as they are")
    struct NATSClientTests {
        /// A client library, with a program that does what its users do.
        enum Client: String, CaseIterable {
            case python, c, go

            /// The program, as `./dev` makes it.
            var program: [String] {
                let root = Settings.projectRoot
                switch self {
                case .python:
                    let script = root.appending(path: "Tests/EndToEndTests/Clients/nats_py.py")
                    return [root.appending(path: ".venv/bin/python").path, script.path]
                case .c: return [root.appending(path: ".build/clients/nats_c").path]
                case .go: return [root.appending(path: ".build/clients/nats_go").path]
                }
            }
        }

        /// Runs a scenario of a client's program, to whatever end.
        private func result(
            of scenario: String,
            _ client: Client,
            _ arguments: [String]
        ) throws -> Command {
            let program = client.program
            try #require(
                FileManager.default.isExecutableFile(atPath: program[0]),
                "no \(program[0]): run ./dev check, which makes it"
            )
            return try Command.run(program + [scenario] + arguments, within: .seconds(60))
        }

        /// Runs a scenario, which must go well.
        private func run(_ client: Client, _ scenario: String, _ arguments: [String]) throws {
            let command = try result(of: scenario, client, arguments)
            #expect(command.isSuccess, "\(command.output)\(command.errors)")
        }

        private func url(_ node: Node) -> String { "nats://127.0.0.1:\(node.port)" }

        @Test(arguments: Client.allCases, [1, 3])
        func `a client works on one node, and across three`(client: Client, nodes: Int) throws {
            let cluster = try Cluster.started(nodes: nodes)
            try run(client, "basics", cluster.nodes.map(url))
        }

        @Test(arguments: Client.allCases, ["basics", "stored"])
        func `a client says that no node is there`(client: Client, scenario: String) throws {
            let cluster = try Cluster(nodes: 1)
            let command = try result(of: scenario, client, cluster.nodes.map(url))
            #expect(command.exit == .code(1))
            // All three libraries have these words; a program that broke down has others.
            #expect(command.errors.lowercased().contains("no server"), "\(command.errors)")
        }

        @Test(arguments: Client.allCases, [1, 3])
        func `what a topic captures is heard, stored and acknowledged`(
            client: Client,
            nodes: Int
        ) throws {
            let topics = "  - name: orders\n    dedup: { window: 2m, by: id }\n"
            let cluster = try Cluster.started(nodes: nodes, topics: topics)
            try eventually("the topic is there") {
                try cluster.nodes.allSatisfy {
                    try $0.client().request("TOPICS").contains("orders")
                }
            }
            try run(client, "stored", cluster.nodes.map(url))
            let history = try obtain("all 52 messages") {
                let found = try cluster.nodes[nodes - 1].client().history("orders", from: 1)
                return found.messages.count == 52 ? found : nil
            }
            #expect(history.messages.prefix(50).compactMap(\.data) == (1...50).map { "\($0)" })
            #expect(history.messages.last?.data == "nobody waits for this one")
        }

        @Test(arguments: Client.allCases)
        func `a client goes on at another node when its own is killed`(client: Client) throws {
            let cluster = try Cluster.started(nodes: 3)
            let process = try #require(cluster.nodes[0].process?.pid)
            try run(client, "reconnect", ["\(process)"] + cluster.nodes.map(url))
        }
    }
}
