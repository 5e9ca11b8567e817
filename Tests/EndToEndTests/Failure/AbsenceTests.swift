import Foundation
import Testing

extension EndToEnd {
    @Suite("Failure: a node is away while a topic moves on")
    struct AbsenceTests {
        private func publish(_ messages: Int, at node: Node) throws {
            _ = try Command.wiber(
                ["bench", "lines", "moving", "--messages", "\(messages)", "--size", "1000"]
                    + ["--server", "nats://127.0.0.1:\(node.port)"],
                within: .seconds(120)
            )
        }

        private func segments(_ node: Node) -> [String] {
            let topics = node.data.appending(path: "topics")
            let files = FileManager.default.enumerator(atPath: topics.path())
            return (files?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".seg") }.sorted()
        }

        @Test func `the others keep no files for it, and it begins where they begin`() throws {
            let topics = "  - { name: moving, retention: { max_bytes: 1MiB } }\n"
            let cluster = try Cluster.started(nodes: 3, topics: topics)
            let leader = try cluster.leader(of: "moving")
            try publish(2_000, at: leader)
            let others = cluster.others(than: leader)
            let away = others[0]
            try away.kill()
            // Two segments and a part of the third.
            try publish(150_000, at: leader)
            try eventually("the first segment goes", within: .seconds(60)) {
                try publish(10, at: leader)
                return segments(leader).allSatisfy { !$0.hasSuffix("-00000000000000000001.seg") }
            }
            try away.startAndWait(within: .seconds(60))
            let expected = try leader.topic("moving")
            try eventually("\(away.id) has what the others have", within: .seconds(60)) {
                let own = try away.topic("moving")
                return own.lastSequence == expected.lastSequence
                    && own.firstSequence == expected.firstSequence
            }
            let last = expected.lastSequence
            let own = try away.client().history("moving", from: last - 50)
            let theirs = try leader.client().history("moving", from: last - 50)
            #expect(own.messages.map(\.data) == theirs.messages.map(\.data))
            #expect(own.messages.last?.sequence == last)
            #expect(away.log.contains("a log begins anew, with a snapshot"), "\(away.logTail)")
            // What it has is its own.
            try away.kill()
            try away.startAndWait()
            try eventually("\(away.id) has the same again") {
                try away.topic("moving").firstSequence == expected.firstSequence
            }
            #expect(segments(away).allSatisfy { $0.contains("/1/") })
        }
    }
}
