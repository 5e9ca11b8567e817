public import WiberBase

/// Which messages of a topic have which subject, oldest first.
///
/// It knows what was appended; who owns it says which messages are gone. Rows leave when they are gone
/// for good (``prune(_:isGone:)``), and with the end of the log (``truncate(from:)``).
public struct MessageIndex: Sendable {
    /// One message.
    public struct Row: Equatable, Sendable {
        /// Its place in the topic.
        public var sequence: Sequence
        /// The size of its body, in bytes.
        public var length: UInt32

        /// A message of `length` bytes.
        public init(sequence: Sequence, length: UInt32) {
            self.sequence = sequence
            self.length = length
        }
    }

    private struct Entry: Sendable {
        var rows: [Row] = []
        /// Before this, rows are gone for good.
        var head = 0
        /// Before this, rows are gone as far as it was decided.
        var decided = 0
        /// The epoch in which no row behind `decided` was gone.
        var epoch: UInt64 = 0
    }

    /// What an entry takes beside its subject and its rows, in bytes.
    private static let entrySize = 192
    private static let rowSize = 16

    private var entries: ByteMap<Entry>
    /// The message that comes next; what is before it is here, from where the index began.
    public private(set) var next: Sequence
    /// Grows whenever messages go that are not the oldest of their subject.
    private var epoch: UInt64 = 1
    /// The memory in use, about, in bytes.
    public private(set) var byteCount = 0

    /// An index of what comes from `start` on; `seed` decides the places of subjects.
    public init(from start: Sequence, seed: UInt64) {
        next = start
        entries = ByteMap(hash: KeyedHash(seed: seed))
    }

    /// The subjects of messages that are not gone for good, and some more.
    public var subjectCount: Int { entries.count }
    /// The memory that another message takes at most, beside its subject, in bytes.
    public static let costMax = entrySize + rowSize

    // MARK: The log

    /// Adds the next message; returns the number of its subject, until rows are pruned.
    ///
    /// One that is not new may be gone.
    ///
    /// - Precondition: `row` is the message at ``next``.
    @discardableResult
    public mutating func append(
        _ subject: UnsafeRawBufferPointer,
        _ row: Row,
        isNew: Bool
    ) -> Int {
        invariant(row.sequence == next, "\(row.sequence) in place of \(next)")
        next = row.sequence.next
        let hashed = entries.hash(subject)
        var number = entries.find(subject, hashed)
        if number == nil {
            number = entries.count
            entries.insert(subject, hashed, Entry(epoch: epoch))
            byteCount += Self.entrySize + subject.count
        }
        let found = number ?? 0
        entries[found].rows.append(row)
        if !isNew { entries[found].epoch = 0 }
        byteCount += Self.rowSize
        return found
    }

    /// There are no messages before `sequence` that are not here.
    public mutating func skip(to sequence: Sequence) { next = max(next, sequence) }

    /// The log ends before `end` now: later messages were never there, and what was decided may not be.
    public mutating func truncate(from end: Sequence) {
        next = min(next, end)
        for number in (0..<entries.count).reversed() {
            entries[number].decided = entries[number].head
            entries[number].epoch = 0
            while let last = entries[number].rows.last, last.sequence >= end {
                entries[number].rows.removeLast()
                byteCount -= Self.rowSize
            }
            removeIfEmpty(number)
        }
    }

    /// Messages go that are not the oldest of their subject.
    public mutating func goneFromWithin() { epoch += 1 }

    // MARK: What is there

    /// The number of a subject, until rows are pruned; `nil` if there is no message.
    public func number(of subject: UnsafeRawBufferPointer) -> Int? {
        entries.find(subject, entries.hash(subject))
    }

    /// The newest message of a subject.
    public func newest(_ number: Int, isGone: (Sequence) -> Bool) -> Row? {
        entries[number].rows[entries[number].decided...].last { !isGone($0.sequence) }
    }

    /// The newest message of a subject from `start` on and before `end`, also one that is decided to
    /// go; costs what is gone behind it.
    public func newest(
        _ number: Int,
        from start: Sequence,
        before end: Sequence,
        isGone: (Sequence) -> Bool
    ) -> Row? {
        rows(number, from: start, before: end).last { !isGone($0.sequence) }
    }

