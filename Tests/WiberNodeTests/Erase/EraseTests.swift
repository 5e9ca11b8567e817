import Testing
import WiberBase
import WiberTopic

@testable import WiberLog
@testable import WiberNode

@Suite("What is erased leaves every replica's disk (decision 15)")
struct EraseTests {
    private static let secret = "the-secret-that-nobody-may-find"

    private func lab(
        seed: UInt64 = 1,
        release: Release = .newest,
        _ change: (inout TopicConfiguration) -> Void = { _ in }
    ) -> NodeLab {
        var topic = TopicConfiguration(name: "news", replicas: 3)
        change(&topic)
        var options = NodeLab.Options()
        options.seed = seed
        options.topics = [topic]
        options.release = release
        let lab = NodeLab(options)
        #expect(
            lab.run {
                lab.isSettled("news")
                    && (0..<3).allSatisfy {
                        lab.machines[$0].core?.level == release.levels.max
                    }
            }
        )
        return lab
    }

    private func holders(_ lab: NodeLab, _ text: String = secret) -> [String] {
        let bytes = Array(text.utf8)
        return lab.machines.flatMap { machine in
            machine.disk.paths.filter { path in
                let file = machine.disk.bytes(path)
                return file.count >= bytes.count
                    && (0...file.count - bytes.count).contains {
                        file[$0] == bytes[0] && file[$0..<$0 + bytes.count].elementsEqual(bytes)
                    }
            }.map { "\(machine.name): \($0)" }
        }
    }

    private func isDone(_ lab: NodeLab) -> Bool {
        lab.machines.allSatisfy { machine in
            machine.core.map { $0.erasuresPending == 0 && !$0.isErasing } ?? true
        }
    }

    private func erase(_ lab: NodeLab, _ sequence: UInt64, at place: Int = 0) -> AdminOutcome? {
        lab.administer(at: place, .erase(topic: "news", Sequence(sequence)))
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `a message that was just published is erased everywhere, and its neighbours stay`(
        seed: UInt64
    ) throws {
        let lab = lab(seed: seed)
        #expect(lab.publish(node: 0, "news", "before") == 1)
        #expect(lab.publish(node: 1, "news", Self.secret) == 2)
        #expect(lab.publish(node: 2, "news", "after") == 3)
        #expect(holders(lab).count >= 3)
        #expect(erase(lab, 2, at: 1) == .done)
        #expect(lab.run(within: .seconds(30)) { isDone(lab) && lab.isSettled("news") })
        #expect(holders(lab) == [])
        for place in 0..<3 {
            let history = lab.ask(node: place, "HISTORY news 1 10").first ?? ""
            #expect(history.contains("\"count\":2") && history.contains("after"))
            #expect(lab.counters(place).erasures > 0)
        }
        for place in 0..<3 { lab.cutPower(place) }
        for place in 0..<3 { lab.start(place) }
        #expect(lab.run { lab.isSettled("news") && isDone(lab) })
        #expect(holders(lab) == [])
        #expect(lab.publish(node: 0, "news", "more") == 4)
    }

    @Test func `a message of a segment that is nearly full goes as well`() throws {
        let lab = lab()
        #expect(lab.publish(node: 0, "news", Self.secret) == 1)
        lab.fill("news")
        #expect((0..<3).allSatisfy { lab.isCold("news", $0) })
        #expect(erase(lab, 1) == .done)
        #expect(lab.run(within: .seconds(30)) { isDone(lab) })
        #expect(holders(lab) == [])
        for place in 0..<3 {
            let status = lab.machines[place].core?.topicJSON("news") ?? []
            #expect(String(decoding: status, as: UTF8.self).contains("\"first_sequence\":2,"))
        }
    }

    @Test func `a message that was removed before can still be erased`() throws {
        let lab = lab()
        #expect(lab.publish(node: 0, "news", "first") == 1)
        #expect(lab.publish(node: 0, "news", Self.secret) == 2)
        #expect(lab.administer(at: 0, .remove(topic: "news", Sequence(2))) == .done)
        #expect(lab.publish(node: 0, "news", "last") == 3)
        #expect(!holders(lab).isEmpty)
        #expect(erase(lab, 2) == .done)
        #expect(lab.run(within: .seconds(30)) { isDone(lab) })
        #expect(holders(lab) == [])
        let status = String(decoding: lab.machines[0].core?.topicJSON("news") ?? [], as: UTF8.self)
        #expect(status.contains("\"messages\":2,"))
        guard case .refused(let text)? = erase(lab, 9) else {
            Issue.record("message 9 was erased")
            return
        }
        #expect(text == "there was never a message 9 in topic news")
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `what was to be erased when nodes died is erased after the start`(seed: UInt64) throws {
        let lab = lab(seed: seed)
        lab.fill("news", rounds: 20)
        let sequence = try #require(lab.publish(node: 0, "news", Self.secret))
        lab.fill("news", rounds: 10)
        #expect(erase(lab, sequence) == .done)
        for round in 0..<3 {
            lab.run(for: .milliseconds(30 * seed))
            for place in 0..<3 {
                if (seed + UInt64(round)).isMultiple(of: 2) {
                    lab.kill(place)
                } else {
                    lab.cutPower(place)
                }
            }
            for place in 0..<3 { lab.start(place) }
        }
        #expect(lab.run(within: .seconds(60)) { lab.isSettled("news") && isDone(lab) })
        #expect(holders(lab) == [])
    }

    @Test func `a node that was away erases when it is back`() throws {
        let lab = lab()
        let sequence = try #require(lab.publish(node: 0, "news", Self.secret))
        lab.kill(2)
        #expect(lab.run { lab.leader("news") != nil })
        #expect(erase(lab, sequence) == .done)
        lab.fill("news", rounds: 10)
        #expect(lab.run(within: .seconds(30)) { isDone(lab) })
        #expect(holders(lab).allSatisfy { $0.hasPrefix("n3") } && !holders(lab).isEmpty)
        lab.start(2)
        #expect(lab.run { lab.isSettled("news") })
        #expect(lab.run(within: .seconds(30)) { isDone(lab) })
        #expect(holders(lab) == [])
    }

    @Test func `a body whose id is remembered goes at the end of the window`() throws {
        let lab = lab { $0.dedupWindow = 5_000_000_000 }
        #expect(lab.ask(node: 0, "PUBID news one \(Self.secret)") == ["OK 1"])
        #expect(lab.publish(node: 0, "news", "other") == 2)
        #expect(erase(lab, 1) == .done)
        lab.run(for: .seconds(2))
        #expect(!isDone(lab) && !holders(lab).isEmpty)
        #expect(lab.ask(node: 1, "PUBID news one again") == ["OK 1 duplicate"])
        #expect(lab.run(within: .seconds(60)) { isDone(lab) })
        #expect(holders(lab) == [])
    }

    @Test func `below its level nothing is erased, with words`() throws {
        let lab = lab(release: .new)
        #expect(lab.publish(node: 0, "news", "text") == 1)
        guard case .refused(let text)? = erase(lab, 1) else {
            Issue.record("it was erased")
            return
        }
        #expect(text.contains("erasing needs feature level 3, and the cluster is at 2"))
        #expect(lab.messages("news", 0).count == 1)
    }

    @Test func `a backup that is under way is waited for`() throws {
        let lab = lab()
        #expect(lab.publish(node: 0, "news", "first") == 1)
        #expect(lab.publish(node: 0, "news", Self.secret) == 2)
        let leader = try #require(lab.leader("news"))
        let backup = try #require(lab.beginBackup("news", at: leader))
        #expect(erase(lab, 2, at: leader) == .done)
        lab.run(for: .seconds(3))
        #expect(lab.machines[leader].core?.erasuresPending == 1)
        #expect(lab.administer(at: leader, .endBackup(backup.session)) == .done)
        #expect(lab.run(within: .seconds(30)) { isDone(lab) })
        #expect(holders(lab) == [])
    }
}
