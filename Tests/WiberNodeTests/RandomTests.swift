import Foundation
import Testing
import WiberBase

@testable import WiberNode

@Suite("Anything at any time")
struct RandomTests {
    /// `WIBER_SEED` replays one story, `WIBER_SEEDS` tells as many.
    static var seeds: ClosedRange<UInt64> {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["WIBER_SEED"].flatMap({ UInt64($0) }) { return seed...seed }
        return 1...max(1, environment["WIBER_SEEDS"].flatMap { UInt64($0) } ?? 12)
    }

    @Test(arguments: seeds)
    func `whatever fails, what is acknowledged stays, and the cluster comes back`(seed: UInt64) {
        let story = Story(seed: seed, nodes: 3)
        story.run(steps: 150)
        story.finish()
    }

    @Test(arguments: seeds)
    func `so it is on five nodes, where two have no replica`(seed: UInt64) {
        let story = Story(seed: seed, nodes: 5)
        story.run(steps: 80)
        story.finish()
    }

    @Test(arguments: seeds)
    func `so it is on one node`(seed: UInt64) {
        let story = Story(seed: seed, nodes: 1)
        story.run(steps: 60)
        story.finish()
    }

    @Test(arguments: [1, 3, 5])
    func `a story told twice is the same`(nodes: Int) {
        func trace() -> UInt64 {
            let story = Story(seed: 4_711, nodes: nodes)
            story.run(steps: 60)
            return story.lab.trace
        }
        #expect(trace() == trace())
    }
}

/// A cluster to which things happen at random.
private final class Story {
    let lab: NodeLab
    private let seed: UInt64
    private var random: RandomSource
    private let ledger = Ledger()
    private var clients: [LabClient] = []
    /// Who follows the topic from its first message.
    private var readers: [LabClient] = []
    /// Ids that were published, some often, with the sequences that were acknowledged.
    private var repeated: [(client: LabClient, place: Int, id: Int)] = []

    private var nodes: Int { lab.machines.count }

    init(seed: UInt64, nodes: Int) {
        self.seed = seed
        var ids = TopicConfiguration(name: "ids", replicas: nodes == 1 ? 1 : 3)
        ids.dedupKey = .id
        var options = NodeLab.Options()
        options.nodes = nodes
        options.seed = seed
        options.topics = [ids]
        lab = NodeLab(options)
        random = RandomSource(seed: seed &* 77)
        _ = lab.publish(node: 0, "news", "first")
    }

    func run(steps: Int) {
        for _ in 0..<steps {
            step()
            lab.run(for: .milliseconds(UInt64.random(in: 1...80, using: &random)))
        }
    }

    private func step() {
        let place = Int.random(in: 0..<nodes, using: &random)
        let other = (place + 1) % nodes
        switch UInt8.random(in: 0..<44, using: &random) {
        case 0: lab.kill(place)
        case 1: lab.cutPower(place)
        case 2...5: lab.start(place)
        case 6: lab.isolate(place)
        case 7: if place != other { lab.cut(place, other) }
        case 8...10: lab.heal()
        case 11: lab.resetLinks(between: place, other)
        case 12: lab.handle(place, .shutdown)
        case 13: if let client = clients.popLast() { lab.disconnect(client) }
        case 14...20: if clients.count < 12 { clients.append(lab.connect(to: place)) }
        case 21...22: follow(place)
        case 23...28: publishID()
        default: publish()
        }
        clients.removeAll { $0.isClosed }
    }

    private func publish() {
        guard let client = clients.randomElement(using: &random) else { return }
        ledger.publish(lab, client, "news", count: Int.random(in: 1...20, using: &random))
    }

    private func publishID() {
        guard let client = clients.randomElement(using: &random) else { return }
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let id = Int.random(in: 0..<60, using: &random)
            repeated.append((client, client.requests.count, id))
            lab.ask(client, "PUBID ids \(id) id-\(id)")
        }
    }

    private func follow(_ place: Int) {
        guard readers.count < 10 else { return }
        let reader = lab.connect(to: place)
        lab.ask(reader, "SUB news 1")
        readers.append(reader)
    }

    /// Heals everything; then the cluster must answer, and the logs must agree with the replies.
    func finish() {
        lab.heal()
        lab.run(for: .seconds(2))
        for place in 0..<nodes { lab.start(place) }
        let failures = lab.machines.compactMap(\.failure)
        #expect(failures.isEmpty, "seed \(seed)")
        #expect(lab.run { lab.isSettled("news") && lab.isSettled("ids") }, "seed \(seed)")
        for place in 0..<nodes {
            let reply = lab.ask(node: place, "PUB news last-\(place)").first ?? "nothing"
            #expect(Reply(reply).sequence != nil, "seed \(seed): n\(place + 1) says \(reply)")
            if Reply(reply).sequence == nil { print(lab.story.suffix(40).joined(separator: "\n")) }
        }
        lab.run(for: .seconds(12))
        #expect(clients.allSatisfy { $0.isClosed || $0.waiting == 0 }, "seed \(seed): no answer")
        #expect(lab.run { lab.isSettled("news") && lab.isSettled("ids") }, "seed \(seed)")
        ledger.check(lab, "news")
        #expect(
            nodes == 1 || ledger.acknowledged > 0,
            "seed \(seed): the story is too sad to tell anything"
        )
        checkIDs()
        checkReaders()
    }

    private func checkIDs() {
        guard let replica = lab.replicas("ids").first else { return }
        let log = lab.messages("ids", replica)
        #expect(Set(log.map(\.text)).count == log.count, "seed \(seed): an id is stored twice")
        var sequences: [String: UInt64] = [:]
        for message in log { sequences[message.text] = message.sequence }
        for (client, place, id) in repeated where place < client.replies.count {
            guard let sequence = Reply(client.replies[place]).sequence else { continue }
            #expect(sequences["id-\(id)"] == sequence, "seed \(seed): id \(id)")
        }
    }

    /// Every reader saw the log from its beginning, without a hole, to where its node fell.
    private func checkReaders() {
        guard let replica = lab.replicas("news").first else { return }
        let log = lab.messages("news", replica)
        for reader in readers {
            let seen = reader.messages.map { line -> NodeLab.Stored in
                let words = line.split(separator: " ").map(String.init)
                return NodeLab.Stored(sequence: UInt64(words[2]) ?? 0, text: words[4])
            }
            #expect(seen == Array(log.prefix(seen.count)), "seed \(seed): \(reader.name)")
            let isFollowing = !reader.isClosed && reader.replies.first?.hasPrefix("OK") == true
            if isFollowing { #expect(seen.count == log.count, "seed \(seed)") }
        }
    }
}
