import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("Bad input: an answer or a disconnect, never a stuck node")
    struct BadInputTests {
        @Test func `a line that is no request gets an ERR and the connection goes on`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let client = try cluster.nodes[0].client()
            _ = try client.publish("notes", "hello")
            let lines = [
                "NONSENSE", "PUB", "PUB notes", "PUB notes ", "PUB no/such hello", "PUBID notes a",
                "PUBID notes", "SUB", "SUB notes -1", "SUB notes 99999999999999999999999", "UNSUB",
                "HISTORY", "HISTORY notes -1", "HISTORY notes x", "HISTORY notes 1 -5",
                "HISTORY notes 1 99999999999999999999999", "HISTORY notes 1 2 3",
                "STATS no.such.topic",
                "PUB no.such.subject hello", "\u{0}\u{0}\u{0}", "PUB \u{0} hello", "PUB é hello",
                String(repeating: "A", count: 3_000),
                "PUB \(String(repeating: "t", count: 256)) hello",
            ]
            for line in lines {
                let reply = try client.request(line)
                let words = reply.split(separator: " ", maxSplits: 2)
                #expect(words.count == 3 && words[0] == "ERR", "\(line.prefix(60)) got \(reply)")
                #expect(try client.request("PING") == "PONG", "after \(line.prefix(60))")
            }
            #expect(try client.history("notes", from: 1).messages.count == 1)
        }

        @Test func `an overlong line is answered once and skipped`() throws {
            let cluster = try Cluster.started(nodes: 1)
            for start in ["PUB notes ", "HISTORY notes ", "WHAT "] {
                let client = try cluster.nodes[0].client()
                let reply = try client.request(start + String(repeating: "9", count: 3 << 20))
                #expect(reply.hasPrefix("ERR "), "\(start)… got \(reply.prefix(200))")
                #expect(try client.request("PING") == "PONG")
            }
            let client = try cluster.nodes[0].client()
            let largest = String(repeating: "x", count: 1 << 20)
            #expect(try client.request("PUB notes \(largest)") == "OK 1")
            #expect(try client.request("PUB notes \(largest)x").hasPrefix("ERR "))
            #expect(try client.history("notes", from: 1).messages.first?.data == largest)
        }

        @Test func `a topic may have the longest name, also once it has files`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let name = String(repeating: "n", count: 255)
            let text = String(repeating: "x", count: 1_000_000)
            let client = try node.client()
            for number in 1...3 {
                #expect(try client.request("PUB \(name) \(text)") == "OK \(number)")
            }
            _ = try node.terminate()
            try node.startAndWait()
            #expect(try node.client().history(name, from: 3).messages.map(\.data) == [text])
        }

        @Test func `bytes that are not UTF-8 are data, and readable as base64`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let client = try cluster.nodes[0].client()
            let bytes: [UInt8] = [0xFF, 0x00, 0xC3, 0x28, 0x5C]
            try client.socket.send(Array("PUB notes ".utf8) + bytes + [0x0D, 0x0A])
            let reply = try client.readLine()
            guard reply == "OK 1" else {
                #expect(reply.hasPrefix("ERR "))
                return
            }
            let message = try client.history("notes", from: 1).messages.first
            #expect(message?.data == nil)
            #expect(message?.dataBase64 == Data(bytes).base64EncodedString())
            #expect(try client.request("SUB notes 1") == "OK subscribed to notes")
            let line = try client.readLine()
            #expect(
                line.hasSuffix("\\xFF\u{0}\\xC3(\\\\") || line.hasSuffix("\\xff\u{0}\\xc3(\\\\")
            )
        }

        @Test func `half a line and a thousand silent connections disturb nobody`() throws {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = min(limit.rlim_max, 8_192)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let half = try node.client()
            try half.socket.send(Array("PUB notes half a li".utf8))
            let silent = try (0..<1_000).map { _ in try Socket(port: node.port) }
            for _ in 0..<20 { #expect(try HTTP.get("/healthz", port: node.httpPort).status == 200) }
            let client = try node.client()
            #expect(try client.request("PUB notes hello") == "OK 1")
            try half.socket.send(Array("ne\r\n".utf8))
            #expect(try half.readLine() == "OK 2")
            #expect(silent.count == 1_000)
        }

        @Test func `noise on every port leaves three nodes as they were`() throws {
            let cluster = try Cluster.started(nodes: 3)
            _ = try cluster.nodes[0].client().publish("notes", "hello")
            let node = try cluster.leader(of: "notes")
            var random = SystemRandomNumberGenerator()
            for port in [node.port, node.rpcPort, node.httpPort] {
                for round in 0..<30 {
                    let socket = try Socket(port: port)
                    let length = round % 3 == 0 ? 16 : 4_000
                    let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                    // The node may hang up while it is being sent to: that is an answer.
                    _ = try? socket.send(noise + [0x0A])
                    _ = try? socket.send(Array(repeating: 0xFF, count: 4_096))
                }
            }
            #expect(node.isRunning, "\(node.logTail)")
            #expect(try node.client().request("PUB notes again") == "OK 2")
            #expect(try cluster.leader(of: "notes").id == node.id)
        }

        @Test func `mutated requests leave a node as it was`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let requests = [
                "PUB notes hello", "PUBID notes id hello", "SUB notes 1", "UNSUB notes", "TOPICS",
                "HISTORY notes 1 10", "STATS notes", "HELP", "PING", "CONNECT {}",
            ]
            for round in 0..<40 {
                let socket = try Socket(port: node.port)
                var bytes: [UInt8] = []
                for _ in 0..<100 {
                    var line = Array((requests.randomElement() ?? "").utf8)
                    for _ in 0..<Int.random(in: 0...3) where !line.isEmpty {
                        let place = Int.random(in: 0..<line.count)
                        switch Int.random(in: 0..<3) {
                        case 0: line[place] = UInt8.random(in: 0...255)
                        case 1: line.remove(at: place)
                        default: line.insert(UInt8.random(in: 0...255), at: place)
                        }
                    }
                    bytes += line + (Bool.random() ? [0x0D, 0x0A] : [0x0A])
                }
                // The node may hang up while it is being sent to: that is an answer.
                _ = try? socket.send(bytes)
                #expect(node.isRunning, "round \(round): \(node.logTail)")
            }
            let reply = try node.client().request("PUB notes again")
            #expect(reply.hasPrefix("OK "), "\(reply)")
            #expect(node.isRunning, "\(node.logTail)")
        }

        @Test func `a reader that does not read is disconnected, others go on`() throws {
            let cluster = try Cluster.started(nodes: 1)
            let node = cluster.nodes[0]
            let slow = try node.client()
            #expect(try slow.request("SUB notes") == "OK subscribed to notes")
            let client = try node.client()
            let text = String(repeating: "x", count: 200_000)
            for _ in 0..<200 { _ = try client.publish("notes", text) }
            #expect(try client.request("PING") == "PONG")
            #expect(try HTTP.get("/healthz", port: node.httpPort).status == 200)
            try eventually("a line in the log about the slow reader", within: .seconds(30)) {
                node.log.contains("slow reader disconnected")
            }
        }
    }
}
