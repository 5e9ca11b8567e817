import Testing
import WiberBase

@testable import WiberLog
@testable import WiberNode

@Suite("A node whose write-ahead log is damaged starts, and is whole before it counts")
struct WoundTests {
    /// A topic whose log is in the write-ahead log only, and its group.
    private func lab(seed: UInt64 = 1) throws -> (lab: NodeLab, group: GroupID) {
        var options = NodeLab.Options()
        options.seed = seed
        options.log.firstWALFileSize = 1 << 20
        let lab = NodeLab(options)
        for number in 0..<20 {
            #expect(lab.run { lab.publish(node: number % 3, "news", "message \(number)") != nil })
        }
        #expect(lab.run { lab.isSettled("news") })
        lab.run(for: .milliseconds(200))
        let core = try #require(lab.machines[0].core)
        let slot = try #require(core.slotOfName[Array("news".utf8)])
        return (lab, core.groups[slot].id)
    }

    private func expectWhole(_ lab: NodeLab, _ log: [NodeLab.Stored], _ what: String = "") {
        #expect(lab.machines.compactMap(\.failure) == [], "\(what)")
        let isSettled = lab.run(within: .seconds(60)) {
            lab.isSettled("news")
                && lab.machines.allSatisfy { machine in
                    machine.core?.store.impairedGroups.isEmpty == true
                }
        }
        #expect(isSettled, "\(what)")
        for place in 0..<3 {
            #expect(Array(lab.messages("news", place).prefix(log.count)) == log, "\(what)")
        }
        #expect(lab.publish(node: 1, "news", "more") != nil, "\(what)")
    }

    @Test(arguments: [3, 10, 18] as [UInt64])
    func `a rotten entry is put back as it was`(index: UInt64) throws {
        let (lab, group) = try lab()
        let log = lab.messages("news", 0)
        lab.kill(2)
        #expect(try lab.rot("news", at: LogIndex(index), on: 2, group: group))
        lab.start(2)
        #expect(
            lab.machines[2].core?.store.lostEntries(group, max: 9).map(\.index.rawValue) == [index]
        )
        expectWhole(lab, log)
        #expect(lab.counters(2).groupsHealed == 1)
    }

    @Test func `a check of the directory names what waits for other replicas, also after a start`()
        throws
    {
        let (lab, group) = try lab()
        lab.kill(2)
        #expect(try lab.rot("news", at: LogIndex(5), on: 2, group: group))
        #expect(try LogCheck.run(lab.machines[2].disk).isSound == false)
        lab.isolate(2)
        lab.start(2)
        lab.run(for: .seconds(1))
        lab.kill(2)
        let report = try LogCheck.run(lab.machines[2].disk)
        #expect(report.findings.map(\.remedy) == [.replicas])
        #expect(report.damages.first?.what == "group \(group) has lost an entry")
    }

    @Test func `only what follows a suspect log is taken in, whatever a node sends`() throws {
        let (lab, group) = try lab()
        let chunks = lab.chunks("news", 0)
        lab.kill(2)
        try Harm.table.apply(lab, 2)
        lab.isolate(2)
        lab.start(2)
        let core = try #require(lab.machines[2].core)
        var taken = [core.store.extend(group, chunks, through: LogIndex(9))]
        let isSuspect = core.store.distrust(group)
        #expect(isSuspect)
        let swapped = [chunks[0], chunks[2], chunks[1]]
        for sent in [Array(chunks.dropFirst()), chunks.reversed(), swapped, chunks] {
            taken.append(core.store.extend(group, sent, through: LogIndex(9)))
        }
        taken.append(
            core.store.extend(group, Array(chunks.dropFirst()), through: LogIndex(9))
        )
        #expect(taken == [0, 0, 0, 1, 0, 8])
        let isFilled = core.store.fill(group, chunks[3])
        let isTrusted = core.store.trust(group)
        #expect(!isFilled)
        #expect(!isTrusted)
    }

    @Test(arguments: 1...6)
    func `replicas that are damaged in different places heal each other`(seed: UInt64) throws {
        let (lab, group) = try lab(seed: seed)
        let log = lab.messages("news", 0)
        for place in 0..<3 { lab.kill(place) }
        for (place, indices) in [[4, 9], [5, 12], [7, 15]].enumerated() {
            for index in indices {
                let entry = LogIndex(UInt64(index))
                #expect(try lab.rot("news", at: entry, on: place, group: group))
            }
        }
        for place in 0..<3 { lab.start(place) }
        expectWhole(lab, log)
    }

    /// What can happen to the log so that nothing says which entries are lost.
    enum Harm: String, CaseIterable {
        case table, header, firstBatch, fileHeader, allFiles

        func apply(_ lab: NodeLab, _ place: Int) throws {
            let batches = try lab.batches(place)
            let middle = batches[batches.count / 2]
            switch self {
            case .table: lab.flip(middle.path, bit: (middle.offset + 70) * 8, on: place)
            case .header: lab.flip(middle.path, bit: (middle.offset + 20) * 8, on: place)
            case .firstBatch: lab.flip(batches[0].path, bit: (batches[0].offset + 9) * 8, on: place)
            case .fileHeader: lab.flip(batches[0].path, bit: 10 * 8, on: place)
            case .allFiles:
                for path in lab.machines[place].disk.paths where path.hasPrefix("wal/") {
                    try lab.machines[place].disk.remove(path)
                }
            }
        }
    }

    @Test(arguments: Harm.allCases, 1...3)
    func `a log that does not know what it lost is fetched anew`(harm: Harm, seed: UInt64) throws {
        let (lab, _) = try lab(seed: seed)
        let log = lab.messages("news", 0)
        lab.kill(2)
        try harm.apply(lab, 2)
        lab.start(2)
        #expect(lab.machines[2].core?.store.impairedGroups.isEmpty == false, "\(harm)")
        expectWhole(lab, log, "\(harm)")
        // What was fetched is on its own disk: it starts without help.
        lab.kill(2)
        lab.isolate(2)
        lab.start(2)
        #expect(lab.machines[2].core?.store.impairedGroups == [], "\(harm)")
    }

    @Test(arguments: Harm.allCases)
    func `a suspect replica helps nobody, also after another start`(harm: Harm) throws {
        let (lab, _) = try lab()
        lab.isolate(1)
        #expect(lab.run { lab.publish(node: 0, "news", "on two nodes") != nil })
        #expect(lab.run { lab.messages("news", 2).last?.text == "on two nodes" })
        lab.run(for: .milliseconds(200))
        let log = lab.messages("news", 0)
        lab.kill(0)
        lab.kill(2)
        try harm.apply(lab, 2)
        lab.heal()
        for _ in 0..<2 {
            lab.start(2)
            lab.run(for: .seconds(5))
            #expect(lab.leader("news") == nil, "\(harm)")
            lab.kill(2)
        }
        lab.start(2)
        lab.start(0)
        expectWhole(lab, log, "\(harm)")
    }

    @Test func `a single node with a damaged log is refused, as nobody can help`() throws {
        var options = NodeLab.Options()
        options.nodes = 1
        options.hasPeerPorts = false
        options.log.hasReplicas = false
        let lab = NodeLab(options)
        for _ in 0..<8 { #expect(lab.run { lab.publish(node: 0, "news", "text") != nil }) }
        lab.run(for: .milliseconds(200))
        lab.kill(0)
        try Harm.table.apply(lab, 0)
        lab.start(0)
        #expect(lab.machines[0].failure?.contains("is damaged") == true)
    }
}
