import WiberBase
import WiberSubject

/// What leaves a topic from its middle.
///
/// The leader decides, and the log says so: a message waits in the queue until a chunk takes it, and is
/// gone for readers once that chunk is committed.
struct Removals {
    typealias Row = MessageIndex.Row

    /// Gone as far as the log is committed.
    private(set) var committed = SequenceSet()
    /// Gone once what is in the log is committed.
    private(set) var sealed = SequenceSet()
    /// Not in the log yet.
    private(set) var queued = SequenceSet()
    private var queue = RingBuffer<Row>()
    private var inLog = RingBuffer<(index: LogIndex, removals: [Removal])>()

    var queueCount: Int { queue.count }
    var byteCount: Int { committed.byteCount + sealed.byteCount + queued.byteCount }

    /// Whether a message is gone, or will be as far as this leader has decided.
    func isGone(_ sequence: Sequence) -> Bool { isTaken(sequence) || queued.contains(sequence) }

    /// Whether a chunk of the log has taken the message: its header counts it no more.
    func isTaken(_ sequence: Sequence) -> Bool {
        committed.contains(sequence) || sealed.contains(sequence)
    }

    /// What the set takes about when messages in a row join it, in bytes.
    static func cost(ofRow count: UInt64) -> UInt64 { (count >> 12 &+ 2) &* 576 }

    /// The first message from `start` on that no chunk of the log has taken.
    func firstKept(from start: Sequence) -> Sequence {
        var first = start
        while true {
            let next = sealed.firstAbsent(from: committed.firstAbsent(from: first))
            if next == first { return first }
            first = next
        }
    }

    /// How many messages chunks of the log have taken.
    func takenCount(from start: Sequence, to end: Sequence) -> UInt64 {
        committed.count(from: start, to: end) + sealed.count(from: start, to: end)
    }

    /// What waits to be named by a chunk, from `first` on.
    func queuedRows(from first: Sequence) -> [Row] {
        var rows: [Row] = []
        for place in 0..<queue.count where queue[place].sequence >= first {
            rows.append(queue[place])
        }
        return rows
    }

    // MARK: Deciding

    /// Decides that a message goes.
    mutating func add(_ row: Row) {
        guard queued.insert(row.sequence) else { return }
        queue.append(row)
    }

    /// Takes what a chunk shall say; what is before `first` is gone by itself.
    mutating func take(
        most: Int,
        from first: Sequence
    ) -> (removals: [Removal], messages: UInt64, bytes: UInt64) {
        var removals: [Removal] = []
        var messages: UInt64 = 0
        var bytes: UInt64 = 0
        while let row = queue.first {
            if row.sequence >= first {
                if let last = removals.last, last.end == row.sequence,
                    last.count < Removal.countMax
                {
                    removals[removals.count - 1].count += 1
                } else {
                    guard removals.count < most else { break }
                    removals.append(Removal(first: row.sequence, count: 1))
                }
                messages += 1
                bytes += UInt64(row.length)
                sealed.insert(row.sequence)
            }
            queue.popFirst()
            queued.remove(row.sequence)
        }
        return (removals, messages, bytes)
    }

    /// Gives up what is not in the log.
    ///
    /// - Returns: whether there was something.
    mutating func discard() -> Bool {
        let hadSome = !queued.isEmpty || !sealed.isEmpty
        guard !Mutant.removalsNotUndone.isOn else { return hadSome }
        queued = SequenceSet()
        queue = RingBuffer()
        sealed = SequenceSet()
        for place in 0..<inLog.count {
            for removal in inLog[place].removals { sealed.insert(removal) }
        }
        return hadSome
    }

    // MARK: The log

    mutating func appended(_ chunk: Chunk) {
        guard chunk.header.removalCount > 0 else { return }
        let removals = chunk.removals
        inLog.append((chunk.header.index, removals))
        for removal in removals { sealed.insert(removal) }
    }

    /// The chunk is known to be committed.
    mutating func recovered(_ chunk: Chunk) {
        for removal in chunk.removals { committed.insert(removal) }
        committed.drop(before: chunk.header.firstSequence)
    }

    mutating func truncated(from index: LogIndex) {
        while let last = inLog.last, last.index >= index { inLog.popLast() }
        _ = discard()
    }

    /// - Returns: whether messages went.
    mutating func applied(_ header: ChunkHeader) -> Bool {
        var hasGone = false
        while let entry = inLog.first, entry.index <= header.index {
            inLog.popFirst()
            hasGone = true
            for removal in entry.removals {
                committed.insert(removal)
                sealed.remove(removal)
            }
        }
        committed.drop(before: header.firstSequence)
        return hasGone
    }
}
