import Testing
import WiberBackup
import WiberBase
import WiberLog
import WiberTopic

@testable import WiberNode

@Suite("A backup is a topic at one moment")
struct BackupTests {
    /// The payloads of the messages of a backup, by sequence.
    private func payloads(_ blocks: [[UInt8]]) throws -> [UInt64: String] {
        var found: [UInt64: String] = [:]
        for bytes in blocks {
            let block = try Block.decode(bytes[...])
            guard block.kind == .messages else { continue }
            for message in try MessageBlock(block).messages {
                found[message.sequence.rawValue] = try message.body.withUnsafeBytes {
                    String(decoding: try MessageBody.decode($0).payload, as: UTF8.self)
                }
            }
        }
        return found
    }

    @Test(arguments: 0..<3)
    func `any node that holds a topic backs up all of it, from memory and disk`(place: Int) throws {
        let lab = NodeLab.news()
        lab.fill("news")
        #expect(lab.isCold("news", place))
        let blocks = lab.backUp("news", at: place)
        let saved = try payloads(blocks)
        let there = lab.messages("news", place)
        #expect(saved.count == 900)
        #expect(there.allSatisfy { saved[$0.sequence] == $0.text })
        let topic = try NodeLab.topic(blocks)
        #expect(topic.nextSequence == Sequence(901) && topic.configuration.replicas == 3)
        #expect(lab.machines[place].core?.backups.isEmpty == true)
    }

    @Test func `what is published and removed meanwhile changes nothing of it`() throws {
        let lab = NodeLab.news { $0.retention.maxPerSubject = 2 }
        for round in 0..<20 {
            lab.ask(node: 0, "PUB news.a a\(round)", "PUB news.b b\(round)", "PUB news.c c\(round)")
        }
        let follower = try #require((0..<3).first { $0 != lab.leader("news") })
        #expect(lab.run { lab.firstSequence("news", follower) == 55 })
        let (session, first) = try #require(lab.beginBackup("news", at: follower))
        for round in 20..<60 { lab.ask(node: 1, "PUB news.a a\(round)", "PUB news.b b\(round)") }
        #expect(lab.administer(at: 0, .remove(topic: "news", Sequence(57))) == .done)
        lab.run(for: .seconds(3))
        let blocks = [first] + lab.readBackup(session, at: follower)
        try NodeLab.check(blocks)
        #expect(
            try payloads(blocks) == [
                55: "a18", 56: "b18", 57: "c18", 58: "a19", 59: "b19", 60: "c19",
            ]
        )
    }

    @Test func `files stay while a backup reads them, and go when it is done`() throws {
        let lab = NodeLab.news { $0.retention.maxMessages = 20 }
        lab.fill("news", rounds: 2)
        #expect(lab.run { lab.firstSequence("news", 0) == 1 })
        let (session, first) = try #require(lab.beginBackup("news", at: 0))
        lab.fill("news", rounds: 120)
        lab.run(for: .seconds(5))
        #expect((lab.firstSequence("news", 0) ?? 0) > 1_000)
        let group = try #require(lab.machines[0].core?.slotOfName[Array("news".utf8)])
        func firstIndex(_ place: Int) -> LogIndex? {
            let core = lab.machines[place].core
            return core?.store.firstIndex(core?.groups[group].id ?? .meta)
        }
        #expect(firstIndex(0) == LogIndex(1))
        #expect(try #require(firstIndex(1)) > LogIndex(1))
        let blocks = [first] + lab.readBackup(session, at: 0)
        try NodeLab.check(blocks)
        #expect(try payloads(blocks).count == 20)
        lab.run(for: .seconds(5))
        #expect(try #require(firstIndex(0)) > LogIndex(1))
    }

    @Test func `a backup that nobody reads ends, and says so`() throws {
        let lab = NodeLab.news()
        lab.fill("news", rounds: 5)
        let (session, _) = try #require(lab.beginBackup("news", at: 0))
        lab.run(for: .seconds(70))
        guard case .refused(let text)? = lab.administer(at: 0, .readBackup(session)) else {
            Issue.record("the backup should have ended")
            return
        }
        #expect(text.contains("begin another one"))
        #expect(lab.administer(at: 0, .endBackup(session)) == .done)
    }

    @Test func `a node without a replica names one that has it, and there are limits`() throws {
        let lab = NodeLab(nodes: 5)
        #expect(lab.run { lab.ask(node: 0, "PUB news x").first?.hasPrefix("OK") == true })
        #expect(lab.run { lab.isSettled("news") })
        let replicas = lab.replicas("news")
        let other = try #require((0..<5).first { !replicas.contains($0) })
        guard
            case .elsewhere(let host, let port)? = lab.administer(
                at: other,
                .beginBackup(topic: "news")
            )
        else {
            Issue.record("another node has the topic")
            return
        }
        #expect(replicas.contains { "n\($0 + 1)" == host && port == 8_000 + $0 })
        guard case .refused(let none)? = lab.administer(at: 0, .beginBackup(topic: "nothing"))
        else {
            Issue.record("there is no such topic")
            return
        }
        #expect(none.contains("no topic of this name"))
        let place = replicas[0]
        for _ in 0..<ShardCore.backupsMax { #expect(lab.beginBackup("news", at: place) != nil) }
        guard case .refused(let many)? = lab.administer(at: place, .beginBackup(topic: "news"))
        else {
            Issue.record("too many backups")
            return
        }
        #expect(many.contains("try again when one is done"))
        #expect(lab.administer(at: 0, .deleteTopic(name: "news")) == .done)
    }
}
