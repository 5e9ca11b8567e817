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
    /// Not in the log yet, and to be erased.
    private var queuedErasures: Set<Sequence> = []
    /// What each replica is to erase, by what is committed.
    private(set) var erasures = Erasures()
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
        for place in 0..<queue.count
        where queue[place].sequence >= first && !isTaken(queue[place].sequence) {
            rows.append(queue[place])
        }
        return rows
    }

    /// Whether somebody's wish to have a message erased is not committed yet.
    func isErasureOpen(_ sequence: Sequence) -> Bool {
        guard !queuedErasures.contains(sequence) else { return true }
        for place in 0..<inLog.count {
            for removal in inLog[place].removals where removal.isErasing {
                if removal.first <= sequence, sequence < removal.end { return true }
            }
        }
        return false
    }

    // MARK: Deciding

    /// Decides that a message goes.
    mutating func add(_ row: Row) {
        guard queued.insert(row.sequence) else { return }
        queue.append(row)
    }

    /// Decides that a message's body is erased, which goes or is gone.
    mutating func addErasure(_ row: Row) {
        queuedErasures.insert(row.sequence)
        add(row)
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
            let isErasing = queuedErasures.contains(row.sequence)
            let isHere = row.sequence >= first && !isTaken(row.sequence)
            if isHere || isErasing {
                if let last = removals.last, last.end == row.sequence,
                    last.isErasing == isErasing, last.count < Removal.countMax
                {
                    removals[removals.count - 1].count += 1
                } else {
                    guard removals.count < most else { break }
                    let removal = Removal(first: row.sequence, count: 1, isErasing: isErasing)
                    removals.append(removal)
                }
            }
            if isHere {
                messages += 1
                bytes += UInt64(row.length)
                sealed.insert(row.sequence)
            }
            queue.popFirst()
            queued.remove(row.sequence)
            queuedErasures.remove(row.sequence)
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
        queuedErasures = []
        sealed = SequenceSet()
        for place in 0..<inLog.count {
            for removal in inLog[place].removals { seal(removal) }
        }
        return hadSome
    }

    /// What is to be erased may be gone already.
    private mutating func seal(_ removal: Removal) {
        guard removal.isErasing else { return sealed.insert(removal) }
        for value in removal.first.rawValue..<removal.end.rawValue
        where !committed.contains(Sequence(value)) {
            sealed.insert(Sequence(value))
        }
    }

    /// Whatever is to be erased so far is known to somebody else.
    mutating func takeErasures() -> [Erasure] { erasures.take() }

    // MARK: The log

    mutating func appended(_ chunk: Chunk) {
        guard chunk.header.removalCount > 0 else { return }
        let removals = chunk.removals
        inLog.append((chunk.header.index, removals))
        for removal in removals { seal(removal) }
    }

    /// The chunk is known to be committed.
    mutating func recovered(_ chunk: Chunk) {
        for removal in chunk.removals {
            committed.insert(removal)
            if !Mutant.eraseForgottenAtStart.isOn { erasures.add(removal, chunk.header.index) }
        }
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
                erasures.add(removal, entry.index)
            }
        }
        committed.drop(before: header.firstSequence)
        return hasGone
    }
}
