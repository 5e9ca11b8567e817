import Testing
import WiberBase

@testable import WiberNode

@Suite("A node whose segments are damaged starts, and is repaired before it counts")
struct DamagedStartTests {
    /// What can happen to a file.
    enum Harm: String, CaseIterable {
        case header, firstChunk, middle, lastChunk, tables, trailer, page, cutShort, empty, missing

        func apply(_ lab: NodeLab, _ path: String, _ place: Int) throws {
            let disk = lab.machines[place].disk
            let size = disk.bytes(path).count
            switch self {
            case .header: lab.flip(path, bit: 30 * 8, on: place)
            case .firstChunk: lab.flip(path, bit: 70 * 8, on: place)
            case .middle: lab.flip(path, bit: size / 2 * 8 + 3, on: place)
            case .lastChunk: lab.flip(path, bit: (size - 1_500) * 8, on: place)
            case .tables: lab.flip(path, bit: (size - 140) * 8, on: place)
            case .trailer: lab.flip(path, bit: (size - 60) * 8, on: place)
            case .page: lab.erase(path, 4_096..<8_192, on: place)
            case .cutShort: disk.set(path, Array(disk.bytes(path).prefix(size / 3)))
            case .empty: disk.set(path, [])
            case .missing: try disk.remove(path)
            }
        }
    }

    /// A topic whose log is mostly in segments only.
    private func filledLab(seed: UInt64 = 1, rounds: Int = 120) -> NodeLab {
        let lab = NodeLab(nodes: 3, seed: seed)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        lab.fill("news", rounds: rounds)
        return lab
    }

    private func isSame<Value: Equatable>(_ one: Value, _ other: Value) -> Bool { one == other }

    /// The topic is whole on all nodes, and takes more.
    private func expectWhole(_ lab: NodeLab, _ log: [NodeLab.Stored], _ what: String) {
        #expect(lab.machines.compactMap(\.failure) == [], "\(what)")
        let isSettled = lab.run(within: .seconds(60)) { lab.isSettled("news") }
        #expect(isSettled, "\(what)")
        guard isSettled else { return }
        for place in 0..<3 {
            #expect(isSame(Array(lab.messages("news", place).prefix(log.count)), log), "\(what)")
            #expect(isSame(lab.digests("news", place), lab.digests("news", 0)), "\(what)")
        }
        #expect(lab.publish(node: 1, "news", "more") != nil, "\(what)")
    }

    @Test(arguments: Harm.allCases, [0, 3])
    func `any harm to any file of one node is repaired`(harm: Harm, file: Int) throws {
        let lab = filledLab()
        let log = lab.messages("news", 0)
        let other = lab.segments("news", 0)
        lab.kill(2)
        let paths = lab.segments("news", 2)
        #expect(paths.count > 3)
        let path = paths[min(file, paths.count - 1)]
        try harm.apply(lab, path, 2)
        lab.start(2)
        expectWhole(lab, log, "\(harm) of \(path)")
        // What has a footer is the same file as on another node.
        for path in other.dropLast() where lab.segments("news", 2).contains(path) {
            let own = lab.machines[2].disk.bytes(path)
            #expect(isSame(own, lab.machines[0].disk.bytes(path)), "\(harm) \(path)")
        }
    }

    @Test(arguments: [Harm.firstChunk, .middle, .page, .header])
    func `so it is for the meta group`(harm: Harm) throws {
        let lab = filledLab()
        let log = lab.messages("news", 0)
        lab.kill(1)
        let path = try #require(lab.machines[1].disk.paths.first { $0.hasPrefix("meta/") })
        try harm.apply(lab, path, 1)
        lab.start(1)
        expectWhole(lab, log, "\(harm)")
    }

