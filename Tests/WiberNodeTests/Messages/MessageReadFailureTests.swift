import Testing
import WiberBase
import WiberLog
import WiberTopic

@testable import WiberNode

@Suite("Whoever asks for a message gets one answer, whatever happens")
struct MessageReadFailureTests {
    private let first = MessageQuery.at(Sequence(1))

    /// Asks without waiting for the answers.
    private func ask(_ lab: NodeLab, _ place: Int, _ queries: [MessageQuery]) {
        for (number, query) in queries.enumerated() {
            let command = AdminCommand.readMessage(topic: "news", query)
            lab.handle(place, .admin(UInt64(5_000 + number), command))
        }
    }

    private func coldLab() -> NodeLab {
        let lab = NodeLab.news()
        lab.fill("news")
        #expect((0..<3).allSatisfy { lab.isCold("news", $0) })
        return lab
    }

    @Test func `a node looks for so many at a time, and for others afterwards`() throws {
        let lab = coldLab()
        let most = ShardCore.messageReadsMax
        ask(lab, 1, Array(repeating: first, count: most + 3))
        #expect(lab.run { lab.machines[1].outcomes.count == most + 3 })
        let outcomes = lab.machines[1].outcomes
        let busy = outcomes.filter { if case .busy = $0 { true } else { false } }
        let found = outcomes.filter { if case .message = $0 { true } else { false } }
        #expect(busy.count == 3 && found.count == most)
        #expect(lab.sequence(first, at: 1) == 1)
    }

    @Test func `without a leader it is late, and says why`() {
        let lab = coldLab()
        lab.isolate(2)
        let text = lab.message(first, at: 2)
        #expect(text.hasPrefix("late: topic news has no leader"), "\(text)")
        #expect(!text.contains("not stored"))
        #expect(lab.machines[2].core?.messageReads.isEmpty == true)
        lab.heal()
        #expect(lab.run { lab.sequence(first, at: 2) == 1 })
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `a topic that ends meanwhile ends the question`(delay: UInt64) throws {
        let lab = coldLab()
        lab.handle(1, .admin(4_000, .deleteTopic(name: "news")))
        lab.run(for: .milliseconds(delay))
        ask(lab, 1, [first, .last(subject: "news"), .at(Sequence(900)), .at(Sequence(2_000))])
        lab.run(for: .seconds(15))
        #expect(lab.machines[1].outcomes.count == 5)
        #expect(lab.machines[1].core?.messageReads.isEmpty == true)
    }

    @Test func `a topic that leaves the node meanwhile is asked for elsewhere`() throws {
        let lab = NodeLab(nodes: 4)
        #expect(lab.run { lab.ask(node: 0, "PUB news x").first?.hasPrefix("OK") == true })
        lab.fill("news")
        let before = lab.replicas("news")
        let (leaves, stays) = (before[0], Array(before[1...]))
        let comes = try #require((0..<4).first { !before.contains($0) })
        let nodes = (stays + [comes]).map { "n\($0 + 1)" }
        #expect(lab.administer(at: 0, .moveTopic(name: "news", nodes: nodes)) == .done)
        var asked = lab.machines[leaves].outcomes.count
        while lab.replicas("news") != (stays + [comes]).sorted() {
            ask(lab, leaves, [first, .last(subject: "news")])
            asked += 2
            lab.run(for: .milliseconds(2))
            guard asked < 20_000 else { break }
        }
        lab.run(for: .seconds(15))
        #expect(lab.machines[leaves].outcomes.count == asked)
        #expect(lab.message(first, at: leaves).hasPrefix("elsewhere: "))
        #expect(lab.sequence(.last(subject: "news"), at: comes) == 901)
    }

    @Test func `damage is repaired before it is answered, and what nobody has is late`() {
        let lab = coldLab()
        lab.flip(lab.segments("news", 1)[0], bit: 500 * 8, on: 1)
        #expect(lab.sequence(first, at: 1) == 1)
        #expect(lab.counters(1).repairs == 1)
        for place in 0..<3 { lab.flip(lab.segments("news", place)[0], bit: 500 * 8, on: place) }
        let text = lab.message(first, at: 2)
        #expect(text.hasPrefix("late: this node could not read the message"), "\(text)")
        #expect(lab.message(.next(subject: "news", from: Sequence(900)), at: 2).hasPrefix("late: "))
        #expect(lab.machines[2].core?.messageReads.isEmpty == true)
    }

    @Test func `a node whose log begins anew answers when it has everything`() throws {
        var topic = TopicConfiguration(name: "news", replicas: 3)
        topic.retention.maxMessages = 50
        var options = NodeLab.Options()
        options.topics = [topic]
        options.log.segmentSize = 4 << 10
        options.limits.replicaAbsence = .seconds(1)
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        lab.fill("news", rounds: 10)
        lab.kill(2)
        for _ in 0..<3 {
            lab.fill("news", rounds: 20)
            lab.run(for: .seconds(3))
        }
        lab.start(2)
        var asked = 0
        while lab.counters(2).snapshotsInstalled == 0 || asked < 100, asked < 4_000 {
            ask(lab, 2, [.at(Sequence(690)), .last(subject: "news")])
            asked += 2
            lab.run(for: .milliseconds(20))
        }
        lab.run(for: .seconds(15))
        #expect(lab.counters(2).snapshotsInstalled > 0)
        #expect(lab.machines[2].outcomes.count == asked)
        for outcome in lab.machines[2].outcomes {
            switch outcome {
            case .message(let json):
                let text = String(decoding: json, as: UTF8.self)
                #expect(
                    text.hasPrefix("{\"sequence\":690,") || text.hasPrefix("{\"sequence\":700,")
                )
            case .late, .elsewhere, .busy: break
            case let other: Issue.record("\(other)")
            }
        }
        #expect(lab.sequence(.last(subject: "news"), at: 2) == 700)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `the newest of a subject is never older than what was acknowledged`(seed: UInt64) throws {
        let lab = NodeLab.news(seed: seed)
        var last: UInt64 = 0
        for round in 0..<60 {
            let place = round % 3
            if let stored = lab.publish(node: place, "news.a", "\(round)") { last = stored }
            if round % 10 == 4, let leader = lab.leader("news") { lab.kill(leader) }
            let other = try #require((0..<3).first { $0 != place && lab.machines[$0].core != nil })
            if let found = lab.sequence(.last(subject: "news.a"), at: other) {
                #expect(found >= last)
            }
            for place in 0..<3 where lab.machines[place].core == nil && round % 10 == 8 {
                lab.start(place)
            }
        }
        #expect(last > 0 && lab.run { lab.sequence(.last(subject: "news.a"), at: 0) == last })
    }
}
