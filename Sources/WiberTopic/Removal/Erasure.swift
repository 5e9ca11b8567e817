public import WiberBase

/// Messages whose bodies this replica is to erase from its disk, by what is committed.
public struct Erasure: Equatable, Sendable {
    /// The first one.
    public var first: Sequence
    /// The message after the last one; what lies between and is not gone stays.
    public var end: Sequence
    /// The entry that says so.
    public var entry: LogIndex

    /// Messages in a row.
    public init(first: Sequence, end: Sequence, entry: LogIndex) {
        self.first = first
        self.end = end
        self.entry = entry
    }

    /// Makes one of two: where much is to be erased, more files are looked at than need be.
    public mutating func join(_ other: Erasure) {
        first = min(first, other.first)
        end = max(end, other.end)
        entry = max(entry, other.entry)
    }
}

/// What the log has asked to erase, until somebody takes it.
struct Erasures {
    /// The most that are kept apart.
    static let countMax = 4_096
    private var list: [Erasure] = []
    var isEmpty: Bool { list.isEmpty }

    mutating func add(_ removal: Removal, _ entry: LogIndex) {
        guard removal.isErasing else { return }
        let erasure = Erasure(first: removal.first, end: removal.end, entry: entry)
        if list.count < Self.countMax {
            list.append(erasure)
        } else {
            list[list.count - 1].join(erasure)
        }
    }

    mutating func take() -> [Erasure] {
        defer { list = [] }
        return list
    }
}
