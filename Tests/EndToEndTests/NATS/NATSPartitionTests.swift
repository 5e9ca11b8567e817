import Foundation
import Testing

extension EndToEnd {
    @Suite("Failure: partitions, as clients of NATS see them")
    struct NATSPartitionTests {
        private struct Routes: Decodable { let numRoutes: Int }
        private struct Subscriptions: Decodable { let numSubscriptions: Int }

        private func page<Page: Decodable>(_ path: String, of node: Node) throws -> Page {
            let response = try HTTP.get(path, port: node.httpPort, at: node.site)
            return try JSON.decode(Page.self, from: Data(response.body))
        }

        private func subscriptions(_ node: Node) throws -> Int {
            let page: Subscriptions = try page("/subsz", of: node)
            return page.numSubscriptions
        }

        /// Publishes at one node until it is heard at another; what else is heard goes to `heard`.
        private func waitUntilHeard(
            _ subject: String,
            _ sender: NATSSocket,
            _ hearer: NATSSocket,
            _ heard: inout [String]
        ) throws {
            try obtain("\(subject) is heard", within: .seconds(30)) {
                try sender.send("PUB \(subject) 5\r\nprobe\r\nPING\r\n")
                while try sender.line() != "PONG" {}
                try hearer.send("PING\r\n")
                var isHeard = false
                while true {
                    let line = try hearer.line()
                    if line == "PONG" { return isHeard ? true : nil }
                    if line == "probe" {
                        isHeard = true
                    } else if Int(line) != nil {
                        heard.append(line)
                    }
                }
            }
        }

        @Test func `a partition heals without repeats, and without interest that nobody has`()
            throws
        {
            let network = try Network(nodes: 3)
            let cluster = try Cluster.started(nodes: 3, network: network)
            let sender = try NATSSocket(cluster.nodes[0])
            let hearer = try NATSSocket(cluster.nodes[2])
            try hearer.send("SUB p.> 1\r\n")
            var heard: [String] = []
            try waitUntilHeard("p.before", sender, hearer, &heard)

            let links = [0, 1].flatMap {
                [Network.Link(from: $0, to: 2), Network.Link(from: 2, to: $0)]
            }
            try network.cut(Set(links))
            for number in 0..<50 { try sender.send("PUB p.cut 2\r\n\(10 + number)\r\n") }
            try eventually("both sides have noticed", within: .seconds(30)) {
                let left: Routes = try page("/routez", of: cluster.nodes[0])
                let right: Routes = try page("/routez", of: cluster.nodes[2])
                return left.numRoutes == 1 && right.numRoutes == 0
            }
            try hearer.send("SUB q 2\r\n")
            try network.heal()
            try waitUntilHeard("q", sender, hearer, &heard)
            try waitUntilHeard("p.healed", sender, hearer, &heard)

            for number in 0..<100 { try sender.send("PUB p.after 3\r\n\(100 + number)\r\n") }
            while heard.last != "199" {
                let line = try hearer.line()
                if Int(line) != nil { heard.append(line) }
            }
            let after = heard.filter { $0.count == 3 }
            #expect(after == (100..<200).map { "\($0)" })
            #expect(Set(heard).count == heard.count, "each at most once: \(heard)")

            try hearer.send("UNSUB 1\r\nUNSUB 2\r\n")
            try eventually("nobody wants anything any more") {
                try cluster.nodes.allSatisfy { try subscriptions($0) == 0 }
            }
        }
    }
}
