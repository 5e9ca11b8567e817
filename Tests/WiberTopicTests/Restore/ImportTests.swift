import Testing
import WiberBase

@testable import WiberTopic

@Suite("Messages of a backup keep their sequences and times")
struct ImportTests {
    private func topic(_ change: (inout TopicConfiguration) -> Void = { _ in }) -> TopicState {
        var topic = configuration(.init(maxAge: 1, maxBytes: 1, maxMessages: 1))
        topic.restoredFrom = UniqueID(high: 1, low: 2)
        topic.isRestoring = true
        change(&topic)
        return TopicState(configuration: topic)
    }

    private func messages(_ sequences: [UInt64], every step: UInt64 = 10) -> [ImportedMessage] {
        sequences.map {
            ImportedMessage(
                sequence: Sequence($0),
                time: Timestamp(1_000 &+ $0 &* step),
                body: [0, UInt8(ascii: "x"), UInt8(ascii: "y")]
            )
        }
    }

    /// Appends and applies all of the messages; returns the chunks.
    private func restore(
        _ messages: [ImportedMessage],
        to next: UInt64? = nil,
        _ topic: inout TopicState
    ) throws -> [Chunk] {
        var chunks: [Chunk] = []
        func take(_ chunk: Chunk) {
            topic.appended(chunk, digester: digester)
            topic.applied(chunk)
            chunks.append(chunk)
        }
        var rest = messages[...]
        while !rest.isEmpty {
            let next = try topic.importChunk(rest, group: GroupID(7), entry: entry(chunks))
            rest = rest.dropFirst(next.count)
            take(next.chunk)
        }
        while let next,
            let chunk = try topic.importGap(
                to: Sequence(next),
                group: GroupID(7),
                entry: entry(chunks)
            )
        {
            take(chunk)
        }
        return chunks
    }

    private func entry(_ chunks: [Chunk]) -> EntryID {
        EntryID(index: LogIndex(UInt64(chunks.count) + 1), term: Term(1))
    }

    @Test func `the first message may be any, and what is before it has left from the front`()
        throws
    {
        var topic = topic()
        let chunks = try restore(messages([100, 101]), &topic)
        #expect(chunks.count == 1 && chunks[0].removals.isEmpty)
        #expect(topic.firstSequence == Sequence(100) && topic.liveMessages == 2)
        #expect(topic.liveBytes == 6 && topic.lastTime == Timestamp(2_010))
    }

    @Test func `what is missing between messages is gone from the middle`() throws {
        var topic = topic()
        let chunks = try restore(messages([1, 2, 9, 10_000, 10_001]), to: 10_005, &topic)
        #expect(chunks.map(\.header.count) == [2, 1, 2, 0])
        #expect(chunks[1].removals == [Removal(first: Sequence(3), count: 6)])
        #expect(topic.firstKept(from: Sequence(3)) == Sequence(9))
        #expect(topic.firstKept(from: Sequence(10_002)) == Sequence(10_005))
        #expect(topic.liveMessages == 5 && topic.appliedNextSequence == Sequence(10_005))
        #expect(topic.removedCount == 6 + 9_990 + 3)
        #expect(topic.start(ofNewest: 3) == Sequence(9))
    }

    @Test func `a topic without messages goes on where it was`() throws {
        var topic = topic()
        _ = try restore([], to: 77, &topic)
        #expect(topic.firstSequence == Sequence(77) && topic.appliedNextSequence == Sequence(77))
        #expect(topic.liveMessages == 0)
    }

