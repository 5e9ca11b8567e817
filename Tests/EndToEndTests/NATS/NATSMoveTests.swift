import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("Clients of NATS hear of nodes that come and go")
    struct NATSMoveTests {
        private func urls(_ info: String) throws -> [String] {
            struct Info: Decodable { var connectUrls: [String]? }
            let json = try #require(info.split(separator: " ", maxSplits: 1).last)
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Info.self, from: Data(json.utf8)).connectUrls ?? []
        }

        private func url(_ node: Node) -> String { "127.0.0.1:\(node.port)" }

        @Test func `a node that dies leaves connect_urls, and comes back`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let client = try NATSSocket(cluster.nodes[0])
            let silent = try NATSSocket(
                cluster.nodes[0],
                connect: "CONNECT {\"verbose\":false,\"protocol\":0}\r\n"
            )
            try cluster.nodes[2].kill()
            try obtain("INFO without it") {
                try urls(client.line()) == cluster.nodes.prefix(2).map(url) ? true : nil
            }
            try cluster.nodes[2].startAndWait()
            try obtain("INFO with it") {
                try urls(client.line()) == cluster.nodes.map(url) ? true : nil
            }
            try silent.send("PING\r\n")
            #expect(try silent.line() == "PONG")
            #expect(try urls(NATSSocket(cluster.nodes[0]).info) == cluster.nodes.map(url))
        }

        @Test func `in lame duck mode clients are asked to move, then disconnected, then it ends`()
            throws
        {
            let topics = "  - name: orders\n"
            let cluster = try Cluster.started(
                nodes: 3,
                topics: topics,
                more: "lame_duck: { duration: 3s, grace: 1s }\n"
            )
            let node = try cluster.leader(of: "orders")
            let others = cluster.others(than: node)
            let clients = try (0..<10).map { _ in try NATSSocket(node) }
            let person = try node.client()
            #expect(try person.request("PUB orders before") == "OK 1")
            node.process?.signal(SIGUSR2)
            let info = try obtain("INFO with ldm") {
                let line = try clients[0].line()
                return line.contains("\"ldm\":true") ? line : nil
            }
            #expect(try urls(info) == others.map(url))
            try eventually("nobody is let in") { (try? Socket(port: node.port)) == nil }
            // Who is still there is served, and another node leads.
            try clients[1].send("SUB a 1\r\nPUB a 2\r\nhi\r\n")
            try obtain("its message") { try clients[1].line() == "hi" ? true : nil }
            try eventually("another node leads") {
                try others.contains { try $0.topic("orders").leader == $0.id }
            }
            #expect(try person.request("PUB orders after") == "OK 2")
            for client in clients { #expect(try client.isClosed(within: .seconds(10))) }
            do {
                Issue.record("said: \(try person.readLine())")
            } catch Socket.Failure.closed {}
            try eventually("the process ends") { node.process?.poll() == .code(0) }
        }

        @Test func `a lame duck without clients ends at once, and SIGTERM cuts it short`() throws {
            let cluster = try Cluster.started(nodes: 1)
            cluster.nodes[0].process?.signal(SIGUSR2)
            try eventually("it ends", within: .seconds(5)) {
                cluster.nodes[0].process?.poll() == .code(0)
            }
            try cluster.nodes[0].startAndWait()
            let client = try NATSSocket(cluster.nodes[0])
            cluster.nodes[0].process?.signal(SIGUSR2)
            try obtain("INFO with ldm") {
                try client.line().contains("\"ldm\":true") ? true : nil
            }
            #expect(try cluster.nodes[0].terminate() == .code(0))
        }
    }
}
