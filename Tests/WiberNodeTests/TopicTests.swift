import Testing
import WiberBase

@testable import WiberNode

@Suite("Topics across failover and restart")
struct TopicTests {
    private func lab(_ change: (inout TopicConfiguration) -> Void, seed: UInt64 = 1) -> NodeLab {
        NodeLab.news(seed: seed, change)
    }

    @Test func `a repeat of an id is a duplicate on every node, after failover and restart`() throws
    {
        let lab = lab { $0.dedupKey = .id }
        for place in 0..<3 {
            let reply = lab.ask(node: place, "PUBID news a hello").first.map { Reply($0) }
            #expect(reply == (place == 0 ? .stored(1) : .duplicate(1)))
        }
        let leader = try #require(lab.leader("news"))
        lab.kill(leader)
        #expect(lab.run { lab.leader("news") != nil })
        let reply = lab.ask(node: (leader + 1) % 3, "PUBID news a hello", "PUBID news b hello")
        #expect(reply.map { Reply($0) } == [.duplicate(1), .stored(2)])
        for place in 0..<3 { lab.cutPower(place) }
        for place in 0..<3 { lab.start(place) }
        #expect(lab.run { lab.isSettled("news") })
        for place in 0..<3 {
            let replies = lab.ask(node: place, "PUBID news a x", "PUBID news b y")
            #expect(replies.map { Reply($0) } == [.duplicate(1), .duplicate(2)])
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `a publish that is faster than the configuration gets the topic as configured`(
        seed: UInt64
    ) {
        var options = NodeLab.Options()
        options.seed = seed
        options.topics = (1...6).map { TopicConfiguration(name: "topic-\($0)", replicas: 3) }
        options.topics[5].dedupKey = .content
        let lab = NodeLab(options)
        let clients = (0..<3).map { lab.connect(to: $0) }
        for client in clients { lab.ask(client, "PUB topic-6 hello") }
        let replies = clients.flatMap { lab.answers($0) }.map { Reply($0) }
        #expect(replies.count { $0 == .stored(1) } == 1)
        #expect(replies.count { $0 == .duplicate(1) } == 2)
    }

    @Test func `a repeat of the text is a duplicate where the topic looks at contents`() throws {
        let lab = lab { $0.dedupKey = .content }
        let replies = lab.ask(node: 1, "PUB news same", "PUB news same", "PUB news other")
        #expect(replies.map { Reply($0) } == [.stored(1), .duplicate(1), .stored(2)])
        lab.kill(try #require(lab.leader("news")))
        #expect(lab.run { lab.leader("news") != nil })
        let living = try #require((0..<3).first { lab.machines[$0].core != nil })
        let later = lab.ask(node: living, "PUB news other", "PUB news same", "PUB news third")
        #expect(later.map { Reply($0) } == [.duplicate(2), .duplicate(1), .stored(3)])
    }

    @Test func `an id is taken again once its window has passed`() {
        let lab = lab {
            $0.dedupKey = .id
            $0.dedupWindow = 5_000_000_000
        }
        #expect(lab.ask(node: 0, "PUBID news a x").map { Reply($0) } == [.stored(1)])
        lab.run(for: .seconds(3))
        #expect(lab.ask(node: 1, "PUBID news a x").map { Reply($0) } == [.duplicate(1)])
        lab.run(for: .seconds(4))
        #expect(lab.ask(node: 2, "PUBID news a x").map { Reply($0) } == [.stored(2)])
    }

    @Test(arguments: [false, true])
    func `max_messages is exact and alike on all replicas`(restarts: Bool) {
        let lab = lab { $0.retention.maxMessages = 10 }
        let client = lab.connect(to: 0)
        lab.ask(client, (1...50).map { "PUB news \($0)" })
        #expect(lab.answers(client).count == 50)
        lab.run(for: .seconds(1))
        if restarts {
            for place in 0..<3 { lab.kill(place) }
            for place in 0..<3 { lab.start(place) }
        }
        #expect(lab.run { lab.isSettled("news") })
        for place in 0..<3 {
            #expect(lab.firstSequence("news", place) == 41)
            #expect(lab.ask(node: place, "HISTORY news 1").first?.contains("\"41\"") == true)
        }
    }

    @Test func `max_bytes moves the first sequence alike on all replicas`() throws {
        let lab = lab { $0.retention.maxBytes = 5_000 }
        let text = String(repeating: "z", count: 90)
        let client = lab.connect(to: 1)
        lab.ask(client, (0..<200).map { _ in "PUB news \(text)" })
        #expect(lab.answers(client).count == 200)
        lab.kill(try #require(lab.leader("news")))
        #expect(lab.run { lab.leader("news") != nil })
        let living = try #require((0..<3).first { lab.machines[$0].core != nil })
        #expect(lab.publish(node: living, "news", text) == 201)
        for place in 0..<3 { lab.start(place) }
        #expect(lab.run { lab.isSettled("news") })
        lab.run(for: .seconds(5))
        let first = try #require(lab.firstSequence("news", 0))
        #expect((140...180).contains(first))
        for place in 1..<3 { #expect(lab.firstSequence("news", place) == first) }
    }

    @Test func `max_age ends messages alike on all replicas, without a publish`() throws {
        let lab = lab { $0.retention.maxAge = 3_000_000_000 }
        #expect(lab.publish(node: 0, "news", "old") == 1)
        lab.run(for: .seconds(2))
        #expect(lab.publish(node: 1, "news", "new") == 2)
        lab.run(for: .milliseconds(1_800))
        for place in 0..<3 { #expect(lab.firstSequence("news", place) == 2) }
        lab.run(for: .seconds(3))
        for place in 0..<3 { #expect(lab.firstSequence("news", place) == 3) }
        #expect(lab.publish(node: 2, "news", "next") == 3)
    }

    @Test func `a leader whose clock is a year ahead ends no message early`() throws {
        let lab = lab { $0.retention.maxAge = 3_600_000_000_000 }
        #expect(lab.publish(node: 0, "news", "kept") == 1)
        let leader = try #require(lab.leader("news"))
        lab.machines[leader].clockAhead = 31_536_000_000_000_000
        lab.run(for: .seconds(5))
        #expect(lab.publish(node: leader, "news", "next") == 2)
        lab.run(for: .seconds(5))
        for place in 0..<3 { #expect(lab.firstSequence("news", place) == 1) }
    }
}
