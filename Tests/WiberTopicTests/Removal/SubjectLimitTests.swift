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
        #expect(refused == .refused(.subjectMemoryFull))
        guard case .accepted = topic.publish("y", subject: "t.0", wall: 2) else {
            Issue.record("a subject that there is was refused")
            return
        }
        topic.truncated(from: LogIndex(1), last: nil)
        #expect(subjects.used == 0)
    }

    @Test func `an index that was asked for and has no room is not made again and again`() {
        let subjects = SubjectBudget(limit: 1_000)
        var topic = TopicState(configuration: configuration(), subjects: subjects)
        for number in 0..<20 { _ = topic.publish("x", subject: "t.\(number)", wall: 1) }
        let chunk = topic.sealed(at: 1)
        topic.applied(chunk)
        var conditions = PublishConditions()
        conditions.lastSubjectSequence = 0
        func publish() -> Admission { topic.publish("x", subject: "u", conditions, wall: 2) }
        #expect(publish() == .refused(.subjectsUnknown))
        #expect(topic.indexNeeds() == Sequence(1))
        topic.feedIndex(chunk)
        #expect(topic.isIndexTooLarge && topic.indexNeeds() == nil && subjects.used == 0)
        #expect(publish() == .refused(.subjectMemoryFull))
        #expect(topic.indexNeeds() == nil)
    }

    @Test func `a purge of many subjects goes on step by step`() {
        var topic = topic(5)
        var chunks: [Chunk] = []
        for number in 0..<10_000 {
            if !topic.fits(length: 64, wall: Timestamp(1)) {
                chunks.append(topic.sealed(at: UInt64(chunks.count + 1)))
                topic.applied(chunks[chunks.count - 1])
            }
            _ = topic.publish("x", subject: "t.\(number % 9_000)", wall: 1)
        }
        chunks.append(topic.sealed(at: UInt64(chunks.count + 1)))
        topic.applied(chunks[chunks.count - 1])
        let end = topic.tail.nextSequence
        let purge = SubjectPurge(pattern: Array("t.*".utf8), before: end, keep: 1)
        var progress = SubjectPurge.Progress()
        var steps = 0
        while !progress.isDecided {
            topic.purge(purge, &progress)
            steps += 1
        }
        #expect(steps == 3 && topic.removalQueueCount == 1_000)
        var rest = SubjectPurge.Progress()
        topic.purge(SubjectPurge(pattern: Array("t.0".utf8), before: end, keep: 0), &rest)
        #expect(rest.isDecided && rest.last == Sequence(9_001))
        topic.purge(SubjectPurge(pattern: Array("nobody".utf8), before: end, keep: 0), &rest)
        #expect(rest.last == Sequence(9_001))
    }
}
