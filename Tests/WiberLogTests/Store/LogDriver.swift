import Testing
import WiberBase

@testable import WiberLog

/// A small log, driven as a shard does, with a model of what was promised.
struct LogDriver {
    static let groups: [(id: GroupID, name: String)] = [
        (.meta, ""), (GroupID(7), "orders"), (GroupID(9), "notes-2"),
    ]

    /// What was said to be durable about one group, and what was asked for since.
    struct Model {
        /// Chunks as appended, from index 1.
        var log: [Chunk] = []
        /// Everything ever appended, by entry.
        var ever: [EntryID: [UInt8]] = [:]
        /// Up to here the log was reported durable; a truncation lowers it.
        var durable = LogIndex.zero
        var commit = LogIndex.zero
        var hard = Hard()
        /// States asked for after the reported one.
        var hardAsked: [Hard] = []
        var term = Term(1)
        var trimmed = LogIndex(1)
    }

    struct Hard: Equatable {
        var term = Term.zero
        var votedFor = NodeID.zero
    }

    static let identity = LogIdentity(
        nodeID: NodeID(2),
        nodeName: "n2",
        newStoreID: UniqueID(high: 1, low: 2),
        bootID: UniqueID(high: 3, low: 4)
    )

    /// Files so small that every rule is met within a hundred steps.
    static var options: LogOptions {
        var options = LogOptions()
        options.walFileSize = 48 << 10
        options.firstWALFileSize = 20 << 10
        options.batchTarget = 8 << 10
        options.segmentSize = 6 << 10
        options.flushThreshold = 2 << 10
        options.flushTarget = 4 << 10
        options.sparseInterval = 1 << 10
        options.retainedBytes = 3 << 10
        return options
    }

    let disk: MemoryDisk
    var store: LogStore
    var recovery: Recovery
    var models: [GroupID: Model] = [:]
    var random: RandomSource
    /// The longest payload of a message.
    var payloadMax = 300

    init(_ disk: MemoryDisk, seed: UInt64, options: LogOptions = LogDriver.options) throws {
        self.disk = disk
        random = RandomSource(seed: seed)
        (store, recovery) = try LogStore.open(disk, options: options, identity: Self.identity)
        for (id, name) in Self.groups {
            store.register(id, name: name)
            models[id] = Model()
        }
    }

    /// Makes the chunk that follows a log.
    static func chunk(
        _ group: GroupID,
        after last: ChunkHeader?,
        term: Term,
        messages: Int,
        size: Int = 40
    ) -> Chunk {
        var header = ChunkHeader()
        header.group = group
        header.index = last?.index.next ?? LogIndex(1)
        header.term = term
        header.previousChecksum = last?.checksum ?? 0
        header.baseSequence = last?.nextSequence ?? Sequence(1)
        header.baseTime = Timestamp((last?.baseTime.rawValue ?? 1_000) + 10)
        guard messages > 0 else { return .control(header) }
        var builder = ChunkBuilder()
        for place in 0..<messages {
            let byte = UInt8(truncatingIfNeeded: header.index.rawValue &+ UInt64(place))
            let payload = [UInt8](repeating: byte, count: size)
            payload.withUnsafeBytes { bytes in
                let time = Timestamp(header.baseTime.rawValue + UInt64(place))
                _ = builder.append(MessageBody(payload: bytes), time: time)
            }
        }
        return builder.seal(header)
    }

    /// Appends `count` chunks, after `keeping` entries of the log if that is given.
    mutating func append(_ group: GroupID, count: Int, keeping: Int? = nil) {
        guard var model = models[group] else { return }
        if let keeping, keeping < model.log.count, UInt64(keeping) >= model.commit.rawValue {
            model.log.removeLast(model.log.count - keeping)
            model.durable = min(model.durable, LogIndex(UInt64(keeping)))
            model.term = model.term.next
        }
        var chunks: [Chunk] = []
        for _ in 0..<count {
            let messages = Int.random(in: 0...4, using: &random)
            let chunk = Self.chunk(
                group,
                after: model.log.last?.header,
                term: model.term,
                messages: messages,
                size: Int.random(in: 0...payloadMax, using: &random)
            )
            model.log.append(chunk)
            model.ever[chunk.id] = chunk.bytes
            chunks.append(chunk)
        }
        models[group] = model
        store.append(group, chunks, tag: model.term)
    }

    mutating func persist(_ group: GroupID) {
        guard var model = models[group] else { return }
        let last = model.hardAsked.last ?? model.hard
        let next = Hard(
            term: last.term.next,
            votedFor: NodeID(UInt64.random(in: 0...3, using: &random))
        )
        model.hardAsked.append(next)
        models[group] = model
        store.persist(group, term: next.term, votedFor: next.votedFor)
    }

    mutating func commit(_ group: GroupID, through index: LogIndex) {
        guard let model = models[group], index > model.commit else { return }
        models[group]?.commit = index
        store.commit(group, through: index)
    }

    /// Runs a log job; what it completes enters the model.
    mutating func runJob() throws {
        guard let job = store.nextJob() else { return }
        try job.run(on: disk)
        finish(job)
    }

    mutating func finish(_ job: LogJob) {
        for completion in store.complete(job) {
            switch completion {
            case .log(let group, let through, let tag):
                guard let model = models[group], tag == model.term else { continue }
                models[group]?.durable = max(model.durable, through)
            case .hardState(let group, let term, let votedFor):
                let hard = Hard(term: term, votedFor: votedFor)
                models[group]?.hard = hard
                models[group]?.hardAsked.removeAll { $0.term <= hard.term }
            case .superblock, .whole, .installed, .removed: break
            }
        }
    }

    mutating func runFlush() throws {
        guard let job = store.nextFlush() else { return }
        try job.run(on: disk)
        store.complete(job)
    }

    /// Lets everything that waits happen.
    mutating func settle() throws {
        for _ in 0..<64 {
            try runJob()
            try runFlush()
        }
    }

    /// One random thing that a shard does.
    mutating func step() throws {
        let group = Self.groups[Int.random(in: 0..<3, using: &random)].id
        guard let model = models[group] else { return }
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<7: append(group, count: Int.random(in: 1...3, using: &random))
        case 7:
            let keeping = Int.random(in: 0...model.log.count, using: &random)
            append(group, count: 1, keeping: max(keeping, Int(model.commit.rawValue)))
        case 8: persist(group)
        case 9..<12 where !model.log.isEmpty:
            let low = model.commit.rawValue
            let high = UInt64(model.log.count)
            commit(group, through: LogIndex(UInt64.random(in: low...high, using: &random)))
        case 12..<16: try runJob()
        case 16..<19: try runFlush()
        case 19 where model.commit > LogIndex(20):
            store.trim(
                group,
                below: Sequence(UInt64.max / 4),
                index: LogIndex(model.commit.rawValue - 10)
            )
        default: store.seal()
        }
    }
}
