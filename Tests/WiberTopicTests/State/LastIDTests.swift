import Testing
import WiberBase

@testable import WiberTopic

@Suite("Publishes that expect the last message's id")
struct LastIDTests {
    private func expecting(_ id: String) -> PublishConditions {
        var conditions = PublishConditions()
        conditions.lastID = Array(id.utf8)
        return conditions
    }

    @Test func `it is that of what is open, or else of the log`() {
        var topic = TopicState(configuration: configuration())
        #expect(topic.publish("x", expecting("a"), wall: 1) == .otherID(actual: .zero))
        _ = topic.publish("x", id: "a", wall: 1)
        #expect(topic.publish("x", expecting("b"), wall: 1) == .otherID(actual: Sequence(1)))
        guard case .accepted = topic.publish("x", id: "b", expecting("a"), wall: 2) else {
            Issue.record("a is the last one")
            return
        }
        #expect(topic.publish("x", expecting("a"), wall: 3) == .otherID(actual: Sequence(2)))
        topic.applied(topic.sealed(at: 1))
        #expect(topic.publish("x", expecting("a"), wall: 3) == .otherID(actual: Sequence(2)))
        guard case .accepted = topic.publish("x", expecting("b"), wall: 3) else {
            Issue.record("b is the last one")
            return
        }
        // That one has none.
        #expect(topic.publish("x", expecting("b"), wall: 4) == .otherID(actual: Sequence(3)))
        topic.discardBuilder()
        guard case .accepted = topic.publish("x", expecting("b"), wall: 4) else {
            Issue.record("b is the last one again")
            return
        }
    }

    @Test func `who follows knows it, and whose log is cut knows the one before`() {
        var leader = TopicState(configuration: configuration(dedup: .none))
        var chunks: [Chunk] = []
        for (place, ids) in [["a", nil], [nil, "b"], ["c", "d"]].enumerated() {
            for id in ids { _ = leader.publish("x", id: id, wall: 1) }
            chunks.append(leader.sealed(at: UInt64(place + 1)))
        }
        var follower = TopicState(configuration: configuration(dedup: .none))
        for chunk in chunks { follower.follow(chunk) }
        func last(_ topic: TopicState) -> [String] {
            ["a", "b", "c", "d"].filter { topic.openID.is(Array($0.utf8)) && topic.knowsLastID }
        }
        #expect(last(leader) == ["d"] && last(follower) == ["d"])
        follower.truncated(from: LogIndex(3), last: chunks[1])
        #expect(last(follower) == ["b"])
        follower.truncated(from: LogIndex(2), last: chunks[0])
        #expect(last(follower) == [] && follower.knowsLastID)
        follower.truncated(from: LogIndex(1), last: nil)
        #expect(follower.knowsLastID)
    }

    @Test func `who begins behind the last message looks for it`() {
        var leader = TopicState(configuration: configuration())
        _ = leader.publish("x", id: "a", wall: 1)
        let chunk = leader.sealed(at: 1)
        let entry = EntryID(index: LogIndex(2), term: Term(2))
        let noOp = leader.control(.noOp, [], group: GroupID(7), entry: entry, wall: .zero)
        var topic = TopicState(configuration: configuration())
        topic.recovered(noOp, digester: digester)
        #expect(!topic.knowsLastID)
        #expect(topic.publish("x", expecting("a"), wall: 9) == .refused(.lastIDUnknown))
        var gone = topic
        gone.findLastID(in: nil)
        #expect(gone.publish("x", expecting("a"), wall: 9) == .otherID(actual: Sequence(1)))
        topic.findLastID(in: noOp)
        #expect(!topic.knowsLastID)
        topic.findLastID(in: chunk)
        guard case .accepted = topic.publish("x", expecting("a"), wall: 9) else {
            Issue.record("a is the last one")
            return
        }
    }
}
