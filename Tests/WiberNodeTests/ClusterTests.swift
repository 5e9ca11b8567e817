import Testing
import WiberBase

@testable import WiberNode

@Suite("A cluster at work")
struct ClusterTests {
    @Test(arguments: [1, 3])
    func `a publish to any node is acknowledged and in HISTORY on every node`(nodes: Int) {
        let lab = NodeLab(nodes: nodes)
        for place in 0..<nodes {
            #expect(lab.publish(node: place, "news", "from-\(place)") == UInt64(place + 1))
        }
        for place in 0..<nodes {
            let history = lab.ask(node: place, "HISTORY news 1").first ?? ""
            for other in 0..<nodes { #expect(history.contains("\"from-\(other)\"")) }
        }
    }

    @Test(arguments: 0..<3)
    func `pipelined replies come in the order of the requests`(node: Int) {
        let lab = NodeLab()
        let client = lab.connect(to: node)
        var requests: [String] = []
        for number in 1...50 {
            requests += ["PUB one \(number)", "PING", "PUB two \(number)", "NONSENSE"]
        }
        lab.ask(client, requests)
        let replies = lab.answers(client)
        #expect(replies.count == 200)
        var ones: [UInt64] = []
        for (place, reply) in replies.enumerated() {
            switch place % 4 {
            case 0, 2: Reply(reply).sequence.map { ones.append($0) }
            case 1: #expect(reply.hasPrefix("PONG"))
            default: #expect(reply.hasPrefix("ERR "))
            }
        }
        #expect(ones == (1...50).flatMap { [UInt64($0), UInt64($0)] })
    }

    @Test func `a topic that nobody created is created once by publishes to all nodes at once`() {
        let lab = NodeLab()
        let clients = (0..<3).map { lab.connect(to: $0) }
        for client in clients { lab.ask(client, "PUB fresh hello", "SUB other", "PUB other x") }
        for client in clients { #expect(lab.answers(client).allSatisfy { $0.hasPrefix("OK ") }) }
        #expect(lab.run { lab.isSettled("fresh") && lab.isSettled("other") })
        let messages = lab.messages("fresh", 0)
        #expect(messages.map(\.sequence) == [1, 2, 3])
        #expect((1..<3).allSatisfy { lab.messages("fresh", $0) == messages })
        #expect(lab.run { clients.allSatisfy { $0.messages.count >= 1 } })
    }

    @Test func `who follows a topic before it exists sees its first message on every node`() {
        let lab = NodeLab(nodes: 5)
        let readers = (0..<5).map { lab.connect(to: $0) }
        for reader in readers { lab.ask(reader, "SUB fresh") }
        for reader in readers { #expect(lab.answers(reader).first?.hasPrefix("OK ") == true) }
        #expect(lab.publish(node: 0, "fresh", "hello") == 1)
        #expect(lab.run { readers.allSatisfy { $0.messages.count == 1 } })
    }

    @Test func `SUB from a sequence sees every message once, in order, also from disk`() {
        let lab = NodeLab()
        let texts = (1...600).map { "\($0)-" + String(repeating: "x", count: 100) }
        let writer = lab.connect(to: 0)
        for batch in stride(from: 0, to: 300, by: 50) {
            lab.ask(writer, texts[batch..<batch + 50].map { "PUB cold \($0)" })
            #expect(lab.answers(writer).count == batch + 50)
        }
        let readers = (0..<3).map { lab.connect(to: $0) }
        for (place, reader) in readers.enumerated() {
            lab.ask(reader, "SUB cold \(place * 10 + 1)")
        }
        for batch in stride(from: 300, to: 600, by: 50) {
            lab.ask(writer, texts[batch..<batch + 50].map { "PUB cold \($0)" })
            #expect(lab.answers(writer).count == batch + 50)
        }
        for (place, reader) in readers.enumerated() {
            let count = 600 - place * 10
            #expect(lab.run { reader.messages.count >= count })
            let seen = reader.messages.map { $0.split(separator: " ") }
            #expect(seen.map { String($0[2]) } == ((place * 10 + 1)...600).map { "\($0)" })
            #expect(seen.map { String($0[4]) } == Array(texts[(place * 10)...]))
        }
        #expect((0..<3).allSatisfy { lab.isCold("cold", $0) })
    }

    @Test func `the same seed gives the same trace`() {
        func trace(_ seed: UInt64) -> UInt64 {
            let lab = NodeLab(nodes: 3, seed: seed)
            for place in 0..<3 { _ = lab.publish(node: place, "news", "\(place)") }
            lab.kill(0)
            lab.run(for: .seconds(2))
            lab.start(0)
            lab.run(for: .seconds(2))
            return lab.trace
        }
        #expect(trace(5) == trace(5))
        #expect(trace(5) != trace(6))
    }

    @Test func `a cluster at rest takes few turns`() {
        let lab = NodeLab()
        #expect(lab.publish(node: 0, "news", "x") == 1)
        lab.run(for: .seconds(5))
        let before = lab.turns
        lab.run(for: .seconds(10))
        #expect(lab.turns - before < 6_000)
    }
}
