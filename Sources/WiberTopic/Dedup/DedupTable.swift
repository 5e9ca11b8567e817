import WiberBase

/// Which messages the topic remembers, in the order of its log.
///
/// Follows the *appended* log, so that it includes what is not committed yet: a new leader knows the
/// ids in its uncommitted tail without a replay, and a truncation takes them back.
struct DedupTable: Sendable {
    struct Place: Sendable {
        var sequence: Sequence
        var index: LogIndex
    }
    private struct Entry {
        var digest: Digest128
        var time: Timestamp
        var index: LogIndex
    }

    private var places: [Digest128: Place] = [:]
    private var order = RingBuffer<Entry>()

    /// The bytes that one id costs, about.
    static let entrySize = 96
    /// The memory that the ids take, about.
    var byteCount: Int { order.count * Self.entrySize }

    func place(of digest: Digest128) -> Place? { places[digest] }

    mutating func insert(
        _ digest: Digest128,
        _ sequence: Sequence,
        _ time: Timestamp,
        _ index: LogIndex
    ) {
        guard places[digest] == nil else { return }
        places[digest] = Place(sequence: sequence, index: index)
        order.append(Entry(digest: digest, time: time, index: index))
    }

    /// Forgets what is older than `limit`.
    mutating func expire(before limit: Timestamp) {
        while let first = order.first, first.time < limit {
            order.popFirst()
            places[first.digest] = nil
        }
    }

    /// Takes back the entries from `index` on.
    mutating func truncate(from index: LogIndex) {
        while let last = order.last, last.index >= index {
            order.popLast()
            places[last.digest] = nil
        }
    }

    /// What was admitted and not sealed has the index `open` until it has its own.
    mutating func seal(_ index: LogIndex, open: LogIndex) {
        var place = order.count - 1
        while place >= 0, order[place].index == open {
            order[place].index = index
            places[order[place].digest]?.index = index
            place -= 1
        }
    }
}
