import Testing
import WiberBase
import WiberMeta
import WiberTopic

@testable import WiberLog
@testable import WiberNode

@Suite("Topics are created, moved and deleted while they are used")
struct MoveTests {
    private func lab(nodes: Int = 5, seed: UInt64 = 1) -> NodeLab {
        var options = NodeLab.Options()
        options.nodes = nodes
        options.seed = seed
        options.topics = [TopicConfiguration(name: "news", replicas: 3)]
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        return lab
    }

    private func move(_ lab: NodeLab, at place: Int, _ nodes: [Int]) -> AdminOutcome? {
        lab.administer(at: place, .moveTopic(name: "news", nodes: nodes.map { "n\($0 + 1)" }))
    }

    /// Whether these nodes and no others hold the topic, and all know it.
    private func isHeld(_ lab: NodeLab, by nodes: [Int]) -> Bool {
        lab.isSettled("news") && lab.replicas("news") == nodes.sorted()
            && lab.machines.allSatisfy { machine in
                guard let core = machine.core, let id = core.meta.group(named: "news") else {
                    return false
                }
                return core.meta.topic(id)?.move == nil
            }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `a topic moves to other nodes and back, and every publish is kept once`(
        seed: UInt64
    ) throws {
        let lab = lab(seed: seed)
        var stored = 0
        for (turn, nodes) in [[2, 3, 4], [0, 1], [0, 1, 2, 3, 4], [3], [0, 2, 4]].enumerated() {
            let client = lab.connect(to: turn % 5)
            lab.ask(client, (0..<40).map { "PUBID news \(turn)-\($0) text-\(turn)-\($0)" })
            #expect(move(lab, at: turn % 5, nodes) == .done)
            #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: nodes) })
            let unanswered = lab.answers(client).enumerated().filter { !$1.hasPrefix("OK ") }
            // Nobody knows of these, and the id makes it safe to send them again.
            let again = lab.connect(to: turn % 5)
            lab.ask(
                again,
                unanswered.map { "PUBID news \(turn)-\($0.offset) text-\(turn)-\($0.offset)" }
            )
            #expect(lab.answers(again).allSatisfy { $0.hasPrefix("OK ") })
            stored += 40
            for place in nodes {
                #expect(lab.run { lab.messages("news", place).count == stored })
                #expect(Set(lab.messages("news", place).map(\.text)).count == stored)
            }
        }
        for place in [1, 3] {
            #expect(lab.run { lab.segments("news", place).isEmpty })
            #expect(lab.machines[place].core?.store.isRegistered(group(lab)) == false)
        }
        #expect(lab.machines.compactMap(\.failure) == [])
    }

    private func group(_ lab: NodeLab) -> GroupID {
        lab.machines.lazy.compactMap { $0.core?.meta.group(named: "news") }.first ?? .meta
    }

    @Test func `a subscriber goes on where it was when its node gives the topic away`() throws {
        let lab = lab()
        let place = try #require(lab.replicas("news").first)
        let client = lab.connect(to: place)
        lab.ask(client, "SUB news 1")
        for number in 1...10 { #expect(lab.publish(node: 1, "news", "a\(number)") != nil) }
        let others = (0..<5).filter { $0 != place }
        #expect(move(lab, at: 0, Array(others.prefix(3))) == .done)
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: Array(others.prefix(3))) })
        for number in 11...20 { #expect(lab.publish(node: 1, "news", "a\(number)") != nil) }
        let wanted = (1...20).map { " a\($0)" }
        #expect(
            lab.run {
                let lines = client.messages
                return lines.count == 20 && zip(lines, wanted).allSatisfy { $0.hasSuffix($1) }
            }
        )
    }

    @Test func `a new node gets a log of very many small entries from the disk`() throws {
        var options = NodeLab.Options()
        options.nodes = 4
        options.topics = [TopicConfiguration(name: "news", replicas: 3)]
        options.log.flushThreshold = 1 << 10
        options.log.retainedBytes = 0
        options.log.segmentSize = 8 << 20
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        let count = RaftMessageCodec.entriesMax + 200
        for number in 0..<count { #expect(lab.publish(node: 0, "news", "m\(number)") != nil) }
        #expect(lab.run { lab.replicas("news").allSatisfy { lab.isCold("news", $0) } })
        let new = try #require((0..<4).first { !lab.replicas("news").contains($0) })
        let nodes = Array(lab.replicas("news").prefix(2)) + [new]
        #expect(move(lab, at: 0, nodes) == .done)
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: nodes) })
        #expect(lab.messages("news", new).count == count)
    }

    @Test func `a node that was away while its topic moved gives it up, and may get it again`()
        throws
    {
        let lab = lab()
        let away = try #require(lab.replicas("news").last)
        let rest = (0..<5).filter { $0 != away }
        lab.kill(away)
        #expect(move(lab, at: rest[0], Array(rest.prefix(3))) == .done)
        #expect(
            lab.run {
                guard let core = lab.machines[rest[0]].core else { return false }
                return core.meta.topic(group(lab))?.move == nil
                    && lab.replicas("news") == Array(rest.prefix(3))
            }
        )
        let back = Array(rest.prefix(2)) + [away]
        #expect(move(lab, at: rest[1], back) == .done)
        lab.start(away)
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: back) })
        // Another member than before: its votes of that time count for nothing.
        let core = try #require(lab.machines[away].core)
        #expect(core.ownMember(of: group(lab)).since > .zero)
        for _ in 0..<2 {
            lab.cutPower(away)
            lab.start(away)
            #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: back) })
        }
    }

    @Test func `a topic is made and deleted, its clients hear of it, and its name is free`() throws
    {
        let lab = lab(nodes: 3)
        var topic = TopicConfiguration(name: "extra", replicas: 0)
        topic.retention.maxMessages = 5
        #expect(lab.administer(at: 1, .createTopic(topic)) == .done)
        let client = lab.connect(to: 2)
        lab.ask(client, "SUB extra")
        for number in 1...8 { #expect(lab.publish(node: 0, "extra", "m\(number)") != nil) }
        #expect(lab.run { lab.firstSequence("extra", 1) == 4 })
        #expect(lab.administer(at: 0, .deleteTopic(name: "extra")) == .done)
        #expect(lab.run { client.notices.contains(#"INFO {"topic_deleted":"extra"}"#) })
        #expect(lab.run { (0..<3).allSatisfy { lab.machines[$0].core?.slotOfName.count == 1 } })
        #expect(lab.ask(node: 1, "HISTORY extra").first?.hasPrefix("ERR NO_TOPIC") == true)
        for place in 0..<3 {
            lab.cutPower(place)
            lab.start(place)
        }
        #expect(
            lab.run(within: .seconds(90)) {
                (0..<3).allSatisfy { place in
                    lab.machines[place].core?.isMetaCurrent == true
                        && lab.segments("extra", place).isEmpty
                        && lab.machines[place].core?.meta.group(named: "extra") == nil
                }
            }
        )
        #expect(lab.run { lab.isSettled("news") })
        #expect(lab.ask(node: 2, "PUB extra again") == ["OK 1"])
        #expect(lab.machines.compactMap(\.failure) == [])
    }

    @Test(arguments: 0..<3)
    func `messages go when somebody asks for it, on every node alike`(place: Int) throws {
        let lab = lab(nodes: 3, seed: UInt64(place + 1))
        for number in 1...30 { #expect(lab.publish(node: 0, "news", "m\(number)") != nil) }
        func expect(first: UInt64, count: UInt64) {
            for place in 0..<3 {
                let isSo = lab.run {
                    let slot = lab.machines[place].core?.slotOfName[Array("news".utf8)] ?? 0
                    let topic = lab.machines[place].core?.groups[slot].topic
                    return topic?.firstSequence.rawValue == first && topic?.liveMessages == count
                        && (topic?.liveBytes ?? 0 > 0) == (count > 0)
                }
                #expect(isSo, "\(place): \(first), \(count)")
            }
        }
        #expect(lab.administer(at: place, .purge(topic: "news", before: Sequence(11))) == .done)
        expect(first: 11, count: 20)
        #expect(lab.administer(at: place, .keep(topic: "news", newest: 5)) == .done)
        expect(first: 26, count: 5)
        #expect(lab.administer(at: place, .purge(topic: "news", before: Sequence(3))) == .done)
        expect(first: 26, count: 5)
        #expect(lab.administer(at: place, .keep(topic: "news", newest: 0)) == .done)
        expect(first: 31, count: 0)
        #expect(lab.publish(node: 1, "news", "after") == 31)
        expect(first: 31, count: 1)
        #expect(lab.history("news", 2).contains("after"))
        guard case .refused? = lab.administer(at: place, .keep(topic: "no", newest: 1)) else {
            Issue.record("a topic that is not there")
            return
        }
    }

    @Test func `a topic of the configuration that was deleted is not made again by itself`() throws
    {
        let lab = lab(nodes: 3)
        #expect(lab.administer(at: 1, .deleteTopic(name: "news")) == .done)
        lab.run(for: .seconds(5))
        for place in 0..<3 {
            lab.kill(place)
            lab.start(place)
        }
        lab.run(for: .seconds(10))
        #expect(lab.machines.allSatisfy { $0.core?.meta.group(named: "news") == nil })
        #expect(lab.publish(node: 0, "news", "again") == 1)
        #expect(lab.run { lab.replicas("news").count == 3 })
    }

    @Test func `a topic that nobody uses ends, one that somebody follows does not`() throws {
        let lab = lab(nodes: 3)
        for name in ["alone", "followed"] {
            var topic = TopicConfiguration(name: name, replicas: 3)
            topic.deleteAfterIdle = 5_000_000_000
            #expect(lab.administer(at: 0, .createTopic(topic)) == .done)
            #expect(lab.publish(node: 1, name, "text") == 1)
        }
        let follower = try #require((0..<3).first { $0 != lab.leader("followed") })
        lab.ask(lab.connect(to: follower), "SUB followed")
        lab.run(for: .seconds(3))
        #expect(lab.publish(node: 1, "alone", "text") == 2)
        lab.run(for: .seconds(4))
        #expect(lab.publish(node: 1, "alone", "text") == 3)
        lab.run(for: .seconds(9))
        #expect(lab.leader("alone") == nil && lab.leader("followed") != nil)
        #expect(lab.machines[0].core?.meta.group(named: "alone") == nil)
    }

    @Test func `leaders are spread evenly when somebody asks for it`() throws {
        let lab = lab(nodes: 3)
        let names = ["news"] + (0..<8).map { "t\($0)" }
        for name in names.dropFirst() {
            let topic = TopicConfiguration(name: name, replicas: 3)
            #expect(lab.administer(at: 0, .createTopic(topic)) == .done)
        }
        func leaders() -> [Int] { names.compactMap { lab.leader($0) } }
        #expect(lab.run { leaders().count == 9 })
        lab.kill(0)
        #expect(lab.run { Set(leaders()).isSubset(of: [1, 2]) && leaders().count == 9 })
        lab.start(0)
        #expect(lab.run { names.allSatisfy { lab.isSettled($0) } })
        #expect(lab.administer(at: 2, .balance) == .done)
        #expect(
            lab.run {
                let all = leaders()
                return (0..<3).allSatisfy { place in all.count { $0 == place } == 3 }
            }
        )
        #expect(lab.administer(at: 1, .drain(node: "n2", true)) == .done)
        #expect(lab.run { leaders().count == 9 && !leaders().contains(1) })
        #expect(lab.administer(at: 1, .balance) == .done)
        #expect(lab.run { leaders().count == 9 && !leaders().contains(1) })
    }

    @Test func `a drained node leads and holds nothing, and gets nothing new`() throws {
        let lab = lab()
        let place = try #require(lab.leader("news"))
        #expect(lab.administer(at: 0, .drain(node: "n\(place + 1)", true)) == .done)
        #expect(
            lab.run(within: .seconds(30)) {
                !lab.replicas("news").contains(place) && lab.replicas("news").count == 3
                    && lab.isSettled("news")
            }
        )
        for number in 0..<4 {
            let topic = TopicConfiguration(name: "t\(number)", replicas: 3)
            #expect(lab.administer(at: place, .createTopic(topic)) == .done)
            #expect(lab.run { lab.isSettled("t\(number)") })
            #expect(!lab.replicas("t\(number)").contains(place))
        }
        #expect(lab.administer(at: 1, .drain(node: "n\(place + 1)", false)) == .done)
    }

    @Test func `a drained node hands leadership over although another node is down`() throws {
        let lab = lab(nodes: 3)
        let leader = try #require(lab.leader("news"))
        let down = try #require((0..<3).first { $0 != leader })
        lab.kill(down)
        #expect(lab.run { lab.machines.contains { $0.core?.decidesMeta == true } })
        #expect(lab.administer(at: leader, .drain(node: "n\(leader + 1)", true)) == .done)
        let heir = try #require((0..<3).first { $0 != leader && $0 != down })
        #expect(lab.run { lab.leader("news") == heir })
        #expect(lab.publish(node: heir, "news", "text") != nil)
        #expect(lab.replicas("news").contains(leader), "there is no other node that could hold it")
    }

    @Test func `what cannot be is refused, and says what to do`() {
        let lab = lab(nodes: 3)
        for (command, words) in [
            (AdminCommand.deleteTopic(name: "nothing"), "there is no topic of this name"),
            (.moveTopic(name: "news", nodes: ["n9"]), "the nodes are n1, n2, n3"),
            (.moveTopic(name: "news", nodes: []), "1 to 15 nodes"),
            (.moveTopic(name: "news", nodes: ["n1", "n1"]), "named once"),
            (.setReplicas(name: "news", 4), "1 to 3 replicas"),
            (.createTopic(TopicConfiguration(name: "news", replicas: 3)), "a topic of this name"),
            (.createTopic(TopicConfiguration(name: "more", replicas: 5)), "5 replicas need"),
            (.drain(node: "n7", true), "there is no node n7"),
        ] {
            guard case .refused(let text)? = lab.administer(at: 1, command) else {
                Issue.record("\(command)")
                continue
            }
            #expect(text.contains(words), "\(text)")
        }
    }
}
