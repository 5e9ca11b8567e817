import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("Commands")
    struct CommandTests {
        @Test func `client commands work on every node, as text and as JSON`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let servers = cluster.nodes.map { "nats://127.0.0.1:\($0.port)" }
            let published = try Command.wiber([
                "pub", "notes", "hello there", "--server", servers[0],
            ])
            #expect(published.isSuccess, "\(published.errors)")
            let commands: [(arguments: [String], holds: String)] = [
                (["ping"], "n1"), (["cluster", "status"], "n2"), (["topics"], "notes"),
                (["stats", "notes"], "notes"), (["stats"], "notes"),
                (["history", "notes"], "hello there"),
            ]
            for (place, command) in commands.enumerated() {
                let server = ["--server", servers[place % 3]]
                let text = try Command.wiber(command.arguments + server)
                #expect(text.isSuccess, "\(command.arguments): \(text.errors)")
                #expect(text.output.contains(command.holds), "\(command.arguments): \(text.output)")
                let json = try Command.wiber(command.arguments + server + ["--output", "json"])
                #expect(json.isSuccess, "\(command.arguments): \(json.errors)")
                #expect(Self.isJSON(json.output), "\(command.arguments): \(json.output)")
            }
        }

        @Test func `cluster transfer lets another node lead, and says why it cannot`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let servers = cluster.nodes.map { ["--server", "nats://127.0.0.1:\($0.port)"] }
            _ = try Command.wiber(["pub", "notes", "hello"] + servers[0])
            for (turn, target) in [1, 2, 0, 2].enumerated() {
                let id = cluster.nodes[target].id
                let command = try Command.wiber(
                    ["cluster", "transfer", "notes", id] + servers[turn % 3]
                )
                #expect(command.isSuccess, "\(command.errors)")
                #expect(command.output == "\(id) leads notes\n")
                #expect(try cluster.leader(of: "notes").id == id)
            }
            for (topic, node, words) in [
                ("nothing", "n1", "there is no topic of this name"),
                ("notes", "n7", "the nodes are n1, n2, n3"),
                ("a/b?c", "n1", "there is"),
            ] {
                let command = try Command.wiber(
                    ["cluster", "transfer", topic, node] + servers[0]
                )
                #expect(!command.isSuccess)
                #expect(command.errors.contains(words), "\(command.errors)")
            }
        }

        @Test func `pub takes a message a line from standard input`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let lines = (1...3_000).map { "line \($0)" }
            let command = try Command.wiber(
                ["pub", "notes", "--server", "nats://127.0.0.1:\(node.port)"],
                input: lines.joined(separator: "\n") + "\n"
            )
            #expect(command.isSuccess, "\(command.errors)")
            #expect(try node.topic("notes").messages == 3_000)
            let end = try node.client().history("notes", from: 2_990)
            #expect(end.messages.compactMap(\.data) == Array(lines[2_989...]))
        }

        @Test func `the shell takes commands from a pipe and ends with it`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let command = try Command.wiber(
                ["shell", "--server", "nats://127.0.0.1:\(cluster.nodes[0].port)"],
                input: "PING\nPUB notes hello there\nNONSENSE\nHISTORY notes\n"
            )
            #expect(command.isSuccess, "\(command.errors)")
            for text in ["PONG", "OK 1", "ERR UNKNOWN_COMMAND", "hello there"] {
                #expect((command.output + command.errors).contains(text), "\(command.output)")
            }
        }

        @Test func `a command that cannot reach its server says so and fails`() throws {
            let port = try FreePorts.take(1)[0]
            let command = try Command.wiber([
                "pub", "notes", "hello", "--server", "nats://127.0.0.1:\(port)",
            ])
            #expect(!command.isSuccess)
            #expect(command.errors.contains("\(port)"), "\(command.errors)")
        }

        @Test func `every command has help with an example`() throws {
            for command in [
                ["serve"], ["cluster", "up"], ["cluster", "status"], ["ping"], ["pub"], ["sub"],
                ["req"], ["reply"], ["history"], ["topics"], ["stats"], ["shell"], ["bench"],
                ["config", "check"],
                ["data", "check"],
            ] {
                let help = try Command.wiber(command + ["--help"])
                #expect(help.isSuccess, "\(command)")
                #expect(help.output.lowercased().contains("example"), "\(command): \(help.output)")
            }
        }

        @Test func `cluster up runs every node, reports a death, and stops all on Ctrl-C`() throws {
            let cluster = try Cluster(nodes: 3)
            let folder = cluster.folder
            let output = folder.appending(path: "up.out")
            let up = try ChildProcess(
                [
                    try Settings.binary(), "cluster", "up", "--config", cluster.configuration.path,
                    "--data", folder.appending(path: "data").path,
                ],
                folder: folder,
                output: output,
                errors: output
            )
            func said() -> String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }
            for node in cluster.nodes {
                try eventually("\(node.id) ready", within: .seconds(30)) {
                    try HTTP.get("/healthz", port: node.httpPort).status == 200
                }
            }
            for node in cluster.nodes { #expect(said().contains("\(node.port)"), "\(said())") }
            let file = cluster.nodes[2].data.appending(path: "wiber.pid")
            let text = try String(contentsOf: file, encoding: .utf8)
            let pid = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            let before = said().count
            kill(pid, SIGKILL)
            try eventually("the death of n3 is reported") {
                said().dropFirst(before).contains("n3")
            }
            #expect(try up.end(SIGINT, within: .seconds(20)) == .code(0), "\(said())")
            for node in cluster.nodes {
                #expect(throws: SystemError.self) { try Socket(port: node.port) }
            }
        }

        @Test func `cluster up names a port that is in use`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let command = try Command.wiber([
                "cluster", "up", "--config", cluster.configuration.path, "--data",
                cluster.folder.appending(path: "elsewhere").path,
            ])
            #expect(!command.isSuccess)
            let text = command.output + command.errors
            #expect(cluster.nodes.contains { text.contains("\($0.port)") }, "\(text)")
        }

        /// Whether text is one JSON value, or one a line.
        private static func isJSON(_ text: String) -> Bool {
            func parses(_ text: some StringProtocol) -> Bool {
                let bytes = Data(text.utf8)
                return (try? JSONSerialization.jsonObject(with: bytes, options: .fragmentsAllowed))
                    != nil
            }
            let lines = text.split(separator: "\n")
            return parses(text) || !lines.isEmpty && lines.allSatisfy { parses($0) }
        }
    }
}
