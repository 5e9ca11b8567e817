import Testing
import WiberBase

@testable import WiberNode

@Suite("Damage that a read finds is repaired from another replica")
struct RepairTests {
    /// A topic whose oldest segments are on disk only, and what HISTORY says of it.
    private func coldLab(nodes: Int = 3, seed: UInt64 = 1) throws -> (lab: NodeLab, history: String)
    {
        let lab = NodeLab(nodes: nodes, seed: seed)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        lab.fill("news")
        for place in lab.machines.indices {
            #expect(lab.isCold("news", place))
            #expect(lab.segments("news", place).count > 2)
        }
        let history = lab.history("news", 0)
        #expect(history.contains("\"count\":901"))
        return (lab, history)
    }

    /// A comparison whose failure does not print 100 kB.
    private func isSame<Value: Equatable>(_ one: Value, _ other: Value) -> Bool { one == other }

    @Test(arguments: 0..<3, [65, 90, 200, 300, 1_000, 20_000])
    func `a flipped bit anywhere in a chunk is repaired and served`(place: Int, byte: Int) throws {
        let (lab, history) = try coldLab()
        let path = lab.segments("news", place)[0]
        let before = lab.machines[place].disk.bytes(path)
        for bit in [0, 3, 7] { lab.flip(path, bit: byte * 8 + bit, on: place) }
        #expect(isSame(lab.history("news", place), history))
        #expect(lab.counters(place).repairs == 1)
        #expect(isSame(lab.machines[place].disk.bytes(path), before))
        let kept = lab.machines[place].disk.paths.filter { $0.hasPrefix("quarantine/") }
        #expect(kept.count == 1)
        let text = String(
            decoding: lab.machines[place].disk.bytes(kept[0]).prefix(80),
            as: UTF8.self
        )
        #expect(text.hasPrefix(path))
        #expect(isSame(lab.history("news", place), history))
        #expect(lab.counters(place).repairs == 1, "it is damaged no more")
    }

    @Test func `pages of zeros, a lost end and damaged tables are repaired, in one history`() throws
    {
        let (lab, history) = try coldLab()
        let paths = lab.segments("news", 1)
        let before = paths.map { lab.machines[1].disk.bytes($0) }
        lab.erase(paths[0], 4_096..<16_384, on: 1)
        lab.machines[1].disk.set(paths[1], Array(before[1].prefix(9_000)))
        // Of a segment that is closed for sure, whatever the last one is.
        lab.erase(paths[0], before[0].count - 300..<before[0].count - 128, on: 1)
        #expect(isSame(lab.history("news", 1), history))
        // The trailer of the second follows at the next start: memory knows what it says.
        #expect(isSame(lab.machines[1].disk.bytes(paths[0]), before[0]))
        #expect(isSame(lab.machines[1].disk.bytes(paths[1]), before[1]))
        #expect(lab.counters(1).repairsFailed == 0)
    }

    @Test func `each replica damaged elsewhere: all are repaired from each other`() throws {
        let (lab, history) = try coldLab()
        let path = lab.segments("news", 0)[0]
        let before = lab.machines[0].disk.bytes(path)
        for (turn, byte) in stride(from: 100, to: before.count - 1_000, by: 1_500).enumerated() {
            lab.flip(path, bit: byte * 8, on: turn % 3)
        }
        let clients = (0..<3).map { lab.connect(to: $0) }
        for client in clients { lab.ask(client, "HISTORY news 1 1000") }
        for client in clients { #expect(isSame(lab.answers(client).joined(), history)) }
        for place in 0..<3 {
            #expect(isSame(lab.machines[place].disk.bytes(path), before))
            #expect(lab.counters(place).repairs > 3)
        }
    }

    @Test func `a subscription and a follower far behind go over damage, too`() throws {
        let lab = NodeLab(nodes: 3)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        #expect(lab.run { lab.isSettled("news") })
        let leader = try #require(lab.leader("news"))
        let behind = (leader + 1) % 3
        lab.kill(behind)
        lab.fill("news")
        lab.flip(lab.segments("news", leader)[0], bit: 3_000 * 8, on: leader)
        let reader = lab.connect(to: leader)
        lab.ask(reader, "SUB news 1")
        lab.start(behind)
        #expect(lab.run { reader.messages.count == 901 && lab.isSettled("news") })
        #expect(lab.counters(leader).repairs == 1)
        for (place, line) in reader.messages.enumerated() {
            #expect(line.hasPrefix("MSG news \(place + 1) "))
        }
        #expect(lab.digests("news", behind) == lab.digests("news", leader))
    }

    @Test func `what nobody has fails after a while, and says so`() throws {
        let (lab, _) = try coldLab()
        for place in 0..<3 { lab.flip(lab.segments("news", place)[0], bit: 8 * 500, on: place) }
        let reply = lab.history("news", 2)
        #expect(reply.hasPrefix("ERR STORAGE"), "\(reply)")
        #expect(lab.counters(2).repairsFailed == 1)
        #expect(lab.publish(node: 2, "news", "still") == 902)
    }

    @Test func `a node without peers says that it cannot read its disk`() throws {
        let (lab, _) = try coldLab(nodes: 1)
        lab.flip(lab.segments("news", 0)[0], bit: 8 * 500, on: 0)
        #expect(lab.history("news", 0).hasPrefix("ERR STORAGE"))
    }

    @Test(arguments: 1...6)
    func `repairs go on while publishing goes on and nodes die`(seed: UInt64) throws {
        let (lab, _) = try coldLab(seed: seed)
        let ledger = Ledger()
        let clients = (0..<3).map { lab.connect(to: $0) }
        let path = lab.segments("news", 0)[0]
        for round in 0..<30 {
            for client in clients where !client.isClosed {
                ledger.publish(lab, client, "news", count: 3)
            }
            let place = round % 3
            lab.flip(path, bit: (700 + round * 900) * 8, on: place)
            if lab.machines[place].core != nil {
                let reader = lab.connect(to: place)
                lab.ask(reader, "SUB news 1")
            }
            lab.run(for: .milliseconds(20))
            if round == 10 { lab.kill(1) }
            if round == 15 { lab.start(1) }
        }
        #expect(lab.machines[1].failure == nil)
        #expect(lab.run { lab.isSettled("news") })
        for place in 0..<3 { #expect(!lab.history("news", place).hasPrefix("ERR")) }
        ledger.check(lab, "news")
        #expect(ledger.acknowledged > 100)
    }
}
