import Testing
import WiberBase

@testable import WiberTopic

@Suite("A topic after a restart or a failover")
struct RecoveryTests {
    @Test func `a follower that takes over knows the ids of its uncommitted tail`() {
        var leader = TopicState(configuration: configuration())
        var follower = leader
        _ = leader.publish("a", id: "x", wall: 50)
        follower.appended(leader.sealed(at: 1), digester: digester)
        #expect(
            follower.publish("a", id: "x", wall: 60) == .duplicate(of: Sequence(1), at: LogIndex(1))
        )
    }

    @Test func `a truncated id may be stored again`() {
        var leader = TopicState(configuration: configuration())
        var follower = TopicState(configuration: configuration())
        _ = leader.publish("a", id: "x", wall: 50)
        follower.appended(leader.sealed(at: 1), digester: digester)
        follower.truncated(from: LogIndex(1), last: nil)
        #expect(follower.tail == Tail())
        #expect(follower.publish("a", id: "x", wall: 20) == .accepted(Sequence(1), Timestamp(20)))
    }

    @Test func `a truncation uncovers the message that a repeat after the window had replaced`() {
        var topic = TopicState(configuration: configuration(window: 100))
        _ = topic.publish("a", id: "x", wall: 50)
        let first = topic.sealed(at: 1)
        topic.applied(first)
        #expect(topic.publish("b", id: "x", wall: 200) == .accepted(Sequence(2), Timestamp(200)))
        _ = topic.sealed(at: 2)
        topic.truncated(from: LogIndex(2), last: first)
        #expect(
            topic.publish("c", id: "x", wall: 100) == .duplicate(of: Sequence(1), at: LogIndex(1))
        )
    }

    @Test func `a restart reads back only as far as ids matter`() {
        var topic = TopicState(configuration: configuration(window: 100))
        _ = topic.publish("a", id: "x", wall: 1_000)
        let chunk = topic.sealed(at: 1)
        #expect(topic.recoveryNeeds(committed: chunk.header) == Timestamp(900))
        let without = TopicState(configuration: configuration(dedup: .none))
        #expect(without.recoveryNeeds(committed: chunk.header) == nil)

        var restarted = TopicState(configuration: configuration(window: 100))
        restarted.follow(chunk)
        #expect(
            restarted.publish("a", id: "x", wall: 1_050)
                == .duplicate(of: Sequence(1), at: LogIndex(1))
        )
    }

    @Test func `the file of the oldest id must stay`() {
        var topic = TopicState(configuration: configuration(window: 100))
        #expect(topic.oldestIDIndex == nil)
        _ = topic.publish("a", id: "x", wall: 50)
        topic.applied(topic.sealed(at: 1))
        _ = topic.publish("a", id: "y", wall: 60)
        topic.applied(topic.sealed(at: 2))
        #expect(topic.oldestIDIndex == LogIndex(1))
        _ = topic.publish("a", wall: 155)
        topic.applied(topic.sealed(at: 3))
        #expect(topic.oldestIDIndex == LogIndex(2))
    }

    @Test func `a follower asks for no digests where nothing has an id`() {
        var leader = TopicState(configuration: configuration())
        _ = leader.publish("a", wall: 50)
        let chunk = leader.sealed(at: 1)
        var follower = TopicState(configuration: configuration())
        follower.appended(chunk) { _ in
            Issue.record("a digest without a need")
            return Digest128(high: 0, low: 0)
        }
        #expect(follower.tail == leader.tail)
    }

    @Test func `a leader does not digest again what it has admitted`() {
        var leader = TopicState(configuration: configuration(dedup: .content))
        _ = leader.publish("a", wall: 50)
        let entry = EntryID(index: LogIndex(1), term: Term(1))
        let chunk = leader.seal(group: GroupID(7), entry: entry, expiry: .zero)
        leader.appended(chunk) { _ in
            Issue.record("a second digest")
            return Digest128(high: 0, low: 0)
        }
        #expect(leader.idCount == 1)
    }
}
