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
                ? UInt64.random(in: 0...30, using: &random) : nil,
            maxPerSubject: Bool.random(using: &random)
                ? UInt64.random(in: 1...3, using: &random) : nil
        )
        let keys: [TopicConfiguration.DedupKey] = [.id, .id, .content, .none]
        let key = keys.randomElement(using: &random) ?? .id
        var configuration = configuration(limits, dedup: key, window: 40)
        configuration.allowsTimeToLive = Bool.random(using: &random)
        configuration.keepFrom = Int.random(in: 0..<3, using: &random) == 0 ? 90 : nil
        if limits.maxPerSubject == nil, configuration.keepFrom == nil,
            Bool.random(using: &random)
        {
            // The model does not know what limits of subjects have asked for.
            configuration.quota.messages = UInt64.random(in: 1...40, using: &random)
            configuration.quota.bytes = UInt64.random(in: 30...400, using: &random)
        }
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
        case 86..<89: sweep()
        case 89..<90: remove()
        case 90..<91: expire()
        case 91..<94: elect(Int.random(in: 0..<3, using: &random))
        case 94..<97: restart(Int.random(in: 0..<3, using: &random))
        default: cutFiles(Int.random(in: 0..<3, using: &random))
        }
        for node in 0..<3 { feedIndex(node) }
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
        let subject = ["t", "t.a", "t.b", "t.a.c"].randomElement(using: &random) ?? "t"
        let inBody = subject == "t" ? nil : subject
        let conditions = conditions(leader, subject)
        let hasLife =
            replicas[leader].topic.wantsDeadlines && Int.random(in: 0..<4, using: &random) == 0
        let life = hasLife ? UInt64.random(in: 1...60, using: &random) : nil
        let digest = digest(text, id, leader)
        let length = UInt64(
            1 + text.utf8.count + (id.map { 2 + $0.utf8.count } ?? 0)
                + (inBody.map { 2 + $0.utf8.count } ?? 0) + (life == nil ? 0 : 8)
        )
        let expected = replicas[leader].admission(digest, subject, conditions, length: length)
        let admission = replicas[leader].topic.publish(
            text,
            id: id,
            subject: inBody,
            life: life,
            conditions,
            wall: wall
        )
        #expect(admission == expected, "seed \(seed)")
        guard case .accepted(let sequence, let time) = admission else { return }
        if conditions.rollup == .subject {
            for row in replicas[leader].live where row.subject == subject {
                replicas[leader].asked.insert(row.sequence)
            }
        } else if conditions.rollup == .all {
            replicas[leader].rollup = sequence
        }
        replicas[leader].open.append(
            Replica.Row(
                sequence: sequence,
                time: time,
                length: length,
                digest: digest,
                index: TopicState.open,
                subject: subject,
                end: life.map { time.rawValue + $0 }
            )
        )
    }

    /// Lets messages go whose time is over.
    mutating func expire() {
        guard let leader, replicas[leader].topic.areDeadlinesComplete else { return }
        let wall = replicas[leader].wall
        for row in replicas[leader].live where replicas[leader].isOver(row, wall) {
            replicas[leader].asked.insert(row.sequence)
        }
        _ = replicas[leader].topic.expireMessages(at: Timestamp(wall))
    }

    private mutating func conditions(_ leader: Int, _ subject: String) -> PublishConditions {
        var conditions = PublishConditions()
        let replica = replicas[leader]
        // The model does not know what limits of subjects have asked for: after the newest is removed, it
        // cannot tell which is.
        let isLimited = replica.topic.configuration.retention.maxPerSubject != nil
        let knowsNewest = !isLimited || replica.asked.isEmpty
        switch Int.random(in: 0..<40, using: &random) {
        case 0: conditions.rollup = .subject
        case 1: conditions.rollup = .all
        case 2:
            conditions.lastSequence = (replica.open.last ?? replica.rows.last)?.sequence.rawValue
        case 3: conditions.lastSequence = 3
        case 4 where knowsNewest:
            let last = replica.live.last { $0.subject == subject }
            conditions.lastSubjectSequence = last?.sequence.rawValue ?? 0
        case 5 where knowsNewest: conditions.lastSubjectSequence = 1
        default: break
        }
        return conditions
    }

    /// Somebody asks for messages to go.
    private mutating func remove() {
        guard let leader else { return }
        if Bool.random(using: &random) {
            guard let row = replicas[leader].live.randomElement(using: &random) else { return }
            guard row.sequence < replicas[leader].topic.floor else { return }
            replicas[leader].topic.remove(row.sequence, length: UInt32(row.length))
            replicas[leader].asked.insert(row.sequence)
        } else if replicas[leader].topic.isIndexComplete {
            let last = replicas[leader].topic.tail.nextSequence
            let purge = SubjectPurge(pattern: Array("t.*".utf8), before: last, keep: 1)
            var asked: [Sequence] = []
            for subject in ["t.a", "t.b"] {
                let rows = replicas[leader].live.filter {
                    $0.subject == subject
                        && $0.sequence < min(last, replicas[leader].topic.floor)
                }
                asked += rows.dropLast().map(\.sequence)
            }
            // Limits of subjects may have asked for some of them.
            var progress = SubjectPurge.Progress()
            replicas[leader].topic.purge(purge, &progress)
            #expect(progress.isDecided && progress.last <= asked.max() ?? .zero, "seed \(seed)")
            replicas[leader].asked.formUnion(asked)
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
        let first = max(replicas[leader].topic.tail.firstSequence, replicas[leader].rollup)
        let chunk = replicas[leader].topic.seal(
            group: group,
            entry: nextEntry(leader),
            expiry: Timestamp(expiry)
        )
        replicas[leader].open = []
        replicas[leader].rollup = .zero
        replicas[leader].append(chunk)
        checkFirst(chunk, replicas[leader].firstSequence(expiry: expiry, after: first))
    }

    /// Proposes what is due without a publish; returns whether something was.
    @discardableResult
    mutating func sweep() -> Bool {
        guard let leader, replicas[leader].topic.isBuilderEmpty,
            replicas[leader].applied == replicas[leader].lastIndex
        else { return false }
        loadFront(leader)
        let wall = replicas[leader].wall
        let first = replicas[leader].topic.tail.firstSequence
        let chunk = replicas[leader].topic.trimChunk(
            group: group,
            entry: nextEntry(leader),
            wall: Timestamp(wall),
            expiry: Timestamp(wall)
        )
        guard let chunk else {
            if isExact {
                #expect(replicas[leader].firstSequence(expiry: wall, after: first) == first)
            }
            return false
        }
        replicas[leader].append(chunk)
        checkFirst(chunk, replicas[leader].firstSequence(expiry: wall, after: first))
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

    /// Gives a replica's index what it lacks, or a part of that.
    mutating func feedIndex(_ node: Int, wholly: Bool = false) {
        guard wholly || isExact || Bool.random(using: &random) else { return }
        while let next = replicas[node].topic.indexNeeds() {
            let chunk = replicas[node].log.first {
                $0.header.nextSequence > next && $0.header.count > 0
            }
            guard let chunk else { return }
            // Right after a start, the first message may be in a file that is gone.
            replicas[node].topic.skipIndex(to: chunk.header.baseSequence)
            replicas[node].topic.feedIndex(chunk)
            guard wholly || isExact || Bool.random(using: &random) else { return }
        }
        for chunk in replicas[node].log where chunk.header.index > replicas[node].applied {
            replicas[node].topic.feedIndex(chunk)
        }
        guard node == leader, wholly || Bool.random(using: &random) else { return }
        replicas[node].topic.sweepSubjectsAgain()
        _ = replicas[node].topic.sweepSubjects(most: 2, isLeader: true)
    }

    private func nextEntry(_ leader: Int) -> EntryID {
        EntryID(index: replicas[leader].lastIndex.next, term: Term(term))
    }
}
