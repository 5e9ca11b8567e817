import Testing
import WiberBase

@testable import WiberTopic

/// A topic on one node, beside a dumb model of it: every message of its log in an array.
struct Replica {
    /// A message as the model knows it.
    struct Row {
        var sequence: Sequence
        var time: Timestamp
        var length: UInt64
        var digest: Digest128?
        var index: LogIndex
    }

    var topic: TopicState
    /// The chunks that are still in files.
    var log: [Chunk] = []
    /// How many chunks are no longer in files.
    var cut = 0
    /// Up to here, files were gone at the last start; their ids had left by committed log time,
    /// which may not be known to be committed right after a start.
    var forgotten = LogIndex.zero
    /// Every message of the log, also those that have left.
    var rows: [Row] = []
    /// What is admitted and not sealed.
    var open: [Row] = []
    var applied = LogIndex.zero
    /// This node's clock.
    var wall: UInt64

    init(configuration: TopicConfiguration, wall: UInt64) {
        topic = TopicState(configuration: configuration)
        self.wall = wall
    }

    var lastIndex: LogIndex { LogIndex(UInt64(cut + log.count)) }
    var lastEntry: EntryID { log.last?.id ?? .zero }
    /// The index of the first chunk that is in a file.
    var firstIndex: LogIndex { LogIndex(UInt64(cut + 1)) }

    func chunk(at index: LogIndex) -> Chunk? {
        let place = Int(index.rawValue) - cut - 1
        return log.indices.contains(place) ? log[place] : nil
    }

    mutating func append(_ chunk: Chunk) {
        topic.appended(chunk, digester: digester)
        log.append(chunk)
        chunk.forEachMessage { message in
            rows.append(
                Row(
                    sequence: message.sequence,
                    time: message.time,
                    length: UInt64(message.length),
                    digest: topic.digest(of: message.body, digester),
                    index: chunk.header.index
                )
            )
            return true
        }
    }

    mutating func truncate(from index: LogIndex) {
        log.removeSubrange((Int(index.rawValue) - cut - 1)...)
        rows.removeAll { $0.index >= index }
        open = []
        topic.truncated(from: index, last: log.last)
    }

    mutating func apply(through index: LogIndex) {
        while applied < min(index, lastIndex), let chunk = chunk(at: applied.next) {
            applied = applied.next
            topic.applied(chunk)
        }
    }

    mutating func stepDown() {
        open = []
        topic.discardBuilder()
    }

    // MARK: What the model says

    func admission(_ digest: Digest128?, length: UInt64) -> Admission {
        let last = open.last?.time ?? log.last?.lastTime ?? .zero
        let time = max(Timestamp(wall), last.next)
        let window = topic.configuration.dedupWindow
        let first = (rows + open).last {
            digest != nil && $0.digest == digest && $0.time.rawValue + window >= time.rawValue
        }
        if let first { return .duplicate(of: first.sequence, at: first.index) }
        let next = open.last?.sequence ?? rows.last?.sequence ?? .zero
        return .accepted(next.next, time)
    }

    /// The first sequence that the limits ask for, once what is open is stored.
    func firstSequence(expiry: UInt64) -> Sequence {
        let limits = topic.configuration.retention
        var first = log.last?.header.firstSequence ?? Sequence(1)
        var live = (rows + open).filter { $0.sequence >= first }[...]
        var bytes = live.reduce(0) { $0 + $1.length }
        while let oldest = live.first {
            let isDue =
                live.count > limits.maxMessages ?? .max || bytes > limits.maxBytes ?? .max
                || oldest.time.rawValue + (limits.maxAge ?? .max / 2) < expiry
            guard isDue else { return first }
            live.removeFirst()
            bytes -= oldest.length
            first = oldest.sequence.next
        }
        return first
    }

    /// Compares the state with the model.
    func check(_ comment: Comment) {
        #expect(topic.tail == expected(through: lastIndex), comment)
        #expect(topic.committed == expected(through: applied), comment)
        let start = topic.windowStart(topic.committed.lastTime)
        let remembered = rows.count {
            $0.digest != nil && $0.time >= start && $0.index > forgotten
        }
        #expect(topic.idCount == remembered + open.count { $0.digest != nil }, comment)
    }

    private func expected(through index: LogIndex) -> Tail {
        guard let header = chunk(at: index)?.header else { return Tail() }
        var tail = Tail()
        let live = rows.filter { $0.sequence >= header.firstSequence && $0.index <= index }
        tail.nextSequence = (rows.last { $0.index <= index }?.sequence ?? .zero).next
        tail.firstSequence = header.firstSequence
        tail.lastTime = chunk(at: index)?.lastTime ?? .zero
        tail.nextLamport = header.baseLamport + UInt64(max(1, header.count))
        tail.liveMessages = UInt64(live.count)
        tail.liveBytes = live.reduce(0) { $0 + $1.length }
        tail.checksum = header.checksum
        return tail
    }
}
