import Testing
import WiberBase

@testable import WiberNode

@Suite("Nodes that fail")
struct FailoverTests {
    /// A topic with messages, its leader, and another node.
    private func labWithLeader(seed: UInt64 = 1) throws -> (lab: NodeLab, leader: Int, other: Int) {
        let lab = NodeLab(nodes: 3, seed: seed)
        _ = lab.publish(node: 0, "news", "first")
        #expect(lab.run { lab.isSettled("news") })
        let leader = try #require(lab.leader("news"))
        return (lab, leader, (leader + 1) % 3)
    }

    @Test(arguments: 1...8)
    func `after the leader is killed publishes go on and nothing is lost`(seed: UInt64) throws {
        let (lab, leader, other) = try labWithLeader(seed: seed)
        let client = lab.connect(to: other)
        let ledger = Ledger()
        for round in 0..<40 {
            ledger.publish(lab, client, "news", count: 5)
            lab.run(for: .milliseconds(20))
            if round == 10 { lab.kill(leader) }
        }
        #expect(lab.answers(client).count == 200)
        #expect(client.replies.suffix(50).allSatisfy { Reply($0).sequence != nil })
        lab.start(leader)
        #expect(lab.run { lab.isSettled("news") })
        ledger.check(lab, "news")
    }

    @Test(arguments: 1...4)
    func `a minority never acknowledges, and says so`(seed: UInt64) throws {
        let (lab, leader, other) = try labWithLeader(seed: seed)
        lab.isolate(leader)
        let minority = lab.connect(to: leader)
        lab.ask(minority, "PUB news lonely", "HISTORY news")
        lab.run(for: .seconds(8))
        #expect(minority.replies.allSatisfy { $0.hasPrefix("ERR ") })
        #expect(lab.publish(node: other, "news", "majority") == 2)
        lab.ask(minority, "PUB news later")
        lab.run(for: .seconds(8))
        #expect(minority.replies.last?.hasPrefix("ERR NO_LEADER") == true)
        lab.heal()
        #expect(lab.run { lab.isSettled("news") })
        #expect(lab.messages("news", leader).map(\.text) == ["first", "majority"])
    }

    @Test func `two of three down: no publish is acknowledged until one is back`() throws {
        let (lab, leader, other) = try labWithLeader()
        let last = 3 - leader - other
        lab.kill(leader)
        lab.cutPower(other)
        lab.run(for: .milliseconds(100))
        let client = lab.connect(to: last)
        lab.ask(client, "PUB news alone")
        #expect(lab.answers(client).first?.hasPrefix("ERR NO_LEADER") == true)
        lab.start(other)
        #expect(lab.run { lab.publish(node: last, "news", "again") != nil })
        #expect(!lab.messages("news", last).contains { $0.text == "alone" })
    }

