import WiberBase

/// The oldest messages' sizes and times, as far as they were loaded: what retention takes away
/// first.
struct FrontCursor: Sendable {
    struct Row: Sendable {
        var sequence: Sequence
        var time: Timestamp
        var length: UInt32
    }

    private var rows = RingBuffer<Row>()
    /// The sequence after the last row.
    private(set) var next = Sequence.zero
    static let rowsMax = 65_536

    var first: Row? { rows.first }
    var count: Int { rows.count }

    /// Adds the rows of a chunk from `start` on, if they join what is there.
    mutating func feed(_ chunk: Chunk, from start: Sequence) {
        if rows.isEmpty { next = start }
        guard chunk.header.baseSequence <= next, chunk.header.nextSequence > next else { return }
        chunk.forEachMessage { message in
            if message.sequence >= next {
                let length = UInt32(clamping: message.length)
                rows.append(Row(sequence: message.sequence, time: message.time, length: length))
            }
            return true
        }
        next = chunk.header.nextSequence
    }

    mutating func popFirst() -> Row? { rows.popFirst() }

    /// Drops what is before `first`.
    mutating func drop(before first: Sequence) {
        while let row = rows.first, row.sequence < first { rows.popFirst() }
        if rows.isEmpty { next = max(next, first) }
    }

    /// A truncated log may have other rows.
    mutating func reset() {
        rows.removeAll()
        next = .zero
    }
}
