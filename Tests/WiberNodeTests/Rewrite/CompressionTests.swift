import Testing
import WiberBase
import WiberTopic

@testable import WiberLog
@testable import WiberNode

@Suite("Segments are compressed where the topic asks for it")
struct CompressionTests {
    private func lab(
        seed: UInt64 = 1,
        compression: TopicConfiguration.Compression = .zstd,
        rounds: Int = 120
    ) -> NodeLab {
        var topic = TopicConfiguration(name: "news", replicas: 3)
        topic.compression = compression
        var options = NodeLab.Options()
        options.seed = seed
        options.topics = [topic]
        options.release = .newest
        options.limits.scrubDelay = .seconds(1)
        options.limits.scrubInterval = .seconds(2)
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        lab.fill("news", rounds: rounds)
        return lab
    }

    private func compressed(_ lab: NodeLab, _ place: Int) -> [String] {
        lab.segments("news", place).filter { $0.hasSuffix("z.seg") }
    }

    private func size(_ lab: NodeLab, _ place: Int) -> Int {
        lab.segments("news", place).reduce(0) { $0 + lab.machines[place].disk.bytes($1).count }
    }

    private func awaitCompression(_ lab: NodeLab, count: Int = 2) {
        let isDone = lab.run(within: .seconds(120)) {
            (0..<3).allSatisfy { compressed(lab, $0).count >= count }
        }
        #expect(isDone, "\((0..<3).map { lab.segments("news", $0) })")
    }

    private func isSame<Value: Equatable>(_ one: Value, _ other: Value) -> Bool { one == other }

    private func expectWhole(_ lab: NodeLab, _ log: [NodeLab.Stored], _ what: String = "") {
        #expect(lab.machines.compactMap(\.failure) == [], "\(what)")
        #expect(lab.run(within: .seconds(60)) { lab.isSettled("news") }, "\(what)")
        for place in 0..<3 {
            #expect(isSame(Array(lab.messages("news", place).prefix(log.count)), log), "\(what)")
            #expect(isSame(lab.digests("news", place), lab.digests("news", 0)), "\(what)")
        }
        #expect(lab.publish(node: 1, "news", "more") != nil, "\(what)")
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `closed segments get smaller, and are read, also after a power cut`(seed: UInt64) throws {
        let lab = lab(seed: seed)
        let log = lab.messages("news", 0)
        awaitCompression(lab)
        expectWhole(lab, log)
        for place in 0..<3 {
            let statistics = try #require(lab.machines[place].core?.store.statistics)
            #expect(statistics.compressedSegments >= 2)
            #expect(statistics.compressedBytes < statistics.expandedBytes / 2)
            let held = compressed(lab, place).map { lab.machines[place].disk.bytes($0).count }
            #expect(statistics.compressedBytes == held.reduce(0, +))
        }
        for place in 0..<3 { lab.cutPower(place) }
        for place in 0..<3 { lab.start(place) }
        expectWhole(lab, log)
        for place in 0..<3 { lab.kill(place) }
        for place in 0..<3 { lab.start(place) }
        expectWhole(lab, log)
    }

    @Test func `the setting can be changed at any time, and what is compressed stays readable`()
        throws
    {
        let lab = lab(compression: .none)
        let log = lab.messages("news", 0)
        lab.run(for: .seconds(5))
        #expect(compressed(lab, 0).isEmpty)
        let before = size(lab, 0)
        var changes = TopicChanges()
        changes.compression = .zstd
        let on = lab.administer(at: 0, .updateTopic(name: "news", changes))
        #expect(on == .done)
        awaitCompression(lab)
        #expect(size(lab, 0) < before * 2 / 3)
        changes.compression = TopicConfiguration.Compression.none
        #expect(lab.administer(at: 0, .updateTopic(name: "news", changes)) == .done)
        expectWhole(lab, log)
        let count = compressed(lab, 0).count
        lab.fill("news", rounds: 60)
        lab.run(for: .seconds(5))
        #expect(compressed(lab, 0).count <= count)
        expectWhole(lab, log)
    }

    @Test func `a node that was away gets a compressed log like any other`() throws {
        let lab = lab(rounds: 1)
        let leader = try #require(lab.leader("news"))
        let away = (leader + 1) % 3
        lab.kill(away)
        lab.fill("news", rounds: 120)
        let others = (0..<3).filter { $0 != away }
        #expect(
            lab.run(within: .seconds(120)) {
                others.allSatisfy { compressed(lab, $0).count >= 2 }
            }
        )
        lab.start(away)
        #expect(lab.run(within: .seconds(60)) { lab.isSettled("news") })
        expectWhole(lab, lab.messages("news", leader))
        awaitCompression(lab)
    }

    @Test(arguments: [5, 40, 90, 200, 500, 900, 1_500], [1, 3])
    func `damage in a compressed file is put right`(byte: Int, flips: Int) throws {
        let lab = lab()
        awaitCompression(lab)
        let log = lab.messages("news", 0)
        let path = compressed(lab, 1)[0]
        for flip in 0..<flips { lab.flip(path, bit: (byte + flip * 300) * 8, on: 1) }
        let reader = lab.connect(to: 1)
        lab.ask(reader, "SUB news 1")
        let passes = lab.counters(1).scrubPasses
        #expect(lab.run(within: .seconds(90)) { lab.counters(1).scrubPasses > passes + 1 })
        #expect(lab.counters(1).repairsFailed == 0)
        expectWhole(lab, log, "\(byte) \(flips)")
        #expect(lab.run { reader.messages.count >= log.count })
    }

    @Test(arguments: DamagedStartTests.Harm.allCases, [0, 1])
    func `a node starts with any harm to a compressed file`(
        harm: DamagedStartTests.Harm,
        file: Int
    ) throws {
        let lab = lab()
        awaitCompression(lab)
        let log = lab.messages("news", 0)
        lab.kill(2)
        try harm.apply(lab, compressed(lab, 2)[file], 2)
        lab.start(2)
        #expect(lab.machines[2].failure == nil)
        expectWhole(lab, log, "\(harm)")
        lab.cutPower(2)
        lab.start(2)
        expectWhole(lab, log, "\(harm)")
    }

    @Test func `below level 3 nothing is compressed, and a command that asks for it is refused`()
        throws
    {
        var options = NodeLab.Options()
        options.release = .new
        var topic = TopicConfiguration(name: "news", replicas: 3)
        topic.compression = .zstd
        options.topics = [topic]
        let lab = NodeLab(options)
        #expect(lab.run(within: .seconds(30)) { lab.isSettled("news") })
        lab.fill("news", rounds: 120)
        lab.run(for: .seconds(5))
        #expect(compressed(lab, 0).isEmpty)
        var changes = TopicChanges()
        changes.compression = .zstd
        guard case .refused(let text) = lab.administer(at: 0, .updateTopic(name: "news", changes))
        else { return #expect(Bool(false), "it is not refused") }
        #expect(text.contains("feature level 3"), "\(text)")
    }
}
