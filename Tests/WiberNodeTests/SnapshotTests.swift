import Testing
import WiberBase
import WiberWire

@testable import WiberLog
@testable import WiberNode

@Suite("A replica that lacks what has left the topic gets a snapshot")
struct SnapshotTests {
    /// A topic that keeps fifty messages, in segments of a few chunks.
    private func lab(seed: UInt64 = 1) -> NodeLab {
        var topic = TopicConfiguration(name: "news", replicas: 3)
        topic.retention.maxMessages = 50
        var options = NodeLab.Options()
        options.seed = seed
        options.topics = [topic]
        options.log.segmentSize = 4 << 10
        options.limits.replicaAbsence = .seconds(1)
        // Nothing shall be written when the topic rests: the level would rise about then.
        options.release = .old
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        return lab
    }

    private func group(_ lab: NodeLab) -> GroupID {
        let core = lab.machines[0].core ?? lab.machines[1].core
        let slot = core?.slotOfName[Array("news".utf8)] ?? 0
        return core?.groups[slot].id ?? .meta
    }

    private func firstIndex(_ lab: NodeLab, _ place: Int) -> LogIndex {
        lab.machines[place].core?.store.firstIndex(group(lab)) ?? .zero
    }

    /// Publishes until the logs of the nodes that are up begin behind an entry.
    private func moveOn(_ lab: NodeLab, past index: LogIndex, rounds: Int = 20) throws {
        let living = try #require((0..<3).first { lab.machines[$0].core != nil })
        for _ in 0..<20 where firstIndex(lab, living) <= index {
            lab.fill("news", rounds: rounds)
            lab.run(for: .seconds(3))
        }
        #expect(firstIndex(lab, living) > index)
    }

