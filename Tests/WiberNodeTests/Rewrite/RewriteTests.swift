import Testing
import WiberBase
import WiberTopic

@testable import WiberLog
@testable import WiberNode

@Suite("The room of what is gone comes back")
struct RewriteTests {
    /// A topic in which a few subjects were replaced over and over.
    private func lab(seed: UInt64 = 1, rounds: Int = 90) -> NodeLab {
        var topic = TopicConfiguration(name: "news", replicas: 3)
        topic.retention.maxPerSubject = 1
        var options = NodeLab.Options()
        options.seed = seed
        options.topics = [topic]
        options.limits.scrubDelay = .seconds(1)
        options.limits.scrubInterval = .seconds(2)
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        fill(lab, rounds: rounds)
        return lab
    }

    private func fill(_ lab: NodeLab, rounds: Int, isKept: Bool = true) {
        let client = lab.connect(
            to: lab.machines.indices.first { lab.machines[$0].core != nil } ?? 0
        )
        let text = String(repeating: "x", count: 80)
        for round in 0..<rounds {
            // One old message stays in front, and some between.
            let kept =
                isKept && round % 30 == 0 ? "PUB news.kept-\(round) \(text)" : "PUB news.0 \(text)"
            lab.ask(client, [kept] + (0..<9).map { "PUB news.\($0) \(round)-\(text)" })
            _ = lab.answers(client)
        }
        lab.disconnect(client)
        _ = lab.run { lab.isSettled("news") }
    }

    private func size(_ lab: NodeLab, _ place: Int) -> Int {
        lab.segments("news", place).reduce(0) { $0 + lab.machines[place].disk.bytes($1).count }
    }

    private func rewritten(_ lab: NodeLab, _ place: Int) -> [String] {
        lab.segments("news", place).filter { LogStore.isRewritten($0) }
    }

    private func awaitRewrites(_ lab: NodeLab, _ places: [Int] = [0, 1, 2]) {
        #expect(
            lab.run(within: .seconds(120)) {
                places.allSatisfy { place in
                    let files = lab.segments("news", place)
                    // The newest is open, and the ones before it are not durable yet.
                    return files.count > 3 && files.prefix(2).allSatisfy(LogStore.isRewritten)
                }
            }
        )
    }

    private func isSame<Value: Equatable>(_ one: Value, _ other: Value) -> Bool { one == other }

    @Test func `the log knows how much its files hold, while they are written anew and after`() {
        let lab = lab()
        awaitRewrites(lab)
        for _ in 0..<20 {
            lab.run(for: .milliseconds(700))
            for place in 0..<3 {
                let disk = lab.machines[place].disk
                let paths = disk.paths.filter { $0.hasPrefix("wal/") || $0.contains(".seg") }
                let held = paths.reduce(0) { $0 + disk.bytes($1).count }
                let said = lab.machines[place].core?.store.statistics.fileBytes ?? 0
                #expect(said >= held, "n\(place + 1)")
            }
        }
        lab.run(for: .seconds(30))
        for place in 0..<3 {
            let disk = lab.machines[place].disk
            let paths = disk.paths.filter { $0.hasPrefix("wal/") || $0.contains(".seg") }
            let held = paths.reduce(0) { $0 + disk.bytes($1).count }
            #expect(lab.machines[place].core?.store.statistics.fileBytes == held)
        }
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `segments of which little is left are written anew, and nothing else changes`(
        seed: UInt64
    ) throws {
        let lab = lab(seed: seed, rounds: 90)
        let history = lab.history("news", 0)
        awaitRewrites(lab)
        for place in 0..<3 {
            #expect(isSame(lab.history("news", place), history))
            #expect(isSame(lab.digests("news", place), lab.digests("news", 0)))
            let statistics = try #require(lab.machines[place].core?.store.statistics)
            #expect(statistics.rewrites > 0 && statistics.freedBytes > 20_000)
            #expect(size(lab, place) < 110_000)
            #expect(!lab.machines[place].disk.paths.contains { $0.hasSuffix(".new") })
        }
        for place in 0..<3 { lab.cutPower(place) }
        for place in 0..<3 { lab.start(place) }
        #expect(lab.run { lab.isSettled("news") })
        for place in 0..<3 { #expect(isSame(lab.history("news", place), history)) }
        #expect(lab.publish(node: 1, "news", "more") != nil)
    }

    @Test func `a node that was away gets the log without what is gone, and goes on with it`()
        throws
    {
        let lab = NodeLab.news { $0.retention.maxPerSubject = 1 }
        let leader = try #require(lab.leader("news"))
        let away = (leader + 1) % 3
        fill(lab, rounds: 1)
        lab.kill(away)
        fill(lab, rounds: 90)
        awaitRewrites(lab, (0..<3).filter { $0 != away })
        lab.start(away)
        #expect(lab.run(within: .seconds(60)) { lab.isSettled("news") })
        #expect(isSame(lab.history("news", away), lab.history("news", leader)))
        #expect(isSame(lab.digests("news", away), lab.digests("news", leader)))
        fill(lab, rounds: 20, isKept: false)
        let names = { (place: Int) in
            lab.segments("news", place).compactMap { SegmentName(path: $0)?.baseIndex }.prefix(4)
        }
        #expect(names(away).count == 4)
        #expect(names(away) == names(leader), "it cuts its files where the others do")
        let history = lab.history("news", leader)
        lab.kill(leader)
        lab.start(leader)
        lab.cutPower(away)
        lab.start(away)
        #expect(lab.run { lab.isSettled("news") })
        #expect(isSame(lab.history("news", away), history))
        awaitRewrites(lab)
    }

    @Test(arguments: [65, 90, 150, 400, 3_000, 8_000], [1, 4])
    func `damage in a file that was written anew is put right`(byte: Int, flips: Int) throws {
        let lab = lab()
        awaitRewrites(lab)
        let history = lab.history("news", 0)
        let path = rewritten(lab, 1)[0]
        for flip in 0..<flips { lab.flip(path, bit: (byte + flip * 700) * 8, on: 1) }
        let reader = lab.connect(to: 1)
        lab.ask(reader, "SUB news 1")
        #expect(isSame(lab.history("news", 1), history))
        #expect(lab.counters(1).repairs + (lab.machines[1].core?.store.counters.rewrites ?? 0) > 0)
        #expect(lab.counters(1).repairsFailed == 0)
        #expect(lab.run { reader.messages.count >= 12 })
        let passes = lab.counters(1).scrubPasses
        #expect(lab.run(within: .seconds(60)) { lab.counters(1).scrubPasses > passes + 1 })
        for place in 0..<3 { #expect(isSame(lab.digests("news", place), lab.digests("news", 0))) }
    }

    @Test(arguments: DamagedStartTests.Harm.allCases, [0, 1])
    func `a node starts with any harm to a file that was written anew`(
        harm: DamagedStartTests.Harm,
        file: Int
    ) throws {
        let lab = lab()
        awaitRewrites(lab)
        let history = lab.history("news", 0)
        lab.kill(2)
        try harm.apply(lab, rewritten(lab, 2)[file], 2)
        lab.start(2)
        #expect(lab.machines[2].failure == nil)
        #expect(lab.run(within: .seconds(60)) { lab.isSettled("news") })
        #expect(isSame(lab.history("news", 2), history))
        #expect(isSame(lab.digests("news", 2), lab.digests("news", 0)))
        lab.cutPower(2)
        lab.start(2)
        #expect(lab.run(within: .seconds(60)) { lab.isSettled("news") })
        #expect(isSame(lab.history("news", 2), history))
    }
}
