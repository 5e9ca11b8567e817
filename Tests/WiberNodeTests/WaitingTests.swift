import Testing
import WiberBase
import WiberWire

@testable import WiberNode

@Suite("Requests that wait for their turn")
struct WaitingTests {
    @Test func `megabytes behind a HISTORY that waits are answered once it has its turn`() {
        let lab = NodeLab()
        #expect(lab.publish(node: 0, "news", "first") == 1)
        #expect(lab.run { lab.isSettled("news") })
        lab.isolate(0)
        let client = lab.connect(to: 0)
        let large = "PUB news " + String(repeating: "x", count: LineLimits.payloadLengthMax)
        lab.ask(
            client,
            ["PUB news lonely", "HISTORY news 1 1"] + Array(repeating: large, count: 6) + ["PING"]
        )
        #expect(lab.run { client.replies.count == 9 })
        #expect(client.replies.last?.hasPrefix("PONG") == true)
    }

    @Test func `a request behind a line that is too long is read without it`() {
        let lab = NodeLab(nodes: 1)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        let client = lab.connect(to: 0)
        let most = LineLimits.lineLengthMax
        lab.send(client, Array("PUB news second\n".utf8) + Array(repeating: 0x78, count: most + 2))
        lab.send(client, Array("PUB news no\nHISTORY news 1 9\n".utf8))
        #expect(lab.run { client.replies.count == 3 })
        let replies = client.replies
        #expect(replies.first?.hasPrefix("OK 2") == true)
        #expect(replies.dropFirst().first?.hasPrefix("ERR TOO_LONG") == true)
        #expect(replies.last?.contains("\"count\":2") == true)
    }
}
