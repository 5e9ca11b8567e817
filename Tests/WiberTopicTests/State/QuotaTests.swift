import Testing
import WiberBase

@testable import WiberTopic

@Suite("Quotas of topics")
struct QuotaTests {
    private func topic(
        _ quota: TopicConfiguration.Quota,
        _ retention: TopicConfiguration.Retention = .init()
    ) -> TopicState {
        var configuration = configuration(retention)
        configuration.quota = quota
        configuration.allowsRollup = true
        return TopicState(configuration: configuration)
    }

    private let full = Admission.refused(.quotaOfMessages)

    private func isStored(_ admission: Admission) -> Bool {
        if case .accepted = admission { return true }
        return false
    }

    private func rollup(_ rollup: PublishConditions.Rollup) -> PublishConditions {
        var conditions = PublishConditions()
        conditions.rollup = rollup
        return conditions
    }

    @Test func `a publish beyond it is refused, open, in the log or committed, and nothing goes`() {
        var topic = topic(.init(messages: 2))
        for _ in 0..<2 { #expect(isStored(topic.publish("x", wall: 1))) }
        #expect(topic.publish("x", wall: 1) == full)
        let chunk = topic.sealed(at: 1)
        #expect(topic.publish("x", wall: 2) == full)
        topic.applied(chunk)
        #expect(topic.publish("x", wall: 3) == full)
        #expect(topic.liveMessages == 2 && topic.firstSequence == Sequence(1))
        #expect(topic.isBuilderEmpty)
    }

    @Test func `bytes are those of the bodies, to the last one`() {
        var topic = topic(.init(bytes: 12))
        #expect(topic.publish("a text of much more", wall: 1) == .refused(.quotaOfBytes))
        #expect(isStored(topic.publish("12345", wall: 1)))
        #expect(topic.publish("123456", wall: 1) == .refused(.quotaOfBytes))
        #expect(isStored(topic.publish("12345", wall: 1)))
        #expect(topic.sealed(at: 1).header.liveBytes == 12)
        #expect(topic.publish("", wall: 1) == .refused(.quotaOfBytes))
    }

    @Test func `what is decided to go has made room, and what is given up has, too`() {
        var topic = topic(.init(messages: 2))
        for _ in 0..<2 { _ = topic.publish("x", wall: 1) }
        let first = topic.sealed(at: 1)
        topic.applied(first)
        topic.remove(Sequence(1), length: 2)
        #expect(isStored(topic.publish("y", wall: 2)))
        #expect(topic.publish("z", wall: 2) == full)
        topic.discardBuilder()
        #expect(topic.publish("z", wall: 2) == full, "the removal was given up, too")
        _ = topic.purge(.keep(newest: 1))
        let entry = EntryID(index: LogIndex(2), term: Term(1))
        topic.feedFront(first)
        let trim = topic.trimChunk(
            group: GroupID(7),
            entry: entry,
            wall: Timestamp(3),
            expiry: .zero
        )
        trim.map { topic.follow($0) }
        #expect(isStored(topic.publish("z", wall: 4)))
        let second = topic.sealed(at: 3)
        #expect(topic.publish("z", wall: 5) == full)
        topic.truncated(from: second.header.index, last: trim)
        #expect(isStored(topic.publish("z", wall: 6)))
    }

    @Test func `a repeat gets its sequence, however full the topic is`() {
        var topic = topic(.init(messages: 1))
        _ = topic.publish("x", id: "a", wall: 1)
        _ = topic.sealed(at: 1)
        #expect(
            topic.publish("x", id: "a", wall: 2) == .duplicate(of: Sequence(1), at: LogIndex(1))
        )
        #expect(topic.publish("y", id: "b", wall: 2) == full)
        var roomy = topic.configuration
        roomy.quota = .init()
        topic.configure(roomy)
        #expect(isStored(topic.publish("y", id: "b", wall: 3)), "a refused id is not remembered")
    }

    @Test func `what a publish takes along makes room for it`() {
        var topic = topic(.init(messages: 3), .init(maxPerSubject: 1))
        for subject in ["t.a", "t.b", "t.c"] { _ = topic.publish("x", subject: subject, wall: 1) }
        topic.applied(topic.sealed(at: 1))
        #expect(topic.publish("x", subject: "t.d", wall: 2) == full)
        for _ in 0..<3 { #expect(isStored(topic.publish("y", subject: "t.b", wall: 2))) }
        let chunk = topic.sealed(at: 2)
        #expect(chunk.header.liveMessages == 3)
        topic.applied(chunk)
        #expect(isStored(topic.publish("z", subject: "t.a", rollup(.subject), wall: 3)))
        #expect(topic.publish("z", subject: "t.e", rollup(.subject), wall: 3) == full)
        #expect(isStored(topic.publish("z", subject: "t.e", rollup(.all), wall: 3)))
        #expect(isStored(topic.publish("z", subject: "t.f", wall: 3)))
        #expect(isStored(topic.publish("z", subject: "t.g", wall: 3)))
        #expect(topic.publish("z", subject: "t.h", wall: 3) == full)
        #expect(topic.sealed(at: 3).header.liveMessages == 3)
    }

    @Test func `where retention keeps no more than the quota, no publish is refused`() {
        var topic = topic(.init(bytes: 100, messages: 5), .init(maxBytes: 100, maxMessages: 5))
        for number in 1...20 as ClosedRange<UInt64> {
            #expect(isStored(topic.publish("0123456789", wall: number)))
            topic.applied(topic.sealed(at: number))
        }
        #expect(topic.liveMessages == 5)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `with limits of subjects, exactly what fits is stored`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let most = Int.random(in: 1...3, using: &random)
        let quota = Int.random(in: 1...12, using: &random)
        var topic = topic(.init(messages: UInt64(quota)), .init(maxPerSubject: UInt64(most)))
        var model: [String: Int] = [:]
        var index: UInt64 = 0
        for turn in 1...200 as ClosedRange<UInt64> {
            let subject = "t.\(Int.random(in: 0..<6, using: &random))"
            let count = model[subject] ?? 0
            let rest = model.values.reduce(0, +) - count
            let after = min(count + 1, most)
            let admission = topic.publish("x", subject: subject, wall: turn)
            #expect(isStored(admission) == (rest + after <= quota), "turn \(turn)")
            if isStored(admission) { model[subject] = after }
            guard Int.random(in: 0..<3, using: &random) == 0, !topic.isBuilderEmpty else {
                continue
            }
            index += 1
            let chunk = topic.sealed(at: index)
            #expect(chunk.header.liveMessages == UInt64(model.values.reduce(0, +)))
            topic.applied(chunk)
        }
    }
}
