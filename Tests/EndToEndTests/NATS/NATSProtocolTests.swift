import Foundation
import Testing

extension EndToEnd {
    @Suite("The NATS protocol, byte for byte")
    struct NATSProtocolTests {
        private static let quiet =
            "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\n"

        /// What a node says after INFO to a client that says this and then pings, or is closed.
        private func answer(_ text: String, from node: Node) throws -> String {
            let socket = try Socket(port: node.port)
            try socket.send(Array((text + "PING\r\n").utf8))
            var bytes: [UInt8] = []
            do {
                while !bytes.ends(with: "PONG\r\n") {
                    try socket.receive(into: &bytes, within: .seconds(10))
                }
            } catch Socket.Failure.closed {}
            let said = String(decoding: bytes, as: UTF8.self)
            let end = try #require(said.range(of: "\r\n"))
            #expect(said.hasPrefix("INFO {"))
            return String(said[end.upperBound...])
        }

        @Test func `a client that wants no words gets only messages`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            #expect(try answer(Self.quiet, from: node) == "PONG\r\n")
            let said = try answer(
                Self.quiet + "SUB a.* 1\r\nSUB a.> q 2\r\nPUB a.b r 2\r\nhi\r\nUNSUB 1\r\n"
                    + "HPUB a.c 12 13\r\nNATS/1.0\r\n\r\n!\r\nPUB none 1\r\nx\r\n",
                from: node
            )
            #expect(
                said == "MSG a.b 1 r 2\r\nhi\r\nMSG a.b 2 r 2\r\nhi\r\n"
                    + "HMSG a.c 2 12 13\r\nNATS/1.0\r\n\r\n!\r\nPONG\r\n"
            )
        }

        @Test func `a client that says nothing of itself hears of everything`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let said = try answer(
                "CONNECT {}\r\nSUB a 1\r\nPUB a 0\r\n\r\nPUB b.* 0\r\n\r\nSUB x..y 2\r\nUNSUB 9\r\n",
                from: cluster.nodes[0]
            )
            #expect(
                said == "+OK\r\n+OK\r\n+OK\r\nMSG a 1 0\r\n\r\n"
                    + "-ERR 'Invalid Publish Subject'\r\n+OK\r\n-ERR 'Invalid Subject'\r\n+OK\r\n"
                    + "PONG\r\n"
            )
        }

        @Test func `another CONNECT keeps what it does not name, and no subscription`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let said = try answer(
                Self.quiet
                    + "SUB a 1\r\nCONNECT {\"verbose\":true}\r\nPUB a 0\r\n\r\nPUB b.* 0\r\n\r\n"
                    + "SUB in 1\r\nPUB none in 0\r\n\r\n",
                from: cluster.nodes[0]
            )
            #expect(
                said == "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\nHMSG in 1 36 36\r\n"
                    + "NATS/1.0 503\r\nNats-Subject: none\r\n\r\n\r\nPONG\r\n"
            )
        }

        @Test func `subjects of the servers' own are refused, and the connection stays`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let said = try answer(
                Self.quiet + "SUB > 1\r\nPUB $NRG.a 0\r\n\r\nPUB a _R_.a 0\r\n\r\n",
                from: cluster.nodes[0]
            )
            #expect(
                said == "-ERR 'Permissions Violation for Publish to \"$NRG.a\"'\r\n"
                    + "-ERR 'Permissions Violation for Publish with Reply of \"_R_.a\"'\r\nPONG\r\n"
            )
        }

        @Test func `headers are kept from those who do not take them`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let plain = try Socket(port: node.port)
            let connect = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"
            try plain.send(Array((connect + "SUB a 1\r\nPING\r\n").utf8))
            var bytes: [UInt8] = []
            while !bytes.ends(with: "PONG\r\n") {
                try plain.receive(into: &bytes, within: .seconds(10))
            }
            bytes = []
            _ = try answer(Self.quiet + "HPUB a 12 13\r\nNATS/1.0\r\n\r\n!\r\n", from: node)
            while !bytes.ends(with: "!\r\n") {
                try plain.receive(into: &bytes, within: .seconds(10))
            }
            #expect(String(decoding: bytes, as: UTF8.self) == "MSG a 1 1\r\n!\r\n")
            #expect(try answer(connect + "HPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n", from: node) == "")
        }

        @Test func `a request that nobody hears is answered at once, and echo can be off`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let request = "SUB in.* 7\r\nPUB none in.1 0\r\n\r\n"
            let status = "NATS/1.0 503\r\nNats-Subject: none\r\n\r\n"
            #expect(
                try answer(Self.quiet + request, from: node)
                    == "HMSG in.1 7 \(status.utf8.count) \(status.utf8.count)\r\n\(status)\r\nPONG\r\n"
            )
            let deaf = Self.quiet.replacing("\"headers\"", with: "\"echo\":false,\"headers\"")
            #expect(try answer(deaf + "SUB a 1\r\nPUB a 1\r\nx\r\n", from: node) == "PONG\r\n")
        }

        @Test func `what a person publishes is heard, and what a client publishes is followed`()
            throws
        {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let person = try node.client()
            #expect(try person.request("PUB notes first") == "OK 1")
            #expect(try person.request("SUB notes") == "OK subscribed to notes")
            let client = try Socket(port: node.port)
            try client.send(Array((Self.quiet + "SUB notes 1\r\nPING\r\n").utf8))
            var bytes: [UInt8] = []
            while !bytes.ends(with: "PONG\r\n") {
                try client.receive(into: &bytes, within: .seconds(10))
            }
            #expect(try node.client().request("PUB notes hello") == "OK 2")
            while !bytes.ends(with: "MSG notes 1 5\r\nhello\r\n") {
                try client.receive(into: &bytes, within: .seconds(10))
            }
            #expect(try person.readLine().hasSuffix("hello"))
            try client.send(Array("PUB notes.x 2\r\nhi\r\n".utf8))
            #expect(try person.readLine().hasSuffix("hi"))
        }

        @Test func `thousands of queue groups with long names on another node get a message each`()
            throws
        {
            let cluster = try Cluster.started(nodes: 3)
            let member = try Socket(port: cluster.nodes[1].port)
            let name = String(repeating: "q", count: 1_300)
            var text = Self.quiet
            for number in 1...5_000 { text += "SUB jobs \(name)\(number) \(number)\r\n" }
            try member.send(Array((text + "PING\r\n").utf8))
            var bytes: [UInt8] = []
            while !bytes.ends(with: "PONG\r\n") {
                try member.receive(into: &bytes, within: .seconds(10))
            }
            try eventually("the interest is known at another node") {
                try HTTP.get("/metrics", port: cluster.nodes[0].httpPort).text
                    .contains("wiber_nats_subscriptions 5000\n")
            }
            bytes = []
            let said = try answer(Self.quiet + "PUB jobs 2\r\nhi\r\n", from: cluster.nodes[0])
            #expect(said == "PONG\r\n")
            let all = (1...5_000).reduce(0) { $0 + "MSG jobs \($1) 2\r\nhi\r\n".utf8.count }
            while bytes.count < all { try member.receive(into: &bytes, within: .seconds(10)) }
            #expect(bytes.count == all)
            for node in cluster.nodes { #expect(node.isRunning) }
        }

        @Test func `a client that asks for answers and does not read them is closed`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let socket = try Socket(port: node.port)
            try socket.send(Array(Self.quiet.utf8))
            let pings = Array(String(repeating: "PING\r\n", count: 20_000).utf8)
            for _ in 0..<1_000 where (try? socket.send(pings)) == nil { break }
            try eventually("the node gives up") {
                try HTTP.get("/metrics", port: node.httpPort).text
                    .contains("wiber_slow_consumers_total 1\n")
            }
            #expect(try answer(Self.quiet, from: node) == "PONG\r\n")
        }

        @Test func `large payloads for several come in order with small ones, here and elsewhere`()
            throws
        {
            let cluster = try Cluster.started(nodes: 3)
            let hearers = try cluster.nodes.map { node in
                try (0..<3).map { _ in try NATSSocket(node) }
            }.flatMap { $0 }
            for hearer in hearers { try hearer.send("SUB a 1\r\nSUB b q 2\r\nPING\r\n") }
            for hearer in hearers { while try hearer.line() != "PONG" {} }
            let sizes = [3, 16 << 10, 100_000, 2, 1_000_000, 20_000, 1]
            let payloads = sizes.enumerated().map { place, size in
                String(repeating: Character(Unicode.Scalar(UInt8(97 + place))), count: size)
            }
            let sender = try NATSSocket(cluster.nodes[0])
            // Interest crosses in its own time.
            for (hearer, subject) in zip(hearers, hearers.indices.map { "ready.\($0)" }) {
                try hearer.send("SUB \(subject) 9\r\nPING\r\n")
                while try hearer.line() != "PONG" {}
                try eventually("\(subject) is heard") {
                    try sender.send("PUB \(subject) 0\r\n\r\n")
                    return try (try? hearer.line(within: .milliseconds(100))).map { _ in
                        try hearer.line() == ""
                    } ?? false
                }
            }
            for text in payloads {
                try sender.send("PUB a \(text.count)\r\n\(text)\r\n")
                try sender.send("HPUB a 12 \(text.count + 12)\r\nNATS/1.0\r\n\r\n\(text)\r\n")
            }
            for hearer in hearers {
                try hearer.send("UNSUB 9\r\n")
                func line() throws -> String {
                    let line = try hearer.line()
                    return line == "PING" ? try hearer.line() : line
                }
                for text in payloads {
                    var first = try line()
                    while !first.hasPrefix("MSG a ") { first = try line() }
                    #expect(first == "MSG a 1 \(text.count)")
                    #expect(try line() == text)
                    #expect(try line() == "HMSG a 1 12 \(text.count + 12)")
                    #expect(try line() == "NATS/1.0" && line() == "")
                    #expect(try line() == text)
                }
            }
        }

        @Test(arguments: [
            ("FOO\r\n", "-ERR 'Unknown Protocol Operation'\r\n"),
            ("PUB a 2000000\r\n", "-ERR 'Maximum Payload Violation'\r\n"),
            ("PUB a\r\n", ""),
            ("CONNECT {\"protocol\":7}\r\n", "-ERR 'invalid client protocol'\r\n"),
            ("CONNECT {\r\n", ""),
            (
                "SUB \(String(repeating: "x", count: 5_000)) 1\r\n",
                "-ERR 'maximum control line exceeded'\r\n"
            ),
        ])
        func `what cannot be ends the connection, with nats-server's words`(
            text: String,
            words: String
        ) throws {
            let cluster = try Cluster.started(nodes: 1)
            #expect(try answer(Self.quiet + text, from: cluster.nodes[0]) == words)
        }
    }
}

extension [UInt8] {
    fileprivate func ends(with text: String) -> Bool {
        suffix(text.utf8.count).elementsEqual(text.utf8)
    }
}
