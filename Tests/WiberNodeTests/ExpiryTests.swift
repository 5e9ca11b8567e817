import Testing
import WiberBase
import WiberLog

@testable import WiberNode
@testable import WiberTopic

@Suite("Messages with a time to live, and the floor")
struct ExpiryTests {
    private func lab(
        seed: UInt64 = 1,
        _ change: (inout TopicConfiguration) -> Void = { _ in }
    ) -> NodeLab {
        NodeLab.news(seed: seed) { topic in
            topic.allowsTimeToLive = true
            change(&topic)
        }
    }

    private func expectThere(_ lab: NodeLab, _ sequences: [UInt64]) {
        for place in 0..<3 where lab.machines[place].core != nil {
            #expect(lab.run { lab.sequences(place) == sequences }, "\(lab.sequences(place))")
        }
    }

    private func update(_ lab: NodeLab, _ change: (inout TopicChanges) -> Void) {
        var changes = TopicChanges()
        change(&changes)
        #expect(lab.administer(at: 1, .updateTopic(name: "news", changes)) == .done)
        lab.run(for: .milliseconds(500))
    }

    @Test(arguments: 0..<3)
    func `a message goes when its time is over, and another one stays`(place: Int) {
        let lab = lab()
        let client = lab.natsClient(place)
        #expect(lab.publish(client, "news.a", "Nats-TTL: 30").contains("\"seq\":1"))
        #expect(lab.publish(client, "news.a").contains("\"seq\":2"))
        #expect(lab.publish(client, "news.a", "Nats-TTL: 1m").contains("\"seq\":3"))
        #expect(lab.publish(client, "news.a", "Nats-TTL: never").contains("\"seq\":4"))
        lab.run(for: .seconds(20))
        expectThere(lab, [1, 2, 3, 4])
        lab.run(for: .seconds(15))
        expectThere(lab, [2, 3, 4])
        lab.run(for: .seconds(30))
        expectThere(lab, [2, 4])
        let leader = lab.leader("news") ?? 0
        #expect(lab.counters(leader).messagesExpired == 2)
    }

    @Test func `what is no time to live is refused, and so is one that the topic does not take`() {
        let lab = lab()
        let client = lab.natsClient(2)
        for text in ["0", "500ms", "soon", "-1", "1d"] {
            let answer = lab.publish(client, "news", "Nats-TTL: \(text)")
            #expect(answer.contains("\"code\":400,\"err_code\":10165"), "\(text): \(answer)")
        }
        #expect(lab.publish(client, "news", "Nats-TTL: 1s").contains("\"seq\":1"))
        update(lab) { $0.allowsTimeToLive = false }
        let answer = lab.publish(client, "news", "Nats-TTL: 1s")
        #expect(answer.contains("\"err_code\":10166") && answer.contains("--message-ttl"))
        #expect(lab.publish(client, "news").contains("\"seq\":2"))
    }

