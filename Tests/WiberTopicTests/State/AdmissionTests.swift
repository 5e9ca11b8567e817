import Testing
import WiberBase

@testable import WiberTopic

@Suite("Admission")
struct AdmissionTests {
    @Test func `sequences count from one and times never repeat`() {
        var topic = TopicState(configuration: configuration())
        #expect(topic.publish("a", wall: 50) == .accepted(Sequence(1), Timestamp(50)))
        #expect(topic.publish("b", wall: 50) == .accepted(Sequence(2), Timestamp(51)))
        #expect(topic.publish("c", wall: 10) == .accepted(Sequence(3), Timestamp(52)))
    }

    @Test func `a repeat gets the first one's sequence, also from the open chunk`() {
        var topic = TopicState(configuration: configuration())
        _ = topic.publish("a", id: "x", wall: 50)
        #expect(
            topic.publish("b", id: "x", wall: 51)
                == .duplicate(of: Sequence(1), at: TopicState.open)
        )
        _ = topic.sealed(at: 1)
        #expect(
            topic.publish("c", id: "x", wall: 52) == .duplicate(of: Sequence(1), at: LogIndex(1))
        )
    }

    @Test func `a message without an id is never a repeat`() {
        var topic = TopicState(configuration: configuration())
        _ = topic.publish("a", wall: 50)
        #expect(topic.publish("a", wall: 51) == .accepted(Sequence(2), Timestamp(51)))
    }

    @Test func `by content, the same text is a repeat and the id means nothing`() {
        var topic = TopicState(configuration: configuration(dedup: .content))
        _ = topic.publish("a", id: "x", wall: 50)
        #expect(topic.publish("b", id: "x", wall: 51) == .accepted(Sequence(2), Timestamp(51)))
        #expect(
            topic.publish("a", wall: 52) == .duplicate(of: Sequence(1), at: TopicState.open)
        )
    }

    @Test func `an id may come again just after the window, not just within it`() {
        var topic = TopicState(configuration: configuration(window: 100))
        _ = topic.publish("a", id: "x", wall: 50)
        #expect(
            topic.publish("a", id: "x", wall: 150)
                == .duplicate(of: Sequence(1), at: TopicState.open)
        )
        #expect(topic.publish("a", id: "x", wall: 151) == .accepted(Sequence(2), Timestamp(151)))
    }

    @Test func `what was given up was never there`() {
        var topic = TopicState(configuration: configuration())
        _ = topic.publish("a", id: "x", wall: 50)
        topic.discardBuilder()
        #expect(topic.isBuilderEmpty)
        #expect(topic.publish("a", id: "x", wall: 40) == .accepted(Sequence(1), Timestamp(40)))
    }

    @Test func `a message that fits no chunk is refused and leaves nothing behind`() {
        var topic = TopicState(configuration: configuration())
        let text = String(repeating: "x", count: TopicState.bodyLengthMax)
        #expect(topic.publish(text, id: nil, wall: 50) == .refused(.tooLarge))
        let longest = String(text.dropLast())
        #expect(topic.publish(longest, wall: 50) == .accepted(Sequence(1), Timestamp(50)))
        #expect(!topic.fits(length: 1, wall: Timestamp(50)))
        #expect(Int(topic.sealed(at: 1).header.length) == ChunkHeader.lengthMax)
    }

    @Test func `an id or subject that its length field cannot say is refused`() {
        var topic = TopicState(configuration: configuration())
        let id = String(repeating: "x", count: 65_536)
        #expect(topic.publish("a", id: id, wall: 50) == .refused(.fieldTooLong))
        #expect(topic.idCount == 0)
    }

    @Test func `ids are refused once the node's memory for them is spent`() {
        let budget = DedupBudget(limit: 2 * DedupTable.entrySize)
        var one = TopicState(configuration: configuration(), budget: budget)
        var two = TopicState(configuration: configuration(), budget: budget)
        _ = one.publish("a", id: "x", wall: 50)
        _ = two.publish("a", id: "x", wall: 50)
        #expect(one.publish("b", id: "y", wall: 51) == .refused(.dedupMemoryFull))
        #expect(one.publish("b", wall: 51) == .accepted(Sequence(2), Timestamp(51)))
        #expect(
            one.publish("c", id: "x", wall: 52) == .duplicate(of: Sequence(1), at: TopicState.open)
        )
        two.discardBuilder()
        #expect(budget.used == DedupTable.entrySize)
        #expect(one.publish("b", id: "y", wall: 53) == .accepted(Sequence(3), Timestamp(53)))
    }

    @Test func `a control chunk is not ahead of the messages that come after it`() {
        var topic = TopicState(configuration: configuration())
        _ = topic.publish("a", wall: 50)
        let chunk = topic.control(
            .configuration,
            [1],
            group: GroupID(7),
            entry: EntryID(index: LogIndex(1), term: Term(1)),
            wall: Timestamp(90)
        )
        topic.follow(chunk)
        #expect(chunk.header.baseTime == .zero)
        let messages = topic.sealed(at: 2)
        #expect(messages.header.baseTime == Timestamp(50))
        #expect(messages.header.baseSequence == Sequence(1))
        #expect(messages.header.baseLamport > chunk.header.baseLamport)
        #expect(messages.header.previousChecksum == chunk.header.checksum)
    }
}
