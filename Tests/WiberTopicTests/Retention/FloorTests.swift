import Testing
import WiberBase

@testable import WiberTopic

@Suite("What the floor keeps")
struct FloorTests {
    /// A topic of ten messages, one a chunk, at the times 1 to 10.
    private func topic(
        _ limits: TopicConfiguration.Retention = .init(),
        floor: UInt64?
    ) -> TopicState {
        var configuration = configuration()
        configuration.keepFrom = floor
        var topic = TopicState(configuration: configuration)
        for number in 1...10 as ClosedRange<UInt64> {
            _ = topic.publish("x", subject: "t.\(number % 2)", wall: number)
            topic.applied(topic.sealed(at: number))
        }
        configuration.retention = limits
        topic.configure(configuration)
        return topic
    }

    private func chunks(_ count: UInt64 = 10) -> [Chunk] {
        var topic = TopicState(configuration: configuration())
        return (1...count).map { number in
            _ = topic.publish("x", subject: "t.\(number % 2)", wall: number)
            return topic.sealed(at: number)
        }
    }

    private func trimmed(_ topic: inout TopicState, expiry: UInt64 = 1_000) -> Chunk? {
        while let next = topic.frontNeeds {
            topic.feedFront(chunks()[Int(next.rawValue) - 1])
        }
        let entry = EntryID(index: LogIndex(11), term: Term(1))
        return topic.trimChunk(
            group: GroupID(7),
            entry: entry,
            wall: Timestamp(2_000),
            expiry: Timestamp(expiry)
        )
    }

    @Test(arguments: [
        TopicConfiguration.Retention(maxAge: 1), .init(maxBytes: 0), .init(maxMessages: 1),
    ])
    func `limits take what is before it, and no more`(limits: TopicConfiguration.Retention) {
        var free = topic(limits, floor: nil)
        #expect(trimmed(&free)?.header.firstSequence ?? .zero >= Sequence(10))
        var kept = topic(limits, floor: 4)
        #expect(trimmed(&kept)?.header.firstSequence == Sequence(4))
        var below = topic(limits, floor: 1)
        #expect(trimmed(&below) == nil)
    }

    @Test func `a purge that was asked for before takes no more either`() {
        for floor in [4, nil] as [UInt64?] {
            var topic = topic(floor: nil)
            _ = topic.purge(.purge(before: Sequence(.max)))
            var configuration = topic.configuration
            configuration.keepFrom = floor
            topic.configure(configuration)
            #expect(trimmed(&topic)?.header.firstSequence == Sequence(floor ?? 11))
        }
    }

    @Test func `limits of subjects take what is before it, and more once it moves`() {
        var topic = topic(.init(maxPerSubject: 1), floor: 4)
        while let next = topic.indexNeeds() {
            topic.feedIndex(chunks()[Int(next.rawValue) - 1])
        }
        topic.sweepSubjectsAgain()
        while topic.sweepSubjects(most: 10, isLeader: true) > 0 {}
        #expect(topic.removalQueueCount == 3)
        _ = topic.publish("x", subject: "t.1", wall: 50)
        #expect(topic.removalQueueCount == 3)
        var configuration = topic.configuration
        configuration.keepFrom = 7
        topic.configure(configuration)
        while topic.sweepSubjects(most: 10, isLeader: true) > 0 {}
        #expect(topic.removalQueueCount == 6)
        #expect((7...11).allSatisfy { topic.isLive(Sequence($0)) })
    }

    @Test func `what somebody asks for is refused where it would take more`() {
        let topic = topic(floor: 4)
        #expect(!topic.reachesFloor(.purge(before: Sequence(4))))
        #expect(topic.reachesFloor(.purge(before: Sequence(5))))
        #expect(topic.reachesFloor(.purge(before: Sequence(.max))))
        #expect(!topic.reachesFloor(.keep(newest: 7)) && topic.reachesFloor(.keep(newest: 6)))
        #expect(
            !topic.reachesFloor(.remove(Sequence(3))) && topic.reachesFloor(.remove(Sequence(4)))
        )
        var purge = SubjectPurge(pattern: Array("t.1".utf8), before: Sequence(4), keep: 0)
        #expect(!topic.reachesFloor(.purgeSubject(purge)))
        purge.before = Sequence(.max)
        #expect(topic.reachesFloor(.purgeSubject(purge)))
        let none = self.topic(floor: nil)
        #expect(!none.reachesFloor(.purge(before: Sequence(.max))))
        #expect(!none.reachesFloor(.purgeSubject(purge)))
        let far = self.topic(floor: 11)
        #expect(!far.reachesFloor(.purge(before: Sequence(.max))))
    }

    @Test func `a publish takes nothing along that it keeps`() {
        var topic = topic(floor: 10)
        var conditions = PublishConditions()
        conditions.rollup = .all
        #expect(topic.publish("x", conditions, wall: 50) == .refused(.kept))
        conditions.rollup = .subject
        topic.askForIndex()
        while let next = topic.indexNeeds() {
            topic.feedIndex(chunks()[Int(next.rawValue) - 1])
        }
        #expect(topic.publish("x", subject: "t.0", conditions, wall: 50) == .refused(.kept))
        guard case .accepted = topic.publish("x", subject: "t.1", conditions, wall: 50) else {
            Issue.record("what is before the floor may go")
            return
        }
        #expect(topic.removalQueueCount == 5)
    }
}
