import Foundation
import Testing

extension EndToEnd {
    @Suite("The monitoring pages of NATS")
    struct NATSMonitoringTests {
        private func page(_ path: String, of node: Node) throws -> [String: Any] {
            let response = try HTTP.get(path, port: node.httpPort)
            #expect(response.status == 200, "\(path): \(response.text)")
            let json = try JSONSerialization.jsonObject(with: Data(response.body))
            return try #require(json as? [String: Any])
        }

        private func connections(_ query: String, of node: Node) throws -> [[String: Any]] {
            try #require(page("/connz" + query, of: node)["connections"] as? [[String: Any]])
        }

        @Test func `connz knows each client, what it sent and got, and why it left`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let connect = "CONNECT {\"verbose\":false,\"name\":\"me\",\"lang\":\"swift\"}\r\n"
            let client = try NATSSocket(node, connect: connect)
            try client.send("SUB a.b 1\r\nSUB a.* q 2\r\nPUB a.b 2\r\nhi\r\nPING\r\n")
            while try client.line() != "PONG" {}
            let person = try node.client()
            #expect(try person.request("PING") == "PONG")

            let rows = try connections("?subs=1", of: node)
            #expect(rows.map { $0["type"] as? String } == ["nats", "lines"])
            let row = try #require(rows.first)
            for (name, value) in ["in_msgs": 1, "out_msgs": 2, "in_bytes": 2, "out_bytes": 4] {
                #expect(row[name] as? Int == value, "\(name)")
            }
            #expect(row["name"] as? String == "me" && row["lang"] as? String == "swift")
            #expect(row["subscriptions_list"] as? [String] == ["a.b", "a.*"])
            let details = try connections("?subs=detail&sort=msgs_to&limit=1", of: node)
            let list = try #require(
                details.first?["subscriptions_list_detail"] as? [[String: Any]]
            )
            #expect(list.map { $0["qgroup"] as? String } == [nil, "q"])

            try client.send("FOO\r\n")
            #expect(try client.isClosed(within: .seconds(10)))
            let closed = try obtain("the closed connection") {
                try connections("?state=closed", of: node).first
            }
            #expect(closed["reason"] as? String == "Parse Error")
            #expect(closed["stop"] is String)
            #expect(try HTTP.get("/connz?limit=x", port: node.httpPort).status == 400)
        }

        @Test func `varz, subsz and routez have real figures`() throws {
            let cluster = try Cluster.started(nodes: 3)
            let node = cluster.nodes[0]
            let client = try NATSSocket(node)
            try client.send("SUB a.> 1\r\nPUB a.b 5\r\nhello\r\nPING\r\n")
            while try client.line() != "PONG" {}
            let varz = try page("/varz", of: node)
            let expected = [
                "in_msgs": 1, "in_bytes": 5, "out_msgs": 1, "out_bytes": 5, "connections": 1,
                "subscriptions": 1, "port": node.port, "routes": 2,
            ]
            for (name, value) in expected { #expect(varz[name] as? Int == value, "\(name)") }
            #expect((varz["mem"] as? Int ?? 0) > 1 << 20)
            #expect((varz["connect_urls"] as? [String])?.count == 3)

            let subsz = try page("/subsz?subs=1&test=a.x", of: node)
            #expect(subsz["num_subscriptions"] as? Int == 1)
            #expect(subsz["total"] as? Int == 1)
            #expect(try page("/subsz?subs=1&test=b", of: node)["total"] as? Int == 0)

            let routez = try page("/routez", of: node)
            let routes = try #require(routez["routes"] as? [[String: Any]])
            #expect(routes.map { $0["remote_name"] as? String } == ["n2", "n3"])
        }
    }
}
