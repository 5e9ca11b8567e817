import Testing
import WiberBase

@testable import WiberTopic

@Suite("Messages are looked up by subject")
struct SubjectLookupTests {
    private func newest(_ subject: String, _ topic: TopicState) -> UInt64? {
        topic.newest(of: Array(subject.utf8))?.rawValue
    }

    private func first(_ subject: String, from start: UInt64, _ topic: TopicState) -> UInt64? {
        topic.first(of: Array(subject.utf8), from: Sequence(start))?.rawValue
    }

    @Test func `what a leader has decided and not stored changes nothing`() {
        var topic = TopicState(configuration: configuration(.init(maxPerSubject: 1)))
        _ = topic.publish("x", subject: "t.a", wall: 1)
        #expect(newest("t.a", topic) == nil)
        topic.applied(topic.sealed(at: 1))
        #expect(newest("t.a", topic) == 1 && first("t.a", from: 0, topic) == 1)
        _ = topic.publish("x", subject: "t.a", wall: 2)
        #expect(newest("t.a", topic) == 1 && first("t.a", from: 0, topic) == 1)
        let chunk = topic.sealed(at: 2)
        #expect(newest("t.a", topic) == 1)
        topic.applied(chunk)
        #expect(newest("t.a", topic) == 2 && first("t.a", from: 0, topic) == 2)
        #expect(first("t.a", from: 3, topic) == nil && first("t.a", from: .max, topic) == nil)
        #expect(newest("t.b", topic) == nil)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `they are those that a look at all messages finds`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var topic = TopicState(configuration: configuration(.init(maxPerSubject: 12)))
        var subjects: [Sequence: String] = [:]
        for round in 1...60 as ClosedRange<UInt64> {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let subject = "t.\(Int.random(in: 0..<3, using: &random))"
                subjects[topic.openNext] = subject
                _ = topic.publish("x", subject: subject, wall: round)
            }
            let some = UInt64.random(in: 1...topic.openNext.rawValue, using: &random)
            if round.isMultiple(of: 3) { topic.remove(Sequence(some), length: 6) }
            topic.applied(topic.sealed(at: round))
            if round.isMultiple(of: 5) { _ = topic.sweepSubjects(most: 8, isLeader: true) }
            for subject in ["t.0", "t.1", "t.2", "t.3"] {
                let there = subjects.keys.sorted().filter {
                    subjects[$0] == subject && !topic.isRemoved($0)
                        && $0 < topic.appliedNextSequence
                }
                #expect(newest(subject, topic) == there.last?.rawValue)
                let next = there.first { $0.rawValue >= some }?.rawValue
                #expect(first(subject, from: some, topic) == next)
            }
        }
    }
}
