import Testing
import WiberBase

@testable import WiberNode

@Suite("Quotas of topics and of nodes")
struct QuotaTests {
    private static let text = String(repeating: "x", count: 900)

    @Test
    func `a publish beyond a topic's quota is refused at every node, and room is used at once`()
        throws
    {
        let lab = NodeLab.news { $0.quota.messages = 3 }
        for place in 0..<3 { #expect(lab.publish(node: place, "news", "a") != nil) }
        for place in 0..<3 {
            let reply = lab.ask(node: place, "PUB news more").first ?? ""
            #expect(
                reply.hasPrefix(
                    "ERR QUOTA maximum messages exceeded: topic news may hold at most 3 messages"
                ),
                "\(reply)"
            )
        }
        #expect(lab.firstSequence("news", 0) == 1)
        #expect(lab.administer(at: 1, .purge(topic: "news", before: Sequence(2))) == .done)
        #expect(lab.publish(node: 0, "news", "b") == 4)
        #expect(lab.ask(node: 1, "PUB news more").first?.hasPrefix("ERR QUOTA") == true)
        var changes = TopicChanges()
        changes.quotaMessages = .some(nil)
        changes.quotaBytes = 20
        #expect(lab.administer(at: 2, .updateTopic(name: "news", changes)) == .done)
        let reply = lab.ask(node: 1, "PUB news and this is too much").first ?? ""
        let words = "ERR QUOTA maximum bytes exceeded: topic news may hold at most 20 bytes (quota)"
        #expect(reply.hasPrefix(words), "\(reply)")
        #expect(lab.publish(node: 1, "news", "c") == 5)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `of many publishes at once exactly as many are stored as there is room`(seed: UInt64) {
        let lab = NodeLab.news(seed: seed) { $0.quota.messages = 50 }
        let clients = (0..<3).map { lab.connect(to: $0) }
        for client in clients { lab.ask(client, (0..<40).map { "PUB news \($0)" }) }
        let replies = clients.flatMap { lab.answers($0) }
        #expect(replies.count == 120)
        #expect(replies.count { $0.hasPrefix("OK ") } == 50)
        #expect(replies.count { $0.hasPrefix("ERR QUOTA ") } == 70)
        for place in 0..<3 { #expect(lab.run { lab.messages("news", place).count == 50 }) }
        let refused = (0..<3).compactMap { metric(lab, $0, "wiber_refused_quota_total") }
        #expect(refused.reduce(0, +) == 70)
    }

    // MARK: The disk

    private func lab(nodes: Int, quota: UInt64) -> NodeLab {
        var options = NodeLab.Options()
        options.nodes = nodes
        options.diskQuota = quota
        options.topics = [TopicConfiguration(name: "news", replicas: nodes)]
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        return lab
    }

    private func metric(_ lab: NodeLab, _ place: Int, _ name: String) -> UInt64? {
        let metric = lab.machines[place].core?.metrics().first { $0.name == name }
        return metric.map { UInt64($0.value) }
    }

    /// What the files of the log on a disk really hold.
    private func fileBytes(_ lab: NodeLab, _ place: Int) -> UInt64 {
        let disk = lab.machines[place].disk
        let paths = disk.paths.filter { $0.hasPrefix("wal/") || $0.hasSuffix(".seg") }
        return paths.reduce(0) { $0 + UInt64(disk.bytes($1).count) }
    }

    /// Publishes until a reply is no `OK`; returns that.
    private func fillUp(_ lab: NodeLab, at place: Int) -> String {
        let client = lab.connect(to: place)
        var reply = ""
        _ = lab.run(within: .seconds(120)) {
            if client.waiting <= 0 {
                reply = client.replies.last ?? ""
                if reply.isEmpty || reply.hasPrefix("OK ") {
                    lab.ask(client, "PUB news \(Self.text)")
                }
            }
            return reply.hasPrefix("ERR ")
        }
        lab.disconnect(client)
        return reply
    }

    @Test func `what the log says that it holds is what its files hold`() {
        let lab = lab(nodes: 3, quota: 1 << 40)
        for round in 0..<6 {
            for number in 0..<40 {
                #expect(lab.publish(node: 0, "news", "\(number) \(Self.text)") != nil)
            }
            if round == 3 {
                #expect(lab.administer(at: 0, .purge(topic: "news", before: Sequence(90))) == .done)
            }
            lab.run(for: .seconds(5))
            for place in 0..<3 {
                #expect(metric(lab, place, "wiber_data_bytes") == fileBytes(lab, place))
            }
        }
        #expect(lab.administer(at: 1, .deleteTopic(name: "news")) == .done)
        lab.run(for: .seconds(10))
        let (said, held) = (metric(lab, 0, "wiber_data_bytes"), fileBytes(lab, 0))
        #expect(said == held && held > 100_000, "its files are there for a minute")
        lab.run(for: .seconds(90))
        #expect(metric(lab, 0, "wiber_data_bytes") == fileBytes(lab, 0))
        #expect(fileBytes(lab, 0) < held)
    }

    @Test
    func `alone, a node near its quota refuses, stays below it, and goes on when there is room`() {
        let quota: UInt64 = 1 << 20
        let lab = lab(nodes: 1, quota: quota)
        #expect(metric(lab, 0, "wiber_disk_quota_bytes") == quota)
        let reply = fillUp(lab, at: 0)
        let words = "ERR DISK_FULL node n1 holds nearly \(quota) bytes (disk_quota)"
        #expect(reply.hasPrefix(words), "\(reply)")
        lab.run(for: .seconds(5))
        #expect(fileBytes(lab, 0) > quota / 2 && fileBytes(lab, 0) <= quota)
        #expect(lab.machines[0].core?.readiness()?.contains("the disk quota is used up") == true)
        #expect(lab.ask(node: 0, "HISTORY news 1 1").first?.contains("xxx") == true)
        #expect(lab.administer(at: 0, .keep(topic: "news", newest: 20)) == .done)
        #expect(lab.run { lab.machines[0].core?.fullDisk == nil })
        #expect(lab.publish(node: 0, "news", "again") != nil)
        #expect(lab.machines[0].core?.readiness() == nil)
    }

    @Test func `leadership goes to a node with room under its quota`() throws {
        let lab = lab(nodes: 3, quota: 1 << 20)
        let leader = try #require(lab.leader("news"))
        var topic = TopicConfiguration(name: "own", replicas: 1)
        topic.subjects = ["own"]
        #expect(lab.administer(at: leader, .createTopic(topic)) == .done)
        let holder = try #require(lab.run { lab.leader("own") != nil } ? lab.leader("own") : nil)
        if holder != leader {
            let name = lab.machines[holder].name
            #expect(lab.administer(at: 0, .transfer(topic: "news", node: name)) == .done)
        }
        let client = lab.connect(to: holder)
        #expect(
            lab.run(within: .seconds(120)) {
                if client.waiting <= 0 { lab.ask(client, "PUB own \(Self.text)") }
                return lab.machines[holder].core?.fullDisk != nil
            }
        )
        #expect(lab.run { lab.leader("news").map { $0 != holder } ?? false })
        #expect(lab.publish(node: holder, "news", "x") != nil)
        let reply = lab.ask(node: holder, "PUB own more").first ?? ""
        #expect(reply.contains("(disk_quota) and no other node can take over"), "\(reply)")
    }
}