    @Test func `messages that are far apart in time are in chunks of their own`() throws {
        var topic = topic()
        let chunks = try restore(messages([1, 2, 3], every: 5_000_000_000), &topic)
        #expect(chunks.count == 3)
        #expect(
            chunks.map(\.header.baseTime.rawValue) == [1, 2, 3].map { 1_000 + $0 * 5_000_000_000 }
        )
    }

    @Test func `more than a chunk can name goes in chunks of its own`() throws {
        var topic = topic()
        let far: UInt64 = 1 << 27
        let chunks = try restore(messages([1, far]), &topic)
        #expect(chunks.map(\.header.kind) == [.messages, .trim, .messages])
        #expect(chunks[1].removals.count == 128)
        #expect(topic.firstKept(from: Sequence(2)) == Sequence(far))
        #expect(topic.removedCount == far - 2)
        #expect(throws: ImportError.tooMuchGone(before: Sequence(1 << 40))) {
            try topic.importChunk(
                messages([1 << 40])[...],
                group: GroupID(7),
                entry: entry(chunks)
            )
        }
    }

    @Test func `entries without messages do not move the time`() throws {
        var topic = topic()
        let noOp = topic.control(
            .noOp,
            [],
            group: GroupID(7),
            entry: EntryID(index: LogIndex(1), term: Term(1)),
            wall: Timestamp(1 << 60)
        )
        #expect(noOp.header.baseTime == .zero)
        topic.appended(noOp, digester: digester)
        let first = try topic.importChunk(
            messages([1])[...],
            group: GroupID(7),
            entry: EntryID(index: LogIndex(2), term: Term(1))
        )
        topic.appended(first.chunk, digester: digester)
        let other = topic.control(
            .noOp,
            [],
            group: GroupID(7),
            entry: EntryID(index: LogIndex(3), term: Term(2)),
            wall: Timestamp(1 << 60)
        )
        #expect(other.header.baseTime == Timestamp(1_010))
    }

    @Test func `nothing leaves before all is there, and then what is too much does`() throws {
        var topic = topic()
        _ = try restore(messages([1, 2, 3]), &topic)
        #expect(!topic.mayTrim && topic.frontNeeds == nil)
        var free = topic.configuration
        free.isRestoring = false
        topic.configure(free)
        #expect(topic.mayTrim && topic.frontNeeds == Sequence(1))
        #expect(
            topic.control(.noOp, [], group: GroupID(7), entry: .zero, wall: Timestamp(1 << 60))
                .header.baseTime == Timestamp(1 << 60)
        )
        #expect(throws: ImportError.notRestoring) {
            try topic.importChunk(messages([9])[...], group: GroupID(7), entry: .zero)
        }
    }

    @Test func `what leaves later passes over what is gone`() throws {
        var topic = topic { $0.retention = .init(maxMessages: 1) }
        let sequences: [UInt64] = [5, 6, 10, 20, 21, 30]
        var chunks = try restore(messages(sequences), to: 40, &topic)
        var free = topic.configuration
        free.isRestoring = false
        topic.configure(free)
        var needed: [UInt64] = []
        while let next = topic.frontNeeds {
            needed.append(next.rawValue)
            let chunk = try #require(chunks.first { $0.header.nextSequence > next })
            topic.feedFront(chunk)
            try #require(needed.count < 10)
        }
        #expect(needed == [5, 10, 20, 30])
        let trim = topic.trimChunk(
            group: GroupID(7),
            entry: entry(chunks),
            wall: Timestamp(1 << 40),
            expiry: .zero
        )
        chunks.append(try #require(trim))
        topic.appended(chunks[chunks.count - 1], digester: digester)
        topic.applied(chunks[chunks.count - 1])
        #expect(topic.firstSequence == Sequence(30) && topic.liveMessages == 1)
        #expect(topic.frontNeeds == nil)
    }

    @Test func `a repeat of a restored id gets the sequence of the first`() throws {
        var topic = topic {
            $0.retention = .init()
            $0.dedupKey = .id
            $0.dedupWindow = 1_000
        }
        // Flag 4, an id of one byte, a payload.
        let message = ImportedMessage(
            sequence: Sequence(5),
            time: Timestamp(10_000),
            body: [4, 1, 0, UInt8(ascii: "i"), UInt8(ascii: "x")]
        )
        _ = try restore([message], &topic)
        var free = topic.configuration
        free.isRestoring = false
        topic.configure(free)
        #expect(
            topic.publish("y", id: "i", wall: 10_500)
                == .duplicate(of: Sequence(5), at: LogIndex(1))
        )
        #expect(
            topic.publish("y", id: "i", wall: 12_000) == .accepted(Sequence(6), Timestamp(12_000))
        )
    }

    @Test func `what does not come after the last message is refused`() throws {
        var topic = topic()
        let chunks = try restore(messages([5]), &topic)
        func take(_ messages: [ImportedMessage]) throws {
            _ = try topic.importChunk(messages[...], group: GroupID(7), entry: entry(chunks))
        }
        var late = messages([6])
        late[0].time = Timestamp(1_050)
        var bad = messages([6])
        bad[0].body = [255]
        var empty = messages([6])
        empty[0].body = []
        var long = messages([6])
        long[0].body = ArraySlice([UInt8](repeating: 0, count: TopicState.bodyLengthMax + 1))
        for (wrong, error) in [
            (messages([5]), ImportError.outOfOrder(Sequence(5))),
            (messages([.max / 2]), .outOfOrder(Sequence(.max / 2))),
            (late, .outOfOrder(Sequence(6))),
            (messages([6]) + messages([6]), .outOfOrder(Sequence(6))),
            (bad, .badBody(Sequence(6))), (empty, .badBody(Sequence(6))),
            (long, .badBody(Sequence(6))),
        ] {
            #expect(throws: error) { try take(wrong) }
        }
        #expect(throws: ImportError.outOfOrder(Sequence(3))) {
            try topic.importGap(to: Sequence(3), group: GroupID(7), entry: entry(chunks))
        }
    }
}
