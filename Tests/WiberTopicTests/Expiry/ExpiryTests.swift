import Testing
import WiberBase

@testable import WiberTopic

@Suite("Messages with a time to live")
struct ExpiryTests {
    private var configuration: TopicConfiguration {
        var configuration = WiberTopicTests.configuration()
        configuration.allowsTimeToLive = true
        return configuration
    }

    private func trim(_ topic: inout TopicState, at index: UInt64, _ time: UInt64) -> Chunk? {
        _ = topic.expireMessages(at: Timestamp(time))
        let chunk = topic.trimChunk(
            group: GroupID(7),
            entry: EntryID(index: LogIndex(index), term: Term(1)),
            wall: Timestamp(time),
            expiry: .zero
        )
        if let chunk { topic.appended(chunk, digester: digester) }
        return chunk
    }

    @Test func `a message goes once it is older than it may be, from the middle, too`() {
        var topic = TopicState(configuration: configuration)
        for life in [nil, 5, 9, nil] as [UInt64?] {
            _ = topic.publish("x", life: life, wall: 10)
        }
        topic.applied(topic.sealed(at: 1))
        // Their times are 10, 11, 12 and 13.
        #expect(trim(&topic, at: 2, 16) == nil)
        let chunk = trim(&topic, at: 2, 17)
        #expect(chunk?.removals == [Removal(first: Sequence(2), count: 1)])
        #expect(chunk?.header.liveMessages == 3 && chunk?.header.firstSequence == Sequence(1))
        #expect(topic.isRemoved(Sequence(2)) == false)
        if let chunk { topic.applied(chunk) }
        #expect(topic.isRemoved(Sequence(2)) && topic.deadlineCount == 1)
        #expect(trim(&topic, at: 3, 22)?.removals == [Removal(first: Sequence(3), count: 1)])
    }

    @Test func `the first messages take the topic's start along`() {
        var topic = TopicState(configuration: configuration)
        for life in [1, 1, nil] as [UInt64?] { _ = topic.publish("x", life: life, wall: 10) }
        topic.applied(topic.sealed(at: 1))
        let chunk = trim(&topic, at: 2, 90)
        #expect(chunk?.removals == [Removal(first: Sequence(1), count: 2)])
        #expect(chunk?.header.firstSequence == Sequence(3))
    }

    @Test func `who follows knows the ends, and who starts reads them`() {
        var leader = TopicState(configuration: configuration)
        var follower = TopicState(configuration: configuration)
        var chunks: [Chunk] = []
        for index in 1...5 as ClosedRange<UInt64> {
            for life in [nil, 5 + index] as [UInt64?] {
                _ = leader.publish("x", life: life, wall: 10)
            }
            chunks.append(leader.sealed(at: index))
            leader.applied(chunks[chunks.count - 1])
            follower.follow(chunks[chunks.count - 1])
        }
        #expect(leader.areDeadlinesComplete && leader.deadlineCount == 5)
        // A follower whose topic began elsewhere looks for them itself.
        var started = TopicState(configuration: configuration)
        for chunk in chunks { started.recovered(chunk, digester: digester) }
        for topic in [follower, started] {
            var topic = topic
            while let next = topic.indexNeeds() {
                topic.feedIndex(chunks[Int(next.rawValue - 1) / 2])
            }
            #expect(topic.areDeadlinesComplete && topic.deadlineCount == 5)
            #expect(topic.expireMessages(at: Timestamp(1_000)) == 5)
        }
    }