    @Test func `a topic has a time to live for messages that do not say it`() {
        let lab = lab { $0.timeToLiveDefault = 10_000_000_000 }
        let client = lab.natsClient(1)
        #expect(lab.publish(node: 0, "news", "a line") == 1)
        #expect(lab.publish(client, "news").contains("\"seq\":2"))
        #expect(lab.publish(client, "news", "Nats-TTL: 40").contains("\"seq\":3"))
        #expect(lab.publish(client, "news", "Nats-TTL: never").contains("\"seq\":4"))
        lab.run(for: .seconds(15))
        expectThere(lab, [3, 4])
        lab.run(for: .seconds(30))
        expectThere(lab, [4])
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `it survives another leader and a restart`(seed: UInt64) throws {
        let lab = lab(seed: seed)
        let client = lab.natsClient(0)
        for number in 0..<60 {
            let life = number % 2 == 0 ? "Nats-TTL: \(20 + number)" : "Other: x"
            #expect(lab.publish(client, "news.\(number % 5)", life).contains("\"seq\""))
        }
        lab.disconnect(client)
        lab.kill(try #require(lab.leader("news")))
        #expect(lab.run { lab.leader("news") != nil })
        // What is behind this is no longer in memory: the ends are read from disk.
        let living = try #require((0..<3).first { lab.machines[$0].core != nil })
        let text = String(repeating: "y", count: 400)
        for _ in 0..<90 { #expect(lab.publish(node: living, "news", text) != nil) }
        for place in 0..<3 { lab.cutPower(place) }
        lab.run(for: .seconds(100))
        for place in 0..<3 { lab.start(place) }
        #expect(lab.run { lab.isSettled("news") })
        let kept = (UInt64(1)...60).filter { $0 % 2 == 0 } + (61...150)
        expectThere(lab, kept)
    }

    @Test func `who begins with a snapshot knows it, too`() throws {
        var topic = TopicConfiguration(name: "news", replicas: 3)
        topic.allowsTimeToLive = true
        var options = NodeLab.Options()
        options.topics = [topic]
        options.log.segmentSize = 4 << 10
        options.limits.replicaAbsence = .seconds(1)
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        lab.fill("news", rounds: 20)
        lab.kill(2)
        lab.fill("news", rounds: 20)
        let client = lab.natsClient(0)
        for number in 0..<40 {
            let life = number % 2 == 0 ? "Nats-TTL: 100" : "Other: x"
            #expect(lab.publish(client, "news", life).contains("\"seq\""))
        }
        #expect(lab.administer(at: 0, .purge(topic: "news", before: Sequence(401))) == .done)
        lab.run(for: .seconds(10))
        lab.start(2)
        #expect(lab.run(within: .seconds(60)) { lab.isSettled("news") })
        #expect(lab.counters(2).snapshotsInstalled == 1)
        expectThere(lab, Array(401...440))
        #expect(lab.administer(at: 1, .transfer(topic: "news", node: "n3")) == .done)
        lab.run(for: .seconds(120))
        expectThere(lab, (UInt64(401)...440).filter { $0 % 2 == 0 })
        #expect(lab.counters(2).messagesExpired == 20)
    }

    @Test func `a restored topic lets go what is due`() throws {
        let lab = lab()
        let client = lab.natsClient(0)
        for life in ["3", "200", "never"] {
            #expect(lab.publish(client, "news", "Nats-TTL: \(life)").contains("\"seq\""))
        }
        let blocks = lab.backUp("news", at: 1)
        lab.run(for: .seconds(30))
        try lab.restore(blocks, as: "copy", at: 2)
        for place in 0..<3 { #expect(lab.run { lab.sequences(place, of: "copy") == [2, 3] }) }
        lab.run(for: .seconds(200))
        for place in 0..<3 { #expect(lab.run { lab.sequences(place, of: "copy") == [3] }) }
    }

    @Test func `times to live that are allowed later hold for messages that have one`() {
        let lab = lab()
        let client = lab.natsClient(0)
        #expect(lab.publish(client, "news", "Nats-TTL: 5").contains("\"seq\":1"))
        #expect(lab.publish(client, "news").contains("\"seq\":2"))
        update(lab) { $0.allowsTimeToLive = false }
        lab.run(for: .seconds(20))
        expectThere(lab, [1, 2])
        update(lab) { $0.allowsTimeToLive = true }
        expectThere(lab, [2])
    }

    // MARK: The floor

    private func refusal(_ lab: NodeLab, _ command: AdminCommand) -> String {
        guard case .refused(let text) = lab.administer(at: 2, command) else { return "" }
        return text
    }

    @Test func `the floor keeps messages from limits, commands and publishers`() throws {
        let lab = lab { topic in
            topic.keepFrom = 4
            topic.allowsRollup = true
            topic.timeToLiveDefault = 2_000_000_000
        }
        for number in 1...6 { #expect(lab.publish(node: number % 3, "news.a", "x") != nil) }
        lab.run(for: .seconds(20))
        expectThere(lab, [4, 5, 6])
        update(lab) { changes in
            changes.maxMessages = .some(1)
            changes.maxPerSubject = .some(1)
        }
        expectThere(lab, [4, 5, 6])
        #expect(refusal(lab, .purge(topic: "news", before: Sequence(6))).contains("from 4 on"))
        #expect(refusal(lab, .keep(topic: "news", newest: 1)).contains("--keep-from none"))
        #expect(refusal(lab, .remove(topic: "news", Sequence(5))).contains("from 4 on"))
        let subject = AdminCommand.purgeSubject(
            topic: "news",
            subject: "news.*",
            before: nil,
            keep: 0
        )
        #expect(refusal(lab, subject).contains("from 4 on"))
        #expect(lab.administer(at: 0, .purge(topic: "news", before: Sequence(4))) == .done)
        let client = lab.natsClient(0)
        let rolled = lab.publish(client, "news.b", "Nats-Rollup: all")
        #expect(rolled.contains("\"err_code\":10111") && rolled.contains("from 4 on"))
        expectThere(lab, [4, 5, 6])
        for place in 0..<3 { lab.cutPower(place) }
        for place in 0..<3 { lab.start(place) }
        #expect(lab.run { lab.isSettled("news") })
        lab.run(for: .seconds(5))
        expectThere(lab, [4, 5, 6])
        update(lab) { $0.keepFrom = .some(6) }
        expectThere(lab, [6])
        update(lab) { $0.keepFrom = .some(nil) }
        expectThere(lab, [])
    }

    @Test func `a floor that comes while a purge waits ends it with words`() throws {
        let lab = lab()
        for _ in 0..<6 { #expect(lab.publish(node: 0, "news", "x") != nil) }
        let leader = try #require(lab.leader("news"))
        let core = try #require(lab.machines[leader].core)
        let slot = try #require(core.slotOfName[Array("news".utf8)])
        // The purge cannot be committed, and the floor is decided by others.
        lab.isolate(leader)
        lab.handle(leader, .admin(77, .purge(topic: "news", before: Sequence(6))))
        core.groups[slot].configuration.keepFrom = 3
        core.groups[slot].topic.configure(core.groups[slot].configuration)
        #expect(lab.run(within: .milliseconds(400)) { !lab.machines[leader].outcomes.isEmpty })
        guard case .refused(let text) = lab.machines[leader].outcomes.last else {
            Issue.record("\(lab.machines[leader].outcomes)")
            return
        }
        #expect(text.contains("from 3 on"))
    }

    // MARK: What publishers expect

    @Test(arguments: 0..<3)
    func `a publish is refused if the last message has another id`(place: Int) throws {
        let lab = lab()
        let client = lab.natsClient(place)
        let last = "Nats-Expected-Last-Msg-Id"
        #expect(lab.publish(client, "news.a", "\(last): a").contains("10070"))
        #expect(lab.publish(client, "news.a", "Nats-Msg-Id: a").contains("\"seq\":1"))
        let wrong = lab.publish(client, "news.a", "\(last): b")
        #expect(
            wrong.contains("\"code\":400,\"err_code\":10070,\"description\":\"wrong last msg ID")
        )
        #expect(lab.publish(client, "news.a", "\(last): a", "Nats-Msg-Id: b").contains("\"seq\":2"))
        #expect(lab.publish(client, "news.a", "\(last): a", "Nats-Msg-Id: c").contains("10070"))
        lab.disconnect(client)
        lab.kill(try #require(lab.leader("news")))
        #expect(lab.run { lab.leader("news") != nil })
        lab.run(for: .seconds(5))
        for machine in 0..<3 where lab.machines[machine].core == nil { lab.start(machine) }
        #expect(lab.run { lab.isSettled("news") })
        for machine in 0..<3 { lab.cutPower(machine) }
        for machine in 0..<3 { lab.start(machine) }
        #expect(lab.run { lab.isSettled("news") })
        let other = lab.natsClient(place)
        #expect(lab.publish(other, "news.a", "\(last): a").contains("10070"))
        #expect(lab.publish(other, "news.a", "\(last): b").contains("\"seq\":3"))
    }

    @Test func `an id whose chunk has left the memory is read again`() throws {
        let lab = lab()
        let client = lab.natsClient(0)
        #expect(lab.publish(client, "news.a", "Nats-Msg-Id: a").contains("\"seq\":1"))
        let leader = try #require(lab.leader("news"))
        let core = try #require(lab.machines[leader].core)
        let slot = try #require(core.slotOfName[Array("news".utf8)])
        core.groups[slot].topic.tailID.forget()
        core.groups[slot].topic.openID.forget()
        let last = "Nats-Expected-Last-Msg-Id"
        #expect(lab.run { lab.publish(client, "news.a", "\(last): a").contains("\"seq\":2") })
    }

    @Test func `of publishers that expect the same one succeeds`() {
        let lab = lab()
        let clients = (0..<3).map { lab.natsClient($0) }
        #expect(lab.publish(clients[0], "news.a", "X: y").contains("\"seq\":1"))
        // The first one makes the leader read which subjects there are.
        _ = lab.publish(clients[0], "news.a", "Nats-Expected-Last-Subject-Sequence: 99")
        lab.run(for: .seconds(1))
        func race(_ header: String, _ sequence: Int) {
            let counts = clients.map(\.messages.count)
            for client in clients { lab.begin(client, "news.a", [header]) }
            #expect(lab.run { zip(clients, counts).allSatisfy { $0.messages.count > $1 } })
            let stored = clients.count { $0.replies.last?.contains("\"seq\":\(sequence)") == true }
            #expect(stored == 1, "\(header): \(clients.map(\.replies.last))")
        }
        race("Nats-Expected-Last-Sequence: 1", 2)
        race("Nats-Expected-Last-Subject-Sequence: 2", 3)
        #expect(lab.publish(clients[1], "news.a", "Nats-Msg-Id: z").contains("\"seq\":4"))
        race("Nats-Expected-Last-Msg-Id: z", 5)
    }

    @Test func `another subject's sequence can be expected`() {
        let lab = lab()
        #expect(lab.publish(node: 0, "news.a", "1") == 1)
        #expect(lab.publish(node: 0, "news.b", "2") == 2)
        let client = lab.natsClient(1)
        let sequence = "Nats-Expected-Last-Subject-Sequence"
        let subject = "Nats-Expected-Last-Subject-Sequence-Subject"
        _ = lab.publish(client, "news.c", "\(sequence): 9")
        lab.run(for: .seconds(1))
        #expect(
            lab.publish(client, "news.c", "\(sequence): 2", "\(subject): news.a").contains("10071")
        )
        #expect(
            lab.publish(client, "news.c", "\(sequence): 1", "\(subject): news.a")
                .contains("\"seq\":3")
        )
        for header in ["\(subject): news.*", "\(subject): news..a"] {
            #expect(lab.publish(client, "news.c", "\(sequence): 1", header).contains("10193"))
        }
        #expect(lab.publish(client, "news.c", "\(subject): news.a").contains("10193"))
    }
}
