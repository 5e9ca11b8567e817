import Testing
import WiberBase
import WiberTopic

@testable import WiberNode

@Suite("Messages leave from the middle of a topic")
struct RemovalTests {
    private func lab(
        seed: UInt64 = 1,
        _ change: (inout TopicConfiguration) -> Void = { _ in }
    ) -> NodeLab {
        NodeLab.news(seed: seed, change)
    }

    private func status(_ lab: NodeLab, _ place: Int) -> String {
        String(decoding: lab.machines[place].core?.topicJSON("news") ?? [], as: UTF8.self)
    }

    private func restartAll(_ lab: NodeLab) {
        for place in 0..<3 { lab.cutPower(place) }
        for place in 0..<3 { lab.start(place) }
        #expect(lab.run { lab.isSettled("news") })
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `a limit of subjects holds on every node, after failover and restart`(
        seed: UInt64
    ) throws {
        let lab = lab(seed: seed) { $0.retention.maxPerSubject = 2 }
        for round in 0..<10 {
            for place in 0..<3 {
                let replies = lab.ask(
                    node: place,
                    "PUB news.a \(round)",
                    "PUB news.b \(round)",
                    "PUB news \(round)"
                )
                #expect(replies.count == 3)
            }
        }
        let kept = Array(UInt64(85)...90)
        #expect(lab.run { (0..<3).allSatisfy { lab.firstSequence("news", $0) == 85 } })
        for place in 0..<3 { #expect(lab.sequences(place) == kept) }
        lab.kill(try #require(lab.leader("news")))
        #expect(lab.run { lab.leader("news") != nil })
        let living = try #require((0..<3).first { lab.machines[$0].core != nil })
        #expect(lab.publish(node: living, "news.b", "last") == 91)
        restartAll(lab)
        for place in 0..<3 {
            #expect(lab.run { lab.sequences(place) == [85, 87, 88, 89, 90, 91] })
            #expect(status(lab, place).contains("\"messages\":6,"))
            #expect(status(lab, place).contains("\"removed\":1,"))
        }
    }

    @Test func `one message is removed, wherever it is`() throws {
        let lab = lab()
        lab.fill("news")
        let leader = try #require(lab.leader("news"))
        #expect(lab.isCold("news", leader))
        for sequence in [5, 6, 450, 900] as [UInt64] {
            let place = Int(sequence) % 3
            #expect(lab.administer(at: place, .remove(topic: "news", Sequence(sequence))) == .done)
        }
        let kept = (UInt64(1)...900).filter { ![5, 6, 450, 900].contains($0) }
        for place in 0..<3 {
            #expect(lab.run { lab.sequences(place) == kept })
            #expect(status(lab, place).contains("\"messages\":896,"))
        }
        restartAll(lab)
        for place in 0..<3 { #expect(lab.sequences(place) == kept) }
        #expect(lab.administer(at: 0, .remove(topic: "news", Sequence(1))) == .done)
        #expect(lab.administer(at: 0, .remove(topic: "news", Sequence(2))) == .done)
        #expect(lab.run { lab.firstSequence("news", 1) == 3 })
        for sequence in [0, 1, 5, 901, .max] as [UInt64] {
            let outcome = lab.administer(at: 1, .remove(topic: "news", Sequence(sequence)))
            guard case .refused(let text) = outcome else {
                Issue.record("\(sequence): \(String(describing: outcome))")
                continue
            }
            #expect(text.contains("there is no message \(sequence)"))
        }
        #expect(lab.publish(node: 2, "news", "next") == 901)
    }

    @Test func `messages of some subjects are purged, the newest of each stay if asked for`() {
        let lab = lab()
        lab.fill("news", rounds: 30)
        let client = lab.connect(to: 0)
        lab.ask(client, (0..<60).map { "PUB news.\(["a", "b", "c.d"][$0 % 3]) \($0)" })
        #expect(lab.answers(client).count == 60)
        func purge(_ subject: String, before: UInt64? = nil, keep: UInt64) -> AdminOutcome? {
            let before = before.map { Sequence($0) }
            return lab.administer(
                at: 1,
                .purgeSubject(topic: "news", subject: subject, before: before, keep: keep)
            )
        }
        #expect(purge("news.*", keep: 2) == .done)
        let left = Array(UInt64(1)...300) + (301...360).filter { ($0 - 301) % 3 == 2 || $0 > 354 }
        #expect(lab.sequences(1) == left)
        #expect(purge("news", before: 300, keep: 0) == .done)
        #expect(purge("news.nobody", keep: 0) == .done)
        #expect(lab.sequences(0) == left.filter { $0 >= 300 })
        #expect(lab.run { (0..<3).allSatisfy { lab.firstSequence("news", $0) == 300 } })
        restartAll(lab)
        for place in 0..<3 { #expect(lab.sequences(place) == left.filter { $0 >= 300 }) }
        guard case .refused(let text) = purge("news..a", keep: 0) else {
            Issue.record("a subject that is none was taken")
            return
        }
        #expect(text.contains("this is no subject"))
    }

    @Test func `a limit that comes later takes effect at once`() {
        let lab = lab()
        let client = lab.connect(to: 0)
        lab.ask(client, (0..<90).map { "PUB news.\($0 % 9) \($0)" })
        #expect(lab.answers(client).count == 90)
        var changes = TopicChanges()
        changes.maxPerSubject = .some(1)
        #expect(lab.administer(at: 2, .updateTopic(name: "news", changes)) == .done)
        #expect(lab.run { (0..<3).allSatisfy { lab.firstSequence("news", $0) == 82 } })
        for place in 0..<3 { #expect(lab.sequences(place) == Array(82...90)) }
    }

    @Test func `a limit that is lifted and set again while the topic is read counts all messages`()
    {
        let lab = lab()
        let client = lab.connect(to: 0)
        let text = String(repeating: "x", count: 80)
        for round in 0..<90 {
            lab.ask(client, (0..<10).map { "PUB news.\($0) \(round)-\(text)" })
            _ = lab.answers(client)
        }
        #expect(lab.run { (0..<3).allSatisfy { lab.isCold("news", $0) } })
        for turn in 0..<9 {
            var changes = TopicChanges()
            changes.maxPerSubject = .some(turn.isMultiple(of: 2) ? 1 : nil)
            #expect(lab.administer(at: 0, .updateTopic(name: "news", changes)) == .done)
        }
        #expect(lab.run { (0..<3).allSatisfy { lab.firstSequence("news", $0) == 891 } })
        for place in 0..<3 { #expect(lab.sequences(place) == Array(891...900)) }
    }

    @Test func `what was read for an index that was begun anew is passed over`() throws {
        let lab = lab()
        for (place, subject) in ["a", "b", "c"].enumerated() {
            #expect(lab.publish(node: 0, "news.\(subject)", "text") == UInt64(place + 1))
        }
        let leader = try #require(lab.leader("news"))
        let core = try #require(lab.machines[leader].core)
        let slot = try #require(core.slotOfName[Array("news".utf8)])
        core.groups[slot].topic.askForIndex()
        #expect(core.groups[slot].topic.indexNeeds() == Sequence(1))
        core.feedIndex(core.groups[slot].id, .max, lab.chunks("news", leader).suffix(1))
        let expected = "Nats-Expected-Last-Subject-Sequence: 1"
        let client = lab.natsClient(leader)
        #expect(lab.run { lab.publish(client, "news.a", expected).contains("\"seq\":4") })
    }

    // MARK: What a publish depends on

    @Test(arguments: 0..<3)
    func `a publish is refused if another message is the last one`(place: Int) {
        let lab = lab { $0.allowsRollup = true }
        #expect(lab.publish(node: 0, "news.a", "1") == 1)
        #expect(lab.publish(node: 1, "news.b", "2") == 2)
        let client = lab.natsClient(place)
        let last = "Nats-Expected-Last-Sequence"
        let ofSubject = "Nats-Expected-Last-Subject-Sequence"
        let wrong = lab.publish(client, "news.a", "\(last): 1")
        #expect(wrong.contains("\"err_code\":10071,\"description\":\"wrong last sequence: 2\""))
        #expect(lab.publish(client, "news.a", "\(last): 2").contains("\"seq\":3"))
        // The first one makes the leader read which subjects there are.
        #expect(lab.run { lab.publish(client, "news.b", "\(ofSubject): 9").contains("10071") })
        #expect(lab.publish(client, "news.b", "\(ofSubject): 3").contains("sequence: 2"))
        #expect(lab.publish(client, "news.b", "\(ofSubject): x").contains("sequence: 2"))
        #expect(lab.publish(client, "news.b", "\(ofSubject): 2").contains("\"seq\":4"))
        #expect(lab.publish(client, "news.c", "\(ofSubject): 1").contains("sequence: 0"))
        #expect(lab.publish(client, "news.c", "\(ofSubject): 0").contains("\"seq\":5"))
        #expect(lab.publish(client, "news.c", "Nats-Expected-Stream: old").contains("10060"))
        #expect(lab.publish(client, "news.c", "Nats-Rollup: what").contains("10111"))
        #expect(lab.sequences(place) == [1, 2, 3, 4, 5])
        #expect(lab.publish(client, "news.a", "Nats-Rollup: sub").contains("\"seq\":6"))
        #expect(lab.run { lab.isSettled("news") && lab.firstSequence("news", place) == 2 })
        #expect(lab.sequences(place) == [2, 4, 5, 6])
        #expect(lab.publish(client, "news.b", "Nats-Rollup: all").contains("\"seq\":7"))
        #expect(lab.run { lab.isSettled("news") && lab.firstSequence("news", place) == 7 })
        #expect(lab.sequences(place) == [7])
    }

    @Test func `a topic that does not allow it keeps its messages`() {
        let lab = lab()
        #expect(lab.publish(node: 0, "news", "1") == 1)
        let client = lab.natsClient(2)
        #expect(lab.publish(client, "news", "Nats-Rollup: all").contains("10111"))
        #expect(lab.sequences(0) == [1])
    }
}