    @Test func `one reading serves the index and the ends, whichever is behind`() {
        var leader = TopicState(configuration: WiberTopicTests.configuration())
        var chunks: [Chunk] = []
        for index in 1...6 as ClosedRange<UInt64> {
            _ = leader.publish("x", subject: "t.\(index % 2)", life: 3, wall: 10)
            chunks.append(leader.sealed(at: index))
            leader.applied(chunks[chunks.count - 1])
        }
        var topic = TopicState(configuration: configuration)
        for chunk in chunks { topic.recovered(chunk, digester: digester) }
        #expect(topic.indexNeeds() == Sequence(1))
        for chunk in chunks[..<3] { topic.feedIndex(chunk) }
        #expect(topic.indexNeeds() == Sequence(4))
        topic.askForIndex()
        #expect(topic.indexNeeds() == Sequence(1))
        while let next = topic.indexNeeds() { topic.feedIndex(chunks[Int(next.rawValue) - 1]) }
        #expect(topic.isIndexComplete && topic.areDeadlinesComplete && !topic.lacksMessages)
        #expect(topic.subjectCount == 2 && topic.deadlineCount == 6)
    }

    @Test func `what a leader that is gone let go is due again`() {
        var topic = TopicState(configuration: configuration)
        _ = topic.publish("x", life: 1, wall: 10)
        let first = topic.sealed(at: 1)
        topic.applied(first)
        #expect(trim(&topic, at: 2, 90) != nil)
        topic.truncated(from: LogIndex(2), last: first)
        #expect(topic.isLive(Sequence(1)))
        #expect(trim(&topic, at: 2, 91)?.removals == [Removal(first: Sequence(1), count: 1)])
        // It steps down before it is in the log: the same.
        var other = TopicState(configuration: configuration)
        other.follow(first)
        while other.indexNeeds() != nil { other.feedIndex(first) }
        #expect(other.expireMessages(at: Timestamp(90)) == 1)
        other.discardBuilder()
        #expect(other.expireMessages(at: Timestamp(90)) == 1)
    }

    @Test func `what is given up before it was stored has no end`() {
        var topic = TopicState(configuration: configuration)
        _ = topic.publish("x", life: 1, wall: 10)
        topic.discardBuilder()
        #expect(topic.deadlineCount == 0)
        _ = topic.publish("y", wall: 10)
        topic.applied(topic.sealed(at: 1))
        #expect(trim(&topic, at: 2, 90) == nil)
    }

    @Test func `there is a limit to the memory, and it is given back`() {
        let budget = DeadlineBudget(limit: 3 * Deadlines.entrySize)
        var topic = TopicState(configuration: configuration, deadlines: budget)
        for _ in 0..<3 { _ = topic.publish("x", life: 1, wall: 10) }
        #expect(topic.publish("x", life: 1, wall: 10) == .refused(.deadlineMemoryFull))
        guard case .accepted = topic.publish("y", wall: 10) else {
            Issue.record("a message without an end was refused")
            return
        }
        topic.applied(topic.sealed(at: 1))
        if let chunk = trim(&topic, at: 2, 90) { topic.applied(chunk) }
        #expect(budget.used == 0 && topic.liveMessages == 1)
        guard case .accepted = topic.publish("x", life: 1, wall: 95) else {
            Issue.record("there is room again")
            return
        }
        topic.configure(WiberTopicTests.configuration())
        #expect(budget.used == 0 && topic.deadlineCount == 0)
    }

    @Test func `what the floor keeps goes once there is none`() {
        var limited = configuration
        limited.keepFrom = 2
        var topic = TopicState(configuration: limited)
        for _ in 0..<3 { _ = topic.publish("x", life: 1, wall: 10) }
        topic.applied(topic.sealed(at: 1))
        let chunk = trim(&topic, at: 2, 90)
        #expect(chunk?.removals == [Removal(first: Sequence(1), count: 1)])
        if let chunk { topic.applied(chunk) }
        #expect(trim(&topic, at: 3, 95) == nil)
        limited.keepFrom = 3
        topic.configure(limited)
        #expect(trim(&topic, at: 3, 96)?.removals == [Removal(first: Sequence(2), count: 1)])
        limited.keepFrom = nil
        topic.configure(limited)
        #expect(trim(&topic, at: 4, 97)?.removals == [Removal(first: Sequence(3), count: 1)])
    }
}
