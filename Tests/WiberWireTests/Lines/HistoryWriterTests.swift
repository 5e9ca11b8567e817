import Testing
import WiberBase

@testable import WiberWire

@Suite("The reply to HISTORY")
struct HistoryWriterTests {
    @Test func `without messages it is an empty list`() {
        let writer = HistoryWriter(topic: "t", from: Sequence(1), limit: 100)
        #expect(writer.count == 0)
        #expect(writer.byteCount == 0)
        #expect(
            written { writer.finish(into: &$0) }
                == #"OK {"topic":"t","from":1,"limit":100,"count":0,"messages":[]}"# + "\r\n"
        )
    }

    @Test func `messages follow each other`() {
        var writer = HistoryWriter(topic: "t", from: Sequence(4), limit: 2)
        withMessage(sequence: 4, payload: Array("say \"hi\"\n".utf8)) { writer.add($0) }
        withMessage(
            sequence: 5,
            payload: [0xff, 0, 1],
            subject: "t.eu",
            id: Array("a-1".utf8)
        ) { writer.add($0) }
        #expect(writer.count == 2)
        let time = "2026-11-23T00:36:04.000000001Z"
        let first = #"{"sequence":4,"time":"\#(time)","subject":"t","data":"say \"hi\"\n"}"#
        let second =
            #"{"sequence":5,"time":"\#(time)","subject":"t.eu","id":"a-1","data_base64":"/wAB"}"#
        #expect(writer.byteCount == first.utf8.count + second.utf8.count + 1)
        #expect(
            written { writer.finish(into: &$0) }
                == #"OK {"topic":"t","from":4,"limit":2,"count":2,"messages":[\#(first),\#(second)]}"#
                + "\r\n"
        )
    }

    @Test func `headers are there with all their values, or as bytes`() {
        func headers(_ block: [UInt8]) -> String {
            var writer = HistoryWriter(topic: "t", from: Sequence(1), limit: 1)
            withMessage(sequence: 1, payload: [120], headers: block) { writer.add($0) }
            let line = written { writer.finish(into: &$0) }
            let start = line.firstRange(of: "\"headers").map { line[$0.lowerBound...] } ?? ""
            return String(start.prefix { $0 != "x" })
        }
        #expect(
            headers(Array("NATS/1.0\r\nKey: a\r\nother:\r\nKey:  b \r\nno colon\r\n\r\n".utf8))
                == #""headers":{"Key":["a","b"],"other":[""]},"data":""#
        )
        #expect(headers(Array("NATS/1.0\r\n\r\n".utf8)) == #""headers":{},"data":""#)
        #expect(headers([0xff, 10]) == #""headers_base64":"/wo=","data":""#)
    }

    @Test func `whatever a message holds, the reply is one line of JSON`() throws {
        for seed in 0..<UInt64(500) {
            var random = RandomSource(seed: seed)
            func bytes(_ count: Int) -> [UInt8] {
                (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            var writer = HistoryWriter(topic: "t", from: Sequence(1), limit: 3)
            let payloads = [bytes(3), bytes(Int(seed) % 20), Array("t\u{0}é\r\n".utf8)]
            for (place, payload) in payloads.enumerated() {
                withMessage(
                    sequence: UInt64(place + 1),
                    payload: payload,
                    subject: String(decoding: bytes(4), as: UTF8.self),
                    id: bytes(2),
                    headers: bytes(12) + [10, 58] + bytes(3) + [10]
                ) { writer.add($0) }
            }
            let line = written { writer.finish(into: &$0) }
            #expect(line.utf8.filter { $0 == 10 }.count == 1)
            let history = try parsed(line.dropFirst(3))
            let messages = try #require(history["messages"] as? [[String: Any]])
            #expect(messages.map { payload(of: $0) } == payloads, "seed \(seed)")
        }
    }
}
