import WiberBase

/// The sizes and times of the oldest messages, as far as they are at hand: what retention takes
/// away first.
///
/// `rows` starts at the topic's first message and has no gap but of messages that are gone. What the leader admits joins it
/// directly; while `rows` does not reach that far (the topic is long, or this leader is new), it
/// waits in `ahead` until it is committed, since then it can be loaded like everything else.
struct FrontCursor {
    struct Row {
        var sequence: Sequence
        var time: Timestamp
        var length: UInt32
    }

    /// How many rows are kept at hand; a chunk more at most.
    static let rowsMax = 16_384

    private var rows = RingBuffer<Row>()
    private var ahead = RingBuffer<Row>()
    /// The sequence after the last row.
    private(set) var next = Sequence.zero

    var first: Row? { rows.first }
    var count: Int { rows.count }
    var aheadCount: Int { ahead.count }

    /// Where the rows go on: at the topic's first sequence, which is `start`, if there are none.
    func end(from start: Sequence) -> Sequence { rows.isEmpty ? start : max(start, next) }

    /// Adds the rows of a chunk, if they join what is there; up to `start` there is nothing to add.
    mutating func feed(_ chunk: Chunk, from start: Sequence) {
        next = end(from: start)
        guard chunk.header.baseSequence <= next, chunk.header.nextSequence > next else { return }
        chunk.forEachRow { row in
            if row.sequence >= next { rows.append(row) }
        }
        next = chunk.header.nextSequence
        join()
    }

    /// Adds a message that the leader has just admitted.
    mutating func admit(_ row: Row, from start: Sequence) {
        if rows.isEmpty, ahead.isEmpty { next = start }
        guard next == row.sequence, rows.count < Self.rowsMax else { return ahead.append(row) }
        rows.append(row)
        next = row.sequence.next
    }

    /// Moves what waits in `ahead` as soon as it joins.
    private mutating func join() {
        while let row = ahead.first, row.sequence <= next {
            ahead.popFirst()
            guard row.sequence == next else { continue }
            rows.append(row)
            next = row.sequence.next
        }
    }

    @discardableResult
    mutating func popFirst() -> Row? { rows.popFirst() }

    /// Drops what is before the topic's first message.
    mutating func drop(before first: Sequence) {
        while let row = rows.first, row.sequence < first { rows.popFirst() }
        if rows.isEmpty {
            next = max(next, first)
            join()
        }
    }

    /// What is committed can be loaded, and need not wait.
    mutating func dropAhead(before committed: Sequence) {
        while let row = ahead.first, row.sequence < committed { ahead.popFirst() }
    }

    /// Drops what was admitted and is given up, from `end` on.
    mutating func discard(from end: Sequence) {
        while let row = ahead.last, row.sequence >= end { ahead.popLast() }
        while let row = rows.last, row.sequence >= end { rows.popLast() }
        next = min(next, end)
    }

    /// Forgets all: a log that was truncated may have other rows, and an earlier first message.
    mutating func reset() { self = FrontCursor() }
}

extension Chunk {
    /// Calls `visit` with sequence, time and size of each message, and does not look at bodies.
    func forEachRow(_ visit: (FrontCursor.Row) -> Void) {
        guard header.kind == .messages else { return }
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw, at: ChunkHeader.size)
            for place in 0..<UInt64(header.count) {
                guard let length = try? reader.integer(UInt32.self),
                    let delta = try? reader.integer(UInt32.self),
                    (try? reader.integer(UInt32.self)) != nil
                else { return }
                visit(
                    FrontCursor.Row(
                        sequence: Sequence(header.baseSequence.rawValue &+ place),
                        time: Timestamp(header.baseTime.rawValue &+ UInt64(delta)),
                        length: length & ~ChunkHeader.erasedRow
                    )
                )
            }
        }
    }

    /// The last message's time; the entry's if there is none.
    var lastTime: Timestamp {
        guard header.count > 0 else { return header.baseTime }
        let row = ChunkHeader.size + (Int(header.count) - 1) * ChunkHeader.rowSize
        let delta = bytes.withUnsafeBytes { raw -> UInt32 in
            var reader = ByteReader(raw, at: row + 4)
            return (try? reader.integer(UInt32.self)) ?? 0
        }
        return Timestamp(header.baseTime.rawValue &+ UInt64(delta))
    }
}
