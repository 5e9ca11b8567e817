public import WiberBase

/// Which chunks to read from one segment file; runs on a read thread.
public struct ReadPlan: Sendable {
    enum Start: Equatable, Sendable {
        case index(LogIndex)
        case sequence(Sequence)
        case time(Timestamp)
    }

    let path: String
    let group: GroupID
    let start: Start
    let byteBudget: Int
    /// Where to start reading, if memory knows; otherwise the file's own sparse index says.
    let offset: Int?
    /// Where the chunks end.
    let end: Int

    /// Reads and verifies chunks, up to the byte budget or the end of the file, at least one.
    ///
    /// The first one holds the index or the sequence that was asked for, or is the first
    /// after it; by time, it is the last one that begins earlier.
    ///
    /// - Throws: ``LogError``: the segment is damaged, or was removed by a trim meanwhile.
    public func run(on disk: any Disk) throws(LogError) -> [Chunk] {
        let size: Int?
        do throws(DiskError) {
            size = try disk.size(path)
        } catch {
            throw .disk(error)
        }
        guard let size, size >= end else {
            throw .damaged([Damage(path: path, what: "the file is missing or has lost its end")])
        }
        var reader = SegmentReader(disk, path, size: size)
        var next = try firstOffset(&reader)
        var chunks: [Chunk] = []
        var bytes = 0
        var last: LogIndex?
        while next < end {
            let header = try reader.verifyIdentity(at: next)
            guard header.group == group, last == nil || header.index == last?.next else {
                let what = "chunk \(header.id) of group \(header.group) is out of place"
                throw .damaged([Damage(path: path, offset: next, what: what)])
            }
            last = header.index
            if !isBefore(header) {
                if replacesLast(header, chunks) { chunks = [] }
                guard chunks.isEmpty || bytes + Int(header.length) <= byteBudget else { break }
                chunks.append(try reader.chunk(at: next))
                bytes = chunks.count == 1 ? Int(header.length) : bytes + Int(header.length)
            }
            next += Int(header.length)
        }
        return chunks
    }

    private func firstOffset(_ reader: inout SegmentReader) throws(LogError) -> Int {
        if let offset { return offset }
        guard let trailer = try reader.trailer() else {
            throw .damaged([Damage(path: path, what: "the trailer is damaged")])
        }
        let tables = try reader.tables(trailer)
        if let found = Self.offset(of: start, in: tables.sparse) { return found }
        return try reader.header().length
    }

    /// Where to start reading after a sparse index; `nil` before its first row.
    static func offset(of start: Start, in rows: [SparseRow]) -> Int? {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if isEarly(rows[middle], start) { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? rows.first.map { Int($0.offset) } : Int(rows[low - 1].offset)
    }

    /// Whether a read may begin here.
    ///
    /// Two chunks can begin at one time, if one has no messages.
    private static func isEarly(_ row: SparseRow, _ start: Start) -> Bool {
        switch start {
        case .index(let index): row.index <= index
        case .sequence(let sequence): row.sequence <= sequence
        case .time(let time): row.time < time
        }
    }

    private func isBefore(_ header: ChunkHeader) -> Bool {
        switch start {
        case .index(let index): header.index < index
        case .sequence(let sequence): header.nextSequence <= sequence
        case .time: false
        }
    }

    /// By time: a later chunk that still begins before what was asked for.
    private func replacesLast(_ header: ChunkHeader, _ chunks: [Chunk]) -> Bool {
        guard case .time(let time) = start, chunks.count == 1 else { return false }
        return header.baseTime < time
    }
}