    private func expectEqual(_ lab: NodeLab, _ what: String = "") {
        #expect(lab.machines.compactMap(\.failure) == [], "\(what)")
        let isSettled = lab.run(within: .seconds(60)) { lab.isSettled("news") }
        #expect(isSettled, "\(what)")
        for place in 1..<3 where isSettled {
            #expect(lab.firstSequence("news", place) == lab.firstSequence("news", 0), "\(what)")
            #expect(lab.history("news", place) == lab.history("news", 0), "\(what)")
        }
        #expect(lab.publish(node: 2, "news", "more") != nil, "\(what)")
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `who was away begins where the others begin, and holds up nobody`(seed: UInt64) throws {
        let lab = lab(seed: seed)
        lab.fill("news", rounds: 10)
        lab.kill(2)
        let last = try #require(lab.machines[0].core?.store.lastIndex(group(lab)))
        try moveOn(lab, past: last)
        lab.start(2)
        expectEqual(lab)
        #expect(lab.counters(2).snapshotsInstalled == 1)
        #expect(firstIndex(lab, 2) > last)
        #expect(lab.segments("news", 2).allSatisfy { $0.contains("-news/1/") })
        // It is on its own disk.
        lab.cutPower(2)
        lab.start(2)
        expectEqual(lab)
        #expect(lab.counters(2).snapshotsInstalled == 0)
    }

    @Test func `who was away for a moment gets entries`() throws {
        let lab = lab()
        lab.fill("news", rounds: 10)
        lab.kill(2)
        lab.fill("news", rounds: 10)
        lab.run(for: .milliseconds(500))
        lab.start(2)
        expectEqual(lab)
        #expect(lab.counters(2).snapshotsInstalled == 0)
    }

    @Test func `a subscription goes on behind a snapshot`() throws {
        let lab = lab()
        lab.fill("news", rounds: 10)
        let client = lab.connect(to: 2)
        lab.ask(client, "SUB news")
        lab.run(for: .seconds(1))
        let last = try #require(lab.machines[0].core?.store.lastIndex(group(lab)))
        for other in 0..<2 { lab.resetLinks(between: 2, other) }
        lab.run(for: .milliseconds(1))
        lab.isolate(2)
        try moveOn(lab, past: last)
        lab.heal()
        expectEqual(lab)
        #expect(lab.counters(2).snapshotsInstalled == 1)
        let sequence = try #require(lab.publish(node: 0, "news", "after the snapshot"))
        #expect(lab.run { client.messages.contains { $0.hasPrefix("MSG news \(sequence) ") } })
    }

    @Test func `a snapshot that cannot be taken leaves the replica in use`() throws {
        let lab = lab()
        lab.fill("news", rounds: 10)
        for core in lab.machines.compactMap(\.core) {
            for slot in core.groups.indices where !core.groups[slot].isLeader {
                let group = core.groups[slot].id
                var header = ChunkHeader()
                header.group = group
                header.index = LogIndex(1_000)
                header.term = Term(99)
                let snapshot = InstallSnapshot(
                    group: group,
                    term: Term(99),
                    previousTerm: Term(99),
                    first: Chunk.control(header).bytes,
                    configuration: []
                )
                core.receiveSnapshot(snapshot, from: NodeID(1))
                let isUsed = core.groups[slot].raft != nil
                #expect(isUsed != core.store.isInstalling(group), "group \(group)")
            }
        }
    }

    @Test func `ids that are remembered come with it`() throws {
        var topic = TopicConfiguration(name: "news", replicas: 3)
        topic.retention.maxMessages = 5
        topic.dedupKey = .id
        topic.dedupWindow = 600_000_000_000
        var options = NodeLab.Options()
        options.topics = [topic]
        options.log.segmentSize = 4 << 10
        options.limits.replicaAbsence = .seconds(1)
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        lab.fill("news", rounds: 40)
        lab.kill(2)
        lab.fill("news", rounds: 40)
        let reply = lab.ask(node: 0, "PUBID news a hello").first.map { Reply($0) }
        lab.fill("news", rounds: 10)
        lab.run(for: .seconds(5))
        lab.start(2)
        #expect(lab.run(within: .seconds(60)) { lab.isSettled("news") })
        for _ in 0..<5 where lab.leader("news") != 2 {
            if let leader = lab.leader("news") { lab.isolate(leader) }
            lab.run(for: .seconds(3))
            lab.heal()
            _ = lab.run(within: .seconds(60)) { lab.isSettled("news") }
        }
        guard case .stored(let sequence)? = reply else {
            Issue.record("\(String(describing: reply))")
            return
        }
        #expect(lab.ask(node: 2, "PUBID news a hello").map { Reply($0) } == [.duplicate(sequence)])
    }

    /// Damage at the end of which others have trimmed what was damaged.
    enum Harm: CaseIterable {
        case oldestSegment, everySegment, writeAheadLog, both

        func apply(_ lab: NodeLab) throws {
            let disk = lab.machines[2].disk
            let segments = lab.segments("news", 2)
            switch self {
            case .oldestSegment: lab.erase(segments[0], 100..<1_000, on: 2)
            case .everySegment: for path in segments { try disk.remove(path) }
            case .writeAheadLog, .both:
                for path in disk.paths where path.hasPrefix("wal/") { try disk.remove(path) }
                if self == .both { for path in segments { lab.erase(path, 70..<900, on: 2) } }
            }
        }
    }

    @Test(arguments: Harm.allCases, 1...3 as ClosedRange<UInt64>)
    func `damage that has left the topic is passed over`(harm: Harm, seed: UInt64) throws {
        let lab = lab(seed: seed)
        lab.fill("news", rounds: 10)
        let last = try #require(lab.machines[0].core?.store.lastIndex(group(lab)))
        lab.run(for: .seconds(1))
        lab.kill(2)
        #expect(lab.segments("news", 2).isEmpty == false)
        try harm.apply(lab)
        try moveOn(lab, past: last)
        for _ in 0..<UInt64(seed) {
            lab.start(2)
            lab.run(for: .milliseconds(700))
            lab.cutPower(2)
        }
        lab.start(2)
        expectEqual(lab, "\(harm)")
        #expect(lab.machines[2].core?.store.impairedGroups == [], "\(harm)")
        #expect(firstIndex(lab, 2) > last, "\(harm)")
    }
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `segments that have not left the topic stay where older ones are damaged`(
        seed: UInt64
    ) throws {
        let lab = lab(seed: seed)
        lab.fill("news", rounds: 11)
        lab.run(for: .seconds(1))
        lab.kill(2)
        let paths = lab.segments("news", 2)
        #expect(paths.count > 1)
        // Without its trailer all of the file is looked at when the node starts.
        let size = lab.machines[2].disk.bytes(paths[0]).count
        lab.erase(paths[0], 100..<1_000, on: 2)
        lab.erase(paths[0], size - 100..<size, on: 2)
        try moveOn(lab, past: firstIndex(lab, 0), rounds: 2)
        let first = firstIndex(lab, 0)
        let kept = paths.filter { path in
            let name = path.split(separator: "/").last ?? ""
            return SegmentName(name)?.baseIndex ?? .zero >= first
        }
        #expect(!kept.isEmpty)
        lab.start(2)
        expectEqual(lab)
        #expect(firstIndex(lab, 2) == first)
        #expect(lab.counters(2).snapshotsInstalled == 1)
        #expect(kept.allSatisfy { lab.segments("news", 2).contains($0) })
        lab.cutPower(2)
        lab.start(2)
        expectEqual(lab)
    }
}