    @Test(arguments: 1...3)
    func `each replica damaged elsewhere: all recover, with no leader to ask`(seed: UInt64) throws {
        let lab = filledLab(seed: seed)
        let log = lab.messages("news", 0)
        for place in 0..<3 { lab.kill(place) }
        var random = RandomSource(seed: seed)
        let paths = lab.segments("news", 0)
        for path in paths {
            let size = lab.machines[0].disk.bytes(path).count
            for (turn, byte) in stride(from: 70, to: size, by: 1_600).enumerated() {
                let place = (turn + Int(seed)) % 3
                let bit = byte * 8 + Int.random(in: 0..<640, using: &random)
                lab.flip(path, bit: bit, on: place)
            }
        }
        for place in 0..<3 { lab.start(place) }
        expectWhole(lab, log, "seed \(seed)")
    }

    @Test(arguments: 1...4)
    func `killed again and again during its repair, a node gets there`(seed: UInt64) throws {
        let lab = filledLab(seed: seed)
        let log = lab.messages("news", 0)
        lab.kill(2)
        for path in lab.segments("news", 2) { lab.erase(path, 2_000..<9_000, on: 2) }
        for round in 0..<12 {
            lab.start(2)
            #expect(lab.machines[2].failure == nil)
            lab.run(for: .milliseconds(UInt64(7 * round)))
            if seed % 2 == 0 { lab.kill(2) } else { lab.cutPower(2) }
            lab.run(for: .milliseconds(50))
        }
        lab.start(2)
        expectWhole(lab, log, "seed \(seed)")
    }

    @Test func `a node without peers refuses to start, and says what to do`() throws {
        let lab = NodeLab(nodes: 1)
        #expect(lab.publish(node: 0, "news", "first") == 1)
        lab.fill("news", rounds: 120)
        lab.kill(0)
        let path = try #require(lab.segments("news", 0).last)
        try Harm.middle.apply(lab, path, 0)
        lab.start(0)
        #expect(lab.run { lab.machines[0].failure != nil })
        #expect(lab.machines[0].failure?.contains("wiber data check") == true)
    }

    @Test func `an impaired replica does not vote or acknowledge, and says why it is not ready`()
        throws
    {
        let lab = filledLab()
        let log = lab.messages("news", 0)
        for place in 0..<3 { lab.kill(place) }
        try Harm.middle.apply(lab, lab.segments("news", 2)[0], 2)
        lab.start(2)
        lab.start(1)
        lab.isolate(2)
        lab.run(for: .seconds(15))
        #expect(lab.leader("news") == nil, "one vote of three is not enough")
        let reason = try #require(lab.machines[2].core?.readiness())
        #expect(reason.contains("damaged") || reason.contains("leader"), "\(reason)")
        lab.heal()
        lab.start(0)
        expectWhole(lab, log, "after all are back")
    }

    @Test(arguments: 1...3)
    func `damage, publishing and deaths at once lose nothing`(seed: UInt64) throws {
        let lab = filledLab(seed: seed)
        let ledger = Ledger()
        var clients: [LabClient] = []
        var random = RandomSource(seed: seed &* 31)
        for round in 0..<60 {
            clients.removeAll { $0.isClosed }
            if clients.count < 4 { clients.append(lab.connect(to: round % 3)) }
            for client in clients { ledger.publish(lab, client, "news", count: 3) }
            lab.run(for: .milliseconds(UInt64.random(in: 5...40, using: &random)))
            let place = Int.random(in: 0..<3, using: &random)
            let alive = lab.machines.filter { $0.core != nil }.count
            if round % 6 == 3, alive == 3 {
                lab.kill(place)
                let paths = lab.segments("news", place)
                let path = paths[Int.random(in: 0..<paths.count, using: &random)]
                let size = lab.machines[place].disk.bytes(path).count
                lab.flip(path, bit: Int.random(in: 0..<size * 8, using: &random), on: place)
            }
            if round % 6 == 5 { for place in 0..<3 { lab.start(place) } }
        }
        for place in 0..<3 { lab.start(place) }
        #expect(lab.machines.compactMap(\.failure) == [])
        #expect(lab.run(within: .seconds(60)) { lab.isSettled("news") })
        ledger.check(lab, "news")
        #expect(ledger.acknowledged > 50)
    }
}
