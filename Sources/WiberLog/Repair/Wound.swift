public import WiberBase

/// The end of a group's log after the write-ahead log was damaged (rules.md 4 and 5).
///
/// The group is not in use: it neither votes nor acknowledges. Either every lost entry has a name
/// and is put back as it was, from whoever has it; or the group is suspect, and its log begins anew
/// after its segments, with what is committed elsewhere, until it has everything that was
/// committed when the process had started.
struct Wound: Sendable {
    /// What the write-ahead log held after the segments: entries, and the names of lost ones.
    var rows: [BatchRow]
    /// Nothing says what is lost.
    var isSuspect: Bool
    /// The first entry that was lost; what is before it is durable where it is.
    let firstHole: LogIndex
    /// Entries up to here were committed, as the segments say.
    var needed: LogIndex
    /// The newest write-ahead log file that has the rows, or says that the group is suspect.
    var generation: UInt64

    init(_ tail: WALReplay.Tail, needed: LogIndex, generation: UInt64) {
        rows = tail.rows
        isSuspect = tail.isSuspect
        firstHole = tail.rows.first { $0.hole != nil }?.index ?? .zero
        self.needed = needed
        self.generation = generation
    }

    /// Where the row of an entry is among ``rows``.
    func place(of index: LogIndex) -> Int? {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].index < index { low = middle + 1 } else { high = middle }
        }
        return low < rows.count && rows[low].index == index ? low : nil
    }

    func row(at index: LogIndex) -> BatchRow? { place(of: index).map { rows[$0] } }

    /// What says all this in a batch.
    func marks(_ group: GroupID) -> [BatchRow] {
        if Mutant.woundForgotten.isOn { return rows.filter { $0.chunk != nil } }
        return isSuspect ? [.mark(RecordHeader(.suspect, group))] + rows : rows
    }
}

/// The name of an entry that a log has lost.
public struct LostEntry: Hashable, Sendable {
    /// Where it was.
    public var index: LogIndex
    /// Its term.
    public var term: Term
    /// The CRC-32C of its bytes.
    public var checksum: UInt32

    /// An entry's name.
    public init(index: LogIndex, term: Term, checksum: UInt32) {
        self.index = index
        self.term = term
        self.checksum = checksum
    }

    init(_ header: RecordHeader) {
        self.init(index: header.index, term: header.term, checksum: header.checksum)
    }
}
