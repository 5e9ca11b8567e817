import Testing
import WiberBase

@testable import WiberNode

@Suite("Anything at any time")
struct RandomTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `whatever fails, what is acknowledged stays, and the cluster comes back`(seed: UInt64) {
        let story = Story(seed: seed)
        story.run(steps: 150)
        story.finish()
    }

    @Test func `a story told twice is the same`() {
        func trace() -> UInt64 {
            let story = Story(seed: 4_711)
            story.run(steps: 100)
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

    init(seed: UInt64) {
        self.seed = seed
        lab = NodeLab(nodes: 3, seed: seed)
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
        let place = Int.random(in: 0..<3, using: &random)
        switch UInt8.random(in: 0..<40, using: &random) {
        case 0: lab.kill(place)
        case 1: lab.cutPower(place)
        case 2...5: lab.start(place)
        case 6: lab.isolate(place)
        case 7: lab.cut(place, (place + 1) % 3)
        case 8...10: lab.heal()
        case 11: lab.resetLinks(between: place, (place + 1) % 3)
        case 12: lab.handle(place, .shutdown)
        case 13: if let client = clients.popLast() { lab.disconnect(client) }
        case 14...20:
            if clients.count < 12 { clients.append(lab.connect(to: place)) }
        default: publish()
        }
        clients.removeAll { $0.isClosed }
    }

    private func publish() {
        guard let client = clients.randomElement(using: &random) else { return }
        ledger.publish(lab, client, "news", count: Int.random(in: 1...20, using: &random))
    }

    /// Heals everything; then the cluster must answer, and the logs must agree with the replies.
    func finish() {
        lab.heal()
        lab.run(for: .seconds(2))
        for place in 0..<3 { lab.start(place) }
        let failures = lab.machines.compactMap(\.failure)
        #expect(failures.isEmpty, "seed \(seed)")
        #expect(lab.run { lab.isSettled("news") }, "seed \(seed) does not settle")
        for place in 0..<3 {
            let sequence = lab.publish(node: place, "news", "last-\(place)")
            #expect(sequence != nil, "seed \(seed): n\(place + 1) takes no publish")
        }
        lab.run(for: .seconds(12))
        #expect(clients.allSatisfy { $0.isClosed || $0.waiting == 0 }, "seed \(seed): no answer")
        #expect(lab.run { lab.isSettled("news") })
        ledger.check(lab, "news")
        #expect(ledger.acknowledged > 20, "seed \(seed): the story is too sad to tell anything")
    }
}
