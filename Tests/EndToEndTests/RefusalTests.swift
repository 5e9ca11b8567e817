import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("Refusing to start, and saying what to do")
    struct RefusalTests {
        @Test func `a data directory in use is left alone`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let folder = cluster.folder
            let free = try FreePorts.take(2)
            let second = folder.appending(path: "second.yaml")
            let yaml = """
                cluster: test
                nodes: [{ id: n1, host: 127.0.0.1, port: \(free[0]), http_port: \(free[1]) }]

                """
            try Data(yaml.utf8).write(to: second)
            let command = try Command.wiber([
                "serve", "--config", second.path, "--node", "n1", "--data",
                folder.appending(path: "data").path,
            ])
            expectRefusal(command, naming: ["in use"])
            #expect(try node.client().request("PING") == "PONG")
        }

        @Test func `a wiped directory under an old id is refused`() throws {
            let cluster = try Cluster.started(nodes: 3)
            _ = try cluster.nodes[0].client().publish("notes", "hello")
            let node = cluster.nodes[1]
            try node.kill()
            try FileManager.default.removeItem(at: node.data)
            try expectToEnd(node, naming: ["replace-node"])
            #expect(try cluster.nodes[0].client().request("PUB notes again").hasPrefix("OK"))
        }

        @Test func `data of another cluster is refused`() throws {
            let ours = try Cluster.started(nodes: 3)
            let theirs = try Cluster.started(nodes: 3)
            let node = ours.nodes[1]
            try node.kill()
            try theirs.nodes[1].kill()
            try FileManager.default.removeItem(at: node.data)
            try FileManager.default.copyItem(at: theirs.nodes[1].data, to: node.data)
            try expectToEnd(node, naming: ["cluster"])
            #expect(try ours.nodes[0].client().request("PUB notes hello").hasPrefix("OK"))
        }

        @Test func `two bad slots of hard state are refused`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            _ = try node.client().publish("notes", "hello")
            try node.terminate()
            let hard = node.data.appending(path: "hard")
            let size = try Data(contentsOf: hard).count
            try Data(repeating: 0xA5, count: size).write(to: hard)
            try expectToEnd(node, naming: ["hard"])
        }

        @Test func `a flipped byte in the middle of the log is found`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let client = try node.client()
            for number in 0..<200 { _ = try client.publish("notes", "text \(number)") }
            try node.terminate()
            let healthy = try Command.wiber(["data", "check", node.data.path])
            #expect(healthy.isSuccess, "\(healthy.output)\(healthy.errors)")

            let (file, place) = try Self.find("text 57", under: node.data)
            var bytes = try Data(contentsOf: file)
            bytes[place] ^= 0x10
            try bytes.write(to: file)
            let damaged = try Command.wiber(["data", "check", node.data.path])
            #expect(damaged.exit == .code(1), "\(damaged.output)\(damaged.errors)")
            try expectToEnd(node, naming: [])
        }

        @Test func `a port in use is named`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let folder = cluster.folder
            let other = folder.appending(path: "other.yaml")
            let node = cluster.nodes[0]
            let free = try FreePorts.take(1)
            let yaml = """
                nodes: [{ id: n1, host: 127.0.0.1, port: \(node.port), http_port: \(free[0]) }]

                """
            try Data(yaml.utf8).write(to: other)
            let command = try Command.wiber([
                "serve", "--config", other.path, "--node", "n1", "--data",
                folder.appending(path: "elsewhere").path,
            ])
            expectRefusal(command, naming: ["\(node.port)"])
        }

        @Test func `every error of a configuration is listed with its place`() throws {
            let cluster = try Cluster(nodes: 1)
            let file = cluster.folder.appending(path: "bad.yaml")
            let yaml = """
                cluster: test
                nodes:
                  - { id: n1, host: 127.0.0.1, port: 9101 }
                  - { id: n1, host: 127.0.0.1, port: 9101 }
                retentoin: 5
                topics:
                  - { name: "no good name", replicas: 3 }

                """
            try Data(yaml.utf8).write(to: file)
            let command = try Command.wiber(["config", "check", file.path])
            #expect(!command.isSuccess)
            let text = command.output + command.errors
            for place in ["bad.yaml:4:", "bad.yaml:5:1:", "bad.yaml:7:"] {
                #expect(text.contains(place), "\(place) is not in:\n\(text)")
            }
        }

        /// Starts a node that must end by itself with a failure, having said why.
        private func expectToEnd(_ node: Node, naming words: [String]) throws {
            let before = node.log.count
            try node.start()
            let exit = try node.process?.wait(within: .seconds(20))
            let said = String(node.log.dropFirst(before))
            #expect(exit != .code(0), "\(said)")
            if case .signal(let number) = exit { Issue.record("signal \(number):\n\(said)") }
            #expect(!said.isEmpty)
            for word in words { #expect(said.contains(word), "\(word) is not in:\n\(said)") }
        }

        private func expectRefusal(_ command: Command, naming words: [String]) {
            let said = command.errors
            #expect(!command.isSuccess, "\(said)")
            if case .signal(let number) = command.exit {
                Issue.record("signal \(number):\n\(said)")
            }
            for word in words { #expect(said.contains(word), "\(word) is not in:\n\(said)") }
        }

        /// The file under `folder` that holds `text`, and where in it.
        private static func find(_ text: String, under folder: URL) throws -> (URL, Int) {
            let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
            for file in all?.allObjects as? [URL] ?? [] {
                guard !file.path.contains("/logs/"), let bytes = try? Data(contentsOf: file),
                    let range = bytes.range(of: Data(text.utf8))
                else { continue }
                return (file, range.lowerBound)
            }
            throw UnexpectedReply(request: "find \(text)", reply: "nothing under \(folder.path)")
        }
    }
}
