import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("Commands over NATS")
    struct NATSCommandTests {
        /// A command that goes on until it has what it waits for.
        private func start(
            _ arguments: [String],
            on cluster: Cluster,
            subject: String
        ) throws -> (process: ChildProcess, text: () throws -> String) {
            let node = cluster.nodes[0]
            let output = cluster.folder.appending(path: "\(arguments[0])-\(subject).out")
            let process = try ChildProcess(
                [try Settings.binary()] + arguments + ["--server", url(node)],
                folder: cluster.folder,
                output: output,
                errors: URL(filePath: "/dev/null")
            )
            try eventually("it has subscribed") {
                try HTTP.get("/subsz?subs=1&test=\(subject)", port: node.httpPort).text
                    .contains("\"total\":1")
            }
            return (process, { try String(contentsOf: output, encoding: .utf8) })
        }

        private func url(_ node: Node) -> String { "nats://127.0.0.1:\(node.port)" }

        @Test func `pub with headers, a count and templates is stored, or heard`() throws {
            let cluster = try Cluster.started(nodes: 1, topics: "  - name: orders\n")
            let node = cluster.nodes[0]
            let server = ["--server", url(node)]
            let hearer = try start(
                ["sub", "orders.*", "--count", "3", "--output", "json"],
                on: cluster,
                subject: "orders.x"
            )
            let stored = try Command.wiber(
                ["pub", "orders.new", "order {{Count}} {{Nothing}}", "--templates", "--count", "2"]
                    + ["-H", "Region:EU", "--header", "Kind: test"] + server
            )
            #expect(stored.output == "OK 1\nOK 2\n", "\(stored.output)\(stored.errors)")
            let core = try Command.wiber(["pub", "orders.x", "plain", "--core"] + server)
            #expect(core.output == "1 published to orders.x\n", "\(core.errors)")
            #expect(try hearer.process.wait(within: .seconds(10)) == .code(0))
            let lines = try hearer.text().split(separator: "\n")
            #expect(lines.count == 3)
            #expect(
                lines.first?.contains(#""data":"order 1 {{Nothing}}""#) == true
                    && lines.first?.contains(#""headers":{"Kind":["test"],"Region":["EU"]}"#)
                        == true
            )
            #expect(try node.topic("orders").messages == 3)
            let nowhere = try Command.wiber(["pub", "nowhere", "x", "-H", "A:b"] + server)
            #expect(!nowhere.isSuccess && nowhere.errors.contains("503"), "\(nowhere.errors)")
        }

        @Test func `req is answered by reply, with echo, templates and headers`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let server = ["--server", url(cluster.nodes[0])]
            let echo = try start(
                ["reply", "echo", "--echo", "--count", "2"],
                on: cluster,
                subject: "echo"
            )
            let answers = try Command.wiber(
                ["req", "echo", "hello {{Count}}", "--templates", "--count", "2", "-H", "A:b"]
                    + server
            )
            #expect(answers.isSuccess, "\(answers.errors)")
            #expect(answers.output.contains("A: b\n\nhello 1\n"), "\(answers.output)")
            #expect(answers.output.contains("hello 2\n"))
            #expect(try echo.process.wait(within: .seconds(10)) == .code(0))

            let twice = try start(
                ["reply", "price", "{{Request}}{{Request}}", "--templates", "--count", "1"],
                on: cluster,
                subject: "price"
            )
            let answer = try Command.wiber(
                ["req", "price", "--output", "json"] + server,
                input: "4"
            )
            #expect(answer.output.contains(#""data":"44""#), "\(answer.output)\(answer.errors)")
            #expect(try twice.process.wait(within: .seconds(10)) == .code(0))

            let nobody = try Command.wiber(["req", "nobody", "x"] + server)
            #expect(!nobody.isSuccess && nobody.errors.contains("nobody listens on nobody"))
        }

        @Test func `members of a queue group share, and wrong options are refused`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let server = ["--server", url(cluster.nodes[0])]
            let member = try start(
                ["sub", "jobs", "--queue", "workers", "--count", "2"],
                on: cluster,
                subject: "jobs"
            )
            let published = try Command.wiber(
                ["pub", "jobs", "job {{Count}}", "--templates", "--core", "--count", "2"] + server
            )
            #expect(published.isSuccess, "\(published.errors)")
            #expect(try member.process.wait(within: .seconds(10)) == .code(0))
            #expect(try member.text() == "[#1] jobs\njob 1\n[#2] jobs\njob 2\n")
            for (arguments, words) in [
                (["pub", "a", "x", "-H", "no colon"], "no colon"),
                (["pub", "a", "x", "--reply", "r"], "--reply goes with --core"),
                (["pub", "a", "--core"], "need the text"),
                (["sub", "a.*", "--from", "1"], "--from goes with a topic"),
                (["reply", "a", "x", "--echo"], "not both"),
                (["req", "a", "x", "--timeout", "5"], "--timeout"),
            ] {
                let command = try Command.wiber(arguments + server)
                #expect(!command.isSuccess)
                #expect(command.errors.contains(words), "\(arguments): \(command.errors)")
            }
        }
    }
}
