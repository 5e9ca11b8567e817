import Testing
import WiberBase

@testable import WiberTopic

@Suite("Retention")
struct RetentionTests {
    @Test func `the open chunk's own messages leave too`() {
        var topic = TopicState(configuration: configuration(.init(maxMessages: 3)))
        for wall in UInt64(1)...10 { _ = topic.publish("a", wall: wall) }
        let header = topic.sealed(at: 1).header
        #expect(header.firstSequence == Sequence(8))
        #expect(header.liveMessages == 3)
        #expect(header.liveBytes == 6)
    }

    @Test func `bytes count bodies`() {
        var topic = TopicState(configuration: configuration(.init(maxBytes: 10)))
        _ = topic.publish("1234", wall: 1)
        _ = topic.publish("1234", wall: 2)
        #expect(topic.sealed(at: 1).header.firstSequence == Sequence(1))
        _ = topic.publish("", wall: 3)
        let header = topic.sealed(at: 2).header
        #expect(header.firstSequence == Sequence(2))
        #expect(header.liveBytes == 6)
    }

    @Test func `a message stays until it is older than the limit`() {
        var topic = TopicState(configuration: configuration(.init(maxAge: 100)))
        _ = topic.publish("a", wall: 50)
        topic.applied(topic.sealed(at: 1))
        let entry = EntryID(index: LogIndex(2), term: Term(1))
        func trim(_ topic: inout TopicState, at time: UInt64) -> Chunk? {
            topic.trimChunk(
                group: GroupID(7),
                entry: entry,
                wall: Timestamp(time),
                expiry: Timestamp(time)
            )
        }
        #expect(trim(&topic, at: 150) == nil)
        let chunk = trim(&topic, at: 151)
        #expect(chunk?.header.kind == .trim)
        #expect(chunk?.header.firstSequence == Sequence(2))
        #expect(chunk?.header.liveMessages == 0)
        #expect(chunk?.header.liveBytes == 0)
    }

    @Test func `no limit of nought keeps a message`() {
        var topic = TopicState(configuration: configuration(.init(maxMessages: 0)))
        _ = topic.publish("a", wall: 50)
        let header = topic.sealed(at: 1).header
        #expect(header.firstSequence == Sequence(2))
        #expect(header.liveMessages == 0)
    }

    @Test func `a follower adopts what the header says`() {
        let limits = TopicConfiguration.Retention(maxMessages: 2)
        var leader = TopicState(configuration: configuration(limits))
        var follower = TopicState(configuration: configuration(limits))
        for wall in UInt64(1)...5 {
            _ = leader.publish("a", wall: wall)
            let chunk = leader.sealed(at: wall)
            leader.applied(chunk)
            follower.follow(chunk)
            #expect(follower.committed == leader.committed)
        }
        #expect(follower.firstSequence == Sequence(4))
    }

    @Test func `a new leader trims once the oldest messages were loaded`() {
        let limits = TopicConfiguration.Retention(maxMessages: 2)
        var leader = TopicState(configuration: configuration(limits))
        var follower = TopicState(configuration: configuration(limits))
        for wall in UInt64(1)...2 { _ = leader.publish("a", wall: wall) }
        let old = leader.sealed(at: 1)
        follower.follow(old)

        _ = follower.publish("a", wall: 3)
        let unaware = follower.sealed(at: 2, term: 2)
        #expect(unaware.header.firstSequence == Sequence(1))
        follower.applied(unaware)
        #expect(follower.frontNeeds == Sequence(1))
        follower.feedFront(old)
        #expect(follower.frontNeeds == Sequence(3))
        follower.feedFront(unaware)
        #expect(follower.frontNeeds == nil)
        _ = follower.publish("a", wall: 4)
        #expect(follower.sealed(at: 3, term: 2).header.firstSequence == Sequence(3))
    }

    @Test func `a leader that catches up knows what it has admitted meanwhile`() {
        let limits = TopicConfiguration.Retention(maxMessages: 1)
        var topic = TopicState(configuration: configuration(limits))
        var other = TopicState(configuration: configuration(limits))
        for wall in UInt64(1)...3 { _ = other.publish("a", wall: wall) }
        // A chunk of a leader that did not have the oldest messages at hand.
        other.front.reset()
        let old = other.sealed(at: 1)
        topic.follow(old)
        _ = topic.publish("b", wall: 4)
        topic.feedFront(old)
        #expect(topic.sealed(at: 2).header.firstSequence == Sequence(4))
    }

    @Test func `a long topic asks for its oldest messages little by little`() {
        let limits = TopicConfiguration.Retention(maxMessages: 20_000)
        var topic = TopicState(configuration: configuration(limits))
        var chunks: [Chunk] = []
        for index in UInt64(1)...10 {
            for place in UInt64(0)..<4_000 { _ = topic.publish("a", wall: index * 5_000 + place) }
            let chunk = topic.sealed(at: index)
            topic.applied(chunk)
            chunks.append(chunk)
            #expect(topic.front.count <= FrontCursor.rowsMax + ChunkHeader.countMax)
            #expect(topic.front.aheadCount == 0)
            while let sequence = topic.frontNeeds,
                let chunk = chunks.first(where: { $0.header.nextSequence > sequence })
            {
                topic.feedFront(chunk)
            }
        }
        #expect(topic.liveMessages == 20_000)
        #expect(topic.firstSequence == Sequence(20_001))
        #expect(topic.liveBytes == 40_000)
    }

    @Test func `expired ids of an idle topic leave with an entry of their own`() {
        var topic = TopicState(configuration: configuration(window: 100))
        _ = topic.publish("a", id: "x", wall: 50)
        topic.applied(topic.sealed(at: 1))
        let entry = EntryID(index: LogIndex(2), term: Term(1))
        let early = topic.trimChunk(
            group: GroupID(7),
            entry: entry,
            wall: Timestamp(150),
            expiry: Timestamp(150)
        )
        #expect(early == nil)
        let due = topic.trimChunk(
            group: GroupID(7),
            entry: entry,
            wall: Timestamp(151),
            expiry: Timestamp(151)
        )
        if let due { topic.follow(due) }
        #expect(topic.idCount == 0)
        #expect(topic.firstSequence == Sequence(1))
        let again = topic.trimChunk(
            group: GroupID(7),
            entry: EntryID(index: LogIndex(3), term: Term(1)),
            wall: Timestamp(900),
            expiry: Timestamp(900)
        )
        #expect(again == nil)
    }

    @Test func `the first message's time is known where it is at hand`() {
        var topic = TopicState(configuration: configuration(.init(maxMessages: 1)))
        #expect(topic.firstTime == nil)
        _ = topic.publish("a", wall: 50)
        _ = topic.publish("a", wall: 60)
        topic.applied(topic.sealed(at: 1))
        #expect(topic.firstTime == Timestamp(60))
    }
}
