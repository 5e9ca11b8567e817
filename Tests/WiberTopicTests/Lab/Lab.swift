import Testing
import WiberBase

@testable import WiberTopic

/// Three replicas of a topic, a leader among them, and everything that Raft may do to their logs.
struct Lab {
    var replicas: [Replica]
    var leader: Int?
    var term: UInt64 = 0
    var random: RandomSource
    /// Whether the oldest messages are always at hand, so that limits must hold at each seal.
    let isExact: Bool
    let seed: UInt64
    let group = GroupID(7)

    init(seed: UInt64) {
        self.seed = seed
        var random = RandomSource(seed: seed)
        let limits = TopicConfiguration.Retention(
            maxAge: Bool.random(using: &random) ? 60 : nil,
            maxBytes: Bool.random(using: &random) ? 200 : nil,
            maxMessages: Bool.random(using: &random)
                ? UInt64.random(in: 0...30, using: &random) : nil
        )
        let keys: [TopicConfiguration.DedupKey] = [.id, .id, .content, .none]
        let key = keys.randomElement(using: &random) ?? .id
        let configuration = configuration(limits, dedup: key, window: 40)
        replicas = (0..<3).map { node in
            Replica(configuration: configuration, wall: 1_000 + UInt64(node) * 7)
        }
        isExact = Bool.random(using: &random)
        self.random = random
    }

    /// Does something.
    mutating func step() {
        for node in 0..<3 { replicas[node].wall += UInt64.random(in: 0...2, using: &random) }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<50: publish()
        case 50..<62: seal()
        case 62..<80: replicate(Int.random(in: 0..<3, using: &random))
        case 80..<86: commit()
        case 86..<91: sweep()
        case 91..<94: elect(Int.random(in: 0..<3, using: &random))
        case 94..<97: restart(Int.random(in: 0..<3, using: &random))
        default: cutFiles(Int.random(in: 0..<3, using: &random))
        }
        for node in 0..<3 { replicas[node].check("seed \(seed), node \(node)") }
    }

    // MARK: The leader

    mutating func publish() {
        guard let leader else { return }
        let wall = replicas[leader].wall
        let text = String(repeating: "x", count: Int.random(in: 1...12, using: &random))
        let hasID = Int.random(in: 0..<3, using: &random) > 0
        let id = hasID ? "id\(Int.random(in: 0..<12, using: &random))" : nil
        guard replicas[leader].topic.fits(length: 64, wall: Timestamp(wall)) else { return seal() }
        let digest = digest(text, id, leader)
        let length = UInt64(1 + text.utf8.count + (id.map { 2 + $0.utf8.count } ?? 0))
        let expected = replicas[leader].admission(digest, length: length)
        let admission = replicas[leader].topic.publish(text, id: id, wall: wall)
        #expect(admission == expected, "seed \(seed)")
        if case .accepted(let sequence, let time) = admission {
            replicas[leader].open.append(
                Replica.Row(
                    sequence: sequence,
                    time: time,
                    length: length,
                    digest: digest,
                    index: TopicState.open
                )
            )
        }
    }

    private func digest(_ text: String, _ id: String?, _ leader: Int) -> Digest128? {
        switch replicas[leader].topic.configuration.dedupKey {
        case .none: nil
        case .id: id.map { id in Array(id.utf8).withUnsafeBytes { digester($0) } }
        case .content: Array(text.utf8).withUnsafeBytes { digester($0) }
        }
    }

    mutating func seal() {
        guard let leader, !replicas[leader].topic.isBuilderEmpty else { return }
        loadFront(leader)
        let expiry = replicas[leader].wall
        let first = replicas[leader].firstSequence(expiry: expiry)
        let chunk = replicas[leader].topic.seal(
            group: group,
            entry: nextEntry(leader),
            expiry: Timestamp(expiry)
        )
        replicas[leader].open = []
        replicas[leader].append(chunk)
        checkFirst(chunk, first)
    }

    /// Proposes what is due without a publish; returns whether something was.
    @discardableResult
    mutating func sweep() -> Bool {
        guard let leader, replicas[leader].topic.isBuilderEmpty,
            replicas[leader].applied == replicas[leader].lastIndex
        else { return false }
        loadFront(leader)
        let wall = replicas[leader].wall
        let first = replicas[leader].firstSequence(expiry: wall)
        let chunk = replicas[leader].topic.trimChunk(
            group: group,
            entry: nextEntry(leader),
            wall: Timestamp(wall),
            expiry: Timestamp(wall)
        )
        guard let chunk else {
            if isExact { #expect(first == replicas[leader].topic.tail.firstSequence) }
            return false
        }
        replicas[leader].append(chunk)
        checkFirst(chunk, first)
        return true
    }

    private func checkFirst(_ chunk: Chunk, _ first: Sequence) {
        let actual = chunk.header.firstSequence
        #expect(isExact ? actual == first : actual <= first, "seed \(seed), \(chunk.header)")
    }

    private mutating func loadFront(_ leader: Int) {
        if !isExact, Bool.random(using: &random) { return }
        while let sequence = replicas[leader].topic.frontNeeds {
            let end = isExact ? replicas[leader].lastIndex : replicas[leader].applied
            let chunk = replicas[leader].log.first {
                $0.header.nextSequence > sequence && $0.header.count > 0
            }
            guard let chunk, chunk.header.index <= end else { return }
            replicas[leader].topic.feedFront(chunk)
        }
    }

    private func nextEntry(_ leader: Int) -> EntryID {
        EntryID(index: replicas[leader].lastIndex.next, term: Term(term))
    }
}
