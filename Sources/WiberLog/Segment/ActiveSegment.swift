import WiberBase

/// The segment that committed chunks are added to, and how it closes.
///
/// Everything follows from the log's own bytes: replicas cut alike, and a replica that writes a
/// part again after a crash writes the same bytes to the same places (rules 4 and 10).
struct ActiveSegment: Equatable, Sendable {
    let header: SegmentHeader
    let path: String
    /// Where the next chunk goes.
    private(set) var end: Int
    private(set) var tables = SegmentTables()
    private(set) var last: ChunkHeader?
    private var firstTime = Timestamp.zero
    private var sparseOffset = 0
    private var configurationOffset = 0
    /// The removals in its chunks.
    private(set) var removalCount: UInt64 = 0
    /// Sequences here whose bodies are not: erased ones, and ones that a restore left out.
    private(set) var absentCount: UInt64 = 0
    /// What entries up to this one wanted erased is not here: where the file is written anew.
    var erasedThrough = LogIndex.zero
    /// The chunks as they were made, in bytes.
    private var madeLength = 0

    init(_ header: SegmentHeader, directory: String) {
        self.header = header
        path = directory + "/" + header.name
        end = header.length
    }

    /// Whether `chunk` still belongs here.
    func fits(_ chunk: ChunkHeader, limit: Int) -> Bool {
        last == nil || madeLength + Int(chunk.length) <= limit
    }

    /// Whether `chunk` asks to erase a message that may be here: then it begins the next segment, so
    /// that this one can be written anew.
    func ends(before chunk: Chunk) -> Bool {
        guard chunk.header.isErasing, last != nil else { return false }
        return chunk.removals.contains { $0.isErasing && $0.end > header.baseSequence }
    }

    /// Takes note of a chunk that is written at ``end``.
    mutating func add(_ chunk: ChunkHeader, sparseInterval: Int) {
        if last == nil || end - sparseOffset >= sparseInterval {
            sparseOffset = end
            let row = SparseRow(
                index: chunk.index,
                sequence: chunk.baseSequence,
                time: chunk.baseTime,
                offset: UInt64(end)
            )
            tables.sparse.append(row)
        }
        if chunk.kind == .configuration { configurationOffset = end }
        if last == nil { firstTime = chunk.baseTime }
        if last?.term != chunk.term {
            tables.runs.append(EntryID(index: chunk.index, term: chunk.term))
        }
        removalCount += UInt64(chunk.removalCount)
        let next = last?.nextSequence ?? header.baseSequence
        absentCount &+= (chunk.baseSequence.rawValue &- next.rawValue) &+ UInt64(chunk.erasedCount)
        last = chunk
        madeLength += Int(chunk.length)
        end += header.spacing.length(chunk)
    }

    /// What closes the segment; `nil` while it has no chunk.
    func footer() -> (bytes: [UInt8], trailer: SegmentTrailer)? {
        guard let last else { return nil }
        var bytes = tables.encode()
        let trailer = SegmentTrailer(
            chunksEnd: UInt64(end),
            sparseCount: UInt32(tables.sparse.count),
            runCount: UInt32(tables.runs.count),
            tablesChecksum: CRC32C.checksum(bytes),
            lastChecksum: last.checksum,
            group: header.group,
            baseIndex: header.baseIndex,
            lastIndex: last.index,
            lastTerm: last.term,
            baseSequence: header.baseSequence,
            nextSequence: last.nextSequence,
            firstTime: firstTime,
            lastTime: last.baseTime,
            configurationOffset: UInt64(configurationOffset),
            removalCount: removalCount,
            absentCount: absentCount,
            erasedThrough: erasedThrough
        )
        bytes += trailer.encode()
        return (bytes, trailer)
    }
}

/// A closed segment, as memory knows it.
struct ClosedSegment: Equatable, Sendable {
    var path: String
    var trailer: SegmentTrailer
    /// The size of the file itself, in bytes: less than what the trailer says if it is compressed.
    var size: Int
    let isCompressed: Bool

    init(path: String, trailer: SegmentTrailer, size: Int) {
        self.path = path
        self.trailer = trailer
        self.size = size
        isCompressed = SegmentName(path: path)?.isCompressed ?? false
    }
}