    @Test(arguments: [false, true])
    func `everything acknowledged survives all nodes dying at once`(hasPower: Bool) throws {
        let (lab, _, _) = try labWithLeader()
        let ledger = Ledger()
        let clients = (0..<3).map { lab.connect(to: $0) }
        for _ in 0..<30 {
            for client in clients { ledger.publish(lab, client, "news", count: 3) }
            lab.run(for: .milliseconds(3))
        }
        for place in 0..<3 { if hasPower { lab.kill(place) } else { lab.cutPower(place) } }
        lab.run(for: .seconds(1))
        for place in 0..<3 { lab.start(place) }
        for machine in lab.machines { #expect(machine.failure == nil) }
        #expect(lab.run { lab.isSettled("news") })
        ledger.check(lab, "news")
        #expect(ledger.acknowledged > 50)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `an answer that is lost with its lane holds up nothing`(step: UInt64) throws {
        let (lab, leader, other) = try labWithLeader()
        let client = lab.connect(to: other)
        lab.ask(client, "PUB news lost")
        lab.run(for: Instant.Span(nanoseconds: step * 300_000))
        lab.resetLinks(from: leader, to: other)
        lab.run(for: .milliseconds(500))
        #expect(client.waiting == 0)
        #expect(lab.publish(node: other, "news", "next") != nil)
    }

    @Test func `a follower whose lane to the leader was reset keeps its leader`() throws {
        let (lab, leader, other) = try labWithLeader()
        lab.resetLinks(from: other, to: leader)
        let isTried = lab.run(within: .seconds(5)) {
            lab.machines[other].core?.view(of: "news")?.leader == nil
        }
        #expect(!isTried)
    }

    @Test func `a node without a replica finds the leader when the one it knew is gone`() throws {
        let lab = NodeLab(nodes: 5)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        #expect(lab.run { lab.isSettled("news") })
        let strangers = (0..<5).filter { !lab.replicas("news").contains($0) }
        #expect(strangers.count == 2)
        for place in strangers { #expect(lab.publish(node: place, "news", "x") != nil) }
        lab.kill(try #require(lab.leader("news")))
        #expect(lab.run { lab.leader("news") != nil })
        for place in strangers { #expect(lab.publish(node: place, "news", "y") != nil) }
    }

    @Test func `who follows a topic through other nodes follows it after all of them failed`()
        throws
    {
        let lab = NodeLab(nodes: 5)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        #expect(lab.run { lab.isSettled("news") })
        let replicas = lab.replicas("news")
        let strangers = (0..<5).filter { !replicas.contains($0) }
        let reader = lab.connect(to: strangers[0])
        lab.ask(reader, "SUB news 1")
        #expect(lab.run { reader.messages.count == 1 })
        for place in replicas + [strangers[1]] { lab.kill(place) }
        lab.start(replicas[0])
        lab.run(for: .seconds(5))  // It has no quorum to say what topics there are.
        for place in 0..<5 { lab.start(place) }
        #expect(lab.run { lab.isSettled("news") })
        #expect(lab.publish(node: strangers[1], "news", "second") == 2)
        #expect(lab.run { reader.messages.count == 2 })
    }

    @Test func `an orderly stop hands leadership over without an unknown outcome`() throws {
        let (lab, leader, other) = try labWithLeader()
        let client = lab.connect(to: other)
        for round in 0..<60 {
            lab.ask(client, "PUB news \(round)")
            lab.run(for: .milliseconds(10))
            if round == 20 { lab.handle(leader, .shutdown) }
        }
        #expect(lab.answers(client).allSatisfy { Reply($0).sequence != nil })
        #expect(lab.machines[leader].core == nil)
        lab.start(leader)
        #expect(lab.run { lab.isSettled("news") })
        #expect(lab.messages("news", leader).count == 61)
    }

    @Test func `a node that was away catches up, also from disk`() throws {
        let (lab, leader, other) = try labWithLeader()
        lab.kill(other)
        let client = lab.connect(to: leader)
        for round in 0..<10 {
            lab.ask(
                client,
                (0..<50).map { "PUB news \(round)-\($0)-\(String(repeating: "y", count: 80))" }
            )
            #expect(lab.answers(client).count == 50 * (round + 1))
        }
        lab.start(other)
        #expect(lab.run { lab.isSettled("news") })
        #expect(lab.messages("news", other) == lab.messages("news", leader))
        #expect(lab.digests("news", other) == lab.digests("news", leader))
    }

    @Test func `a wiped node under its old id is refused, naming replace-node`() throws {
        let (lab, leader, other) = try labWithLeader()
        lab.wipe(other)
        lab.start(other)
        #expect(lab.run { lab.machines[other].failure != nil })
        #expect(lab.machines[other].failure?.contains("replace-node n\(other + 1)") == true)
        #expect(lab.publish(node: leader, "news", "still") == 2)
    }

    @Test func `data of another cluster is refused, and says what to do`() {
        let lab = NodeLab()
        let stranger = NodeLab(nodes: 3, seed: 99)
        #expect(lab.publish(node: 0, "news", "x") == 1)
        #expect(stranger.publish(node: 0, "news", "x") == 1)
        lab.kill(2)
        stranger.kill(2)
        lab.machines[2].disk = stranger.machines[2].disk
        lab.start(2)
        #expect(lab.run { lab.machines[2].failure != nil })
        #expect(lab.machines[2].failure?.contains("its own data directory") == true)
        #expect(lab.publish(node: 0, "news", "y") == 2)
    }

    @Test func `a node never gives two requests the same number, not even across restarts`() throws
    {
        let (lab, leader, other) = try labWithLeader()
        var numbers: Set<UInt64> = []
        for place in [leader, other, other, leader] {
            lab.kill(place)
            lab.start(place)
            let core = try #require(lab.machines[place].core)
            for _ in 0..<100 { #expect(numbers.insert(core.token()).inserted) }
        }
    }
}
