import Testing
import WiberBase

@testable import WiberTopic

@Suite("Limits of subjects")
struct SubjectLimitTests {
    private func topic(_ limit: UInt64) -> TopicState {
        TopicState(configuration: configuration(.init(maxPerSubject: limit)))
    }

    @Test func `a publish takes the oldest message of its subject along`() {
        var topic = topic(1)
        for subject in ["t.a", "t.b", "t.a"] { _ = topic.publish("x", subject: subject, wall: 1) }
        let chunk = topic.sealed(at: 1)
        #expect(chunk.removals == [Removal(first: Sequence(1), count: 1)])
        #expect(chunk.header.liveMessages == 2 && chunk.header.firstSequence == Sequence(2))
        topic.applied(chunk)
        #expect(topic.isRemoved(Sequence(1)) && !topic.isRemoved(Sequence(2)))
    }

    @Test func `what somebody removes does not count, also before it is in the log`() {
        var topic = topic(2)
        for _ in 0..<2 { _ = topic.publish("x", subject: "t.a", wall: 1) }
        topic.applied(topic.sealed(at: 1))
        topic.remove(Sequence(2), length: 6)
        _ = topic.publish("x", subject: "t.a", wall: 2)
        let chunk = topic.sealed(at: 2)
        #expect(chunk.removals == [Removal(first: Sequence(2), count: 1)])
        #expect(chunk.header.liveMessages == 2)
    }

    @Test func `what was removed before the index was made does not count`() {
        var topic = topic(2)
        for _ in 0..<2 { _ = topic.publish("x", subject: "t.a", wall: 1) }
        var chunks = [topic.sealed(at: 1)]
        topic.applied(chunks[0])
        topic.remove(Sequence(2), length: 6)
        let entry = EntryID(index: LogIndex(2), term: Term(1))
        let trim = topic.trimChunk(
            group: GroupID(7),
            entry: entry,
            wall: Timestamp(2),
            expiry: .zero
        )
        chunks += trim.map { [$0] } ?? []
        var other = TopicState(configuration: topic.configuration)
        for chunk in chunks { other.follow(chunk) }
        while other.indexNeeds() != nil { other.feedIndex(chunks[0]) }
        _ = other.publish("x", subject: "t.a", wall: 3)
        #expect(other.sealed(at: 3).removals == [])
        #expect(other.tail.liveMessages == 2)
    }

    @Test func `what a leader that is gone wanted is there again`() {
        var topic = topic(1)
        _ = topic.publish("x", subject: "t.a", wall: 1)
        let first = topic.sealed(at: 1)
        topic.applied(first)
        _ = topic.publish("x", subject: "t.a", wall: 2)
        _ = topic.sealed(at: 2)
        #expect(!topic.isLive(Sequence(1)))
        topic.truncated(from: LogIndex(2), last: first)
        #expect(topic.isLive(Sequence(1)) && topic.tail.liveMessages == 1)
        _ = topic.publish("y", subject: "t.b", wall: 3)
        #expect(topic.sealed(at: 2, term: 2).removals == [])
        _ = topic.publish("z", subject: "t.a", wall: 4)
        #expect(topic.sealed(at: 3, term: 2).removals == [Removal(first: Sequence(1), count: 1)])
    }

    @Test func `a new subject needs room`() {
        let subjects = SubjectBudget(limit: 1_000)
        var topic = TopicState(
            configuration: configuration(.init(maxPerSubject: 1)),
            subjects: subjects
        )
        var stored = 0
        var refused: Admission?
        for number in 0..<20 {
            let admission = topic.publish("x", subject: "t.\(number)", wall: 1)
            if case .accepted = admission { stored += 1 } else { refused = admission }
        }
        #expect((2...6).contains(stored) && subjects.used >= subjects.limit)
        #expect(refused == .refused(.subjectMemoryFull(limit: 1_000)))
        guard case .accepted = topic.publish("y", subject: "t.0", wall: 2) else {
            Issue.record("a subject that there is was refused")
            return
        }
        topic.truncated(from: LogIndex(1), last: nil)
        #expect(subjects.used == 0)
    }
}
