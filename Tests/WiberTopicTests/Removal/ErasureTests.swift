import Testing
import WiberBase

@testable import WiberTopic

@Suite("What is to be erased is named in the log (decision 15)")
struct ErasureTests {
    /// The chunks of a topic with ten messages, as its leader.
    private func topic() -> TopicState {
        var topic = TopicState(configuration: configuration(.init()))
        for _ in 0..<10 { _ = topic.publish("text", subject: "t", wall: 1) }
        topic.applied(topic.sealed(at: 1))
        return topic
    }

    private func entry(_ index: UInt64) -> EntryID {
        EntryID(index: LogIndex(index), term: Term(1))
    }

    private func trim(_ topic: inout TopicState, at index: UInt64) -> Chunk? {
        topic.trimChunk(
            group: GroupID(7),
            entry: entry(index),
            wall: Timestamp(1_000 + index),
            expiry: .zero
        )
    }

    private func trimmed(_ topic: inout TopicState, at index: UInt64) throws -> Chunk {
        let chunk = trim(&topic, at: index)
        return try #require(chunk)
    }

    private func erasing(_ first: UInt64, _ count: UInt32 = 1) -> Removal {
        Removal(first: Sequence(first), count: count, isErasing: true)
    }

    @Test func `a message goes and is to be erased, and others only go`() throws {
        var topic = topic()
        topic.remove(Sequence(3), length: 5)
        topic.erase(Sequence(4), length: 5)
        topic.erase(Sequence(5), length: 5)
        topic.remove(Sequence(6), length: 5)
        #expect(topic.isErasureOpen(Sequence(4)) && !topic.isErasureOpen(Sequence(3)))
        let chunk = try trimmed(&topic, at: 2)
        let plain = { Removal(first: Sequence($0), count: 1) }
        #expect(chunk.removals == [plain(3), erasing(4, 2), plain(6)])
        #expect(chunk.header.isErasing && chunk.header.liveMessages == 6)
        topic.appended(chunk, digester: digester)
        #expect(topic.isErasureOpen(Sequence(4)) && !topic.hasErasures)
        topic.applied(chunk)
        #expect(!topic.isErasureOpen(Sequence(4)) && topic.isRemoved(Sequence(4)))
        let wanted = Erasure(first: Sequence(4), end: Sequence(6), entry: LogIndex(2))
        #expect(topic.takeErasures() == [wanted])
        #expect(!topic.hasErasures && topic.takeErasures() == [])
    }

    @Test func `what is gone already is named once more, and counts no more`() throws {
        var topic = topic()
        topic.remove(Sequence(3), length: 5)
        topic.follow(try trimmed(&topic, at: 2))
        let (messages, bytes) = (topic.liveMessages, topic.liveBytes)
        topic.erase(Sequence(3), length: 0)
        let chunk = try trimmed(&topic, at: 3)
        #expect(chunk.removals == [erasing(3)])
        #expect(chunk.header.liveMessages == messages && chunk.header.liveBytes == bytes)
        topic.appended(chunk, digester: digester)
        #expect(topic.liveCount(from: Sequence(1), to: Sequence(11)) == 9)
        topic.applied(chunk)
        #expect(topic.liveCount(from: Sequence(1), to: Sequence(11)) == 9)
        #expect(topic.takeErasures().count == 1)
    }

    @Test func `what is decided and not in the log is given up`() throws {
        var topic = topic()
        topic.erase(Sequence(3), length: 5)
        topic.discardBuilder()
        #expect(!topic.isErasureOpen(Sequence(3)) && topic.isLive(Sequence(3)))
        topic.erase(Sequence(3), length: 5)
        let chunk = try trimmed(&topic, at: 2)
        topic.appended(chunk, digester: digester)
        topic.truncated(from: LogIndex(2), last: nil)
        #expect(!topic.isErasureOpen(Sequence(3)) && !topic.hasErasures)
    }

    @Test func `a start finds all that was ever to be erased`() throws {
        var topic = topic()
        topic.erase(Sequence(3), length: 5)
        let chunk = try trimmed(&topic, at: 2)
        var other = TopicState(configuration: configuration(.init()))
        other.recovered(chunk, digester: digester)
        #expect(other.takeErasures().map(\.first) == [Sequence(3)])
    }

    @Test func `of very many some are joined, so that nothing is forgotten`() {
        var erasures = Erasures()
        for value in 1...UInt64(Erasures.countMax + 10) {
            erasures.add(erasing(value * 2), LogIndex(value))
        }
        let list = erasures.take()
        #expect(list.count == Erasures.countMax)
        #expect(list.last?.end == Sequence(UInt64(Erasures.countMax + 10) * 2 + 1))
        #expect(list.last?.entry == LogIndex(UInt64(Erasures.countMax + 10)))
        erasures.add(Removal(first: Sequence(1), count: 1), LogIndex(1))
        #expect(erasures.isEmpty, "it is not to be erased")
    }
}