    /// The oldest message of a subject from `start` on and before `end`, also one that is decided to
    /// go; costs what is gone before it.
    public func oldest(
        _ number: Int,
        from start: Sequence,
        before end: Sequence,
        isGone: (Sequence) -> Bool
    ) -> Row? {
        rows(number, from: start, before: end).first { !isGone($0.sequence) }
    }

    private func rows(
        _ number: Int,
        from start: Sequence,
        before end: Sequence
    ) -> ArraySlice<Row> {
        let rows = entries[number].rows
        let stop = rows.partition(before: end)
        let first = max(entries[number].head, rows.partition(before: start))
        return rows[min(first, stop)..<stop]
    }

    /// Whether a pattern matches a subject.
    public func matches(_ number: Int, _ pattern: UnsafeRawBufferPointer) -> Bool {
        entries.key(number).withUnsafeBytes { Subject.matches(pattern, $0) }
    }

    /// The oldest messages of a subject before `end`, `most` at most; the newest of those before `end`
    /// are not among them, as many as `keep`.
    public mutating func oldest(
        _ number: Int,
        before end: Sequence,
        keep: UInt64,
        most: Int,
        isGone: (Sequence) -> Bool
    ) -> [Row] {
        var place = skipGone(number, isGone)
        var stop = entries[number].rows.partition(before: end)
        var kept: UInt64 = 0
        while kept < keep, stop > place {
            stop -= 1
            if !isGone(entries[number].rows[stop].sequence) { kept += 1 }
        }
        var found: [Row] = []
        while place < stop, found.count < most {
            let row = entries[number].rows[place]
            if !isGone(row.sequence) { found.append(row) }
            place += 1
        }
        return found
    }

    /// The place of the oldest message of a subject that is not gone; it is looked for from where it was.
    private mutating func skipGone(_ number: Int, _ isGone: (Sequence) -> Bool) -> Int {
        let count = entries[number].rows.count
        var place = entries[number].decided
        while place < count, isGone(entries[number].rows[place].sequence) { place += 1 }
        entries[number].decided = place
        return place
    }

    /// The oldest messages of a subject that are more than `limit` and before `end`, `most` at most.
    public mutating func excess(
        _ number: Int,
        before end: Sequence = Sequence(.max),
        limit: UInt64,
        most: Int,
        isGone: (Sequence) -> Bool
    ) -> [Row] {
        let count = entries[number].rows.count
        var place = skipGone(number, isGone)
        guard UInt64(count - place) > limit else { return [] }
        var live = UInt64(count - place)
        if entries[number].epoch != epoch {
            let gone = entries[number].rows[place...].count { isGone($0.sequence) }
            live -= UInt64(gone)
            if gone == 0 { entries[number].epoch = epoch }
        }
        var found: [Row] = []
        while live > limit, found.count < most, place < count {
            let row = entries[number].rows[place]
            guard row.sequence < end else { break }
            place += 1
            guard !isGone(row.sequence) else { continue }
            found.append(row)
            live -= 1
        }
        return found
    }

    // MARK: What goes

    /// Drops the rows of a subject that are gone for good; the last subject may get its number.
    public mutating func prune(_ number: Int, isGone: (Sequence) -> Bool) {
        var head = entries[number].head
        let count = entries[number].rows.count
        while head < count, isGone(entries[number].rows[head].sequence) { head += 1 }
        entries[number].head = head
        entries[number].decided = max(head, entries[number].decided)
        if entries[number].epoch != epoch {
            return compact(number, isGone)
        }
        guard head == count || head >= 16 && head * 2 >= count else { return }
        compact(number, isGone)
    }

    private mutating func compact(_ number: Int, _ isGone: (Sequence) -> Bool) {
        let before = entries[number].rows.count
        entries[number].rows.removeAll { isGone($0.sequence) }
        byteCount -= (before - entries[number].rows.count) * Self.rowSize
        entries[number].head = 0
        entries[number].decided = 0
        removeIfEmpty(number)
    }

    private mutating func removeIfEmpty(_ number: Int) {
        guard entries[number].rows.isEmpty else { return }
        byteCount -= Self.entrySize + entries.key(number).count
        entries.remove(number)
    }
}

extension [MessageIndex.Row] {
    /// How many of the rows, which are in order, are before a message.
    fileprivate func partition(before end: Sequence) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].sequence < end { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
