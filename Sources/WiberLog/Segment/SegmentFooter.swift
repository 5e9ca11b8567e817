import WiberBase

/// A row of a segment's sparse index: where one chunk starts.
///
///     byte  size  field
///     0     8     index
///     8     8     sequence  baseSequence of the chunk
///     16    8     time      baseTime of the chunk
///     24    8     offset    in the file, in bytes
struct SparseRow: Equatable, Sendable {
    static let size = 32
    var index: LogIndex
    var sequence: Sequence
    var time: Timestamp
    var offset: UInt64
}

/// The end of a closed segment: tables, then a trailer of fixed size at the end of the file.
///
///     byte  size  field
///     0     32·n  sparse index     see ``SparseRow``; the first chunk has a row
///     …     16·m  term runs        first entry of each term: index u64, term u64
///     …     128   trailer:
///     0     4     magic            "WSF1"
///     4     4     checksum         CRC-32C of the trailer's bytes 8 ..< 128
///     8     8     chunksEnd        where the tables start in the file
///     16    4     sparseCount
///     20    4     runCount
///     24    4     tablesChecksum   CRC-32C of both tables
///     28    4     lastChecksum     of the last chunk
///     32    8     group
///     40    8     baseIndex
///     48    8     lastIndex
///     56    8     lastTerm
///     64    8     baseSequence
///     72    8     nextSequence     after the last message
///     80    8     firstTime        baseTime of the first chunk
///     88    8     lastTime         baseTime of the last chunk
///     96    8     configurationOffset  of the last configuration chunk; 0: none here
///     104   8     removalCount     of all its chunks
///     112   8     absentCount      sequences whose bodies are not here
///     120   8     erasedThrough    what entries up to this one wanted erased is not here; see Erase/
struct SegmentTrailer: Equatable, Sendable {
    static let magic: UInt32 = 0x3146_5357
    static let size = 128

    var chunksEnd: UInt64
    var sparseCount: UInt32 = 0
    var runCount: UInt32 = 0
    var tablesChecksum: UInt32 = 0
    var lastChecksum: UInt32
    var group: GroupID
    var baseIndex: LogIndex
    var lastIndex: LogIndex
    var lastTerm: Term
    var baseSequence: Sequence
    var nextSequence: Sequence
    var firstTime: Timestamp
    var lastTime: Timestamp
    var configurationOffset: UInt64
    var removalCount: UInt64
    var absentCount: UInt64 = 0
    var erasedThrough = LogIndex.zero

    /// How many messages have their bodies here.
    var keptCount: UInt64 { nextSequence.rawValue &- baseSequence.rawValue &- absentCount }
    var tablesLength: Int {
        Int(sparseCount) * SparseRow.size + Int(runCount) * SegmentTables.runSize
    }
    /// The size of the whole file, if it is not compressed.
    var fileSize: Int { Int(chunksEnd) + tablesLength + Self.size }
    var last: EntryID { EntryID(index: lastIndex, term: lastTerm) }

    func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(Self.magic)
        bytes.appendInteger(UInt32(0))
        bytes.appendInteger(chunksEnd)
        bytes.appendInteger(sparseCount)
        bytes.appendInteger(runCount)
        bytes.appendInteger(tablesChecksum)
        bytes.appendInteger(lastChecksum)
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(baseIndex.rawValue)
        bytes.appendInteger(lastIndex.rawValue)
        bytes.appendInteger(lastTerm.rawValue)
        bytes.appendInteger(baseSequence.rawValue)
        bytes.appendInteger(nextSequence.rawValue)
        bytes.appendInteger(firstTime.rawValue)
        bytes.appendInteger(lastTime.rawValue)
        bytes.appendInteger(configurationOffset)
        bytes.appendInteger(removalCount)
        bytes.appendInteger(absentCount)
        bytes.appendInteger(erasedThrough.rawValue)
        bytes.append(contentsOf: repeatElement(0, count: Self.size - bytes.count))
        bytes.setInteger(CRC32C.checksum(bytes, in: 8..<bytes.count), at: 4)
        return bytes
    }

    /// Reads a trailer; `fileSize` is the size of the file that it ends.
    static func decode(
        _ bytes: UnsafeRawBufferPointer,
        fileSize: Int
    ) throws(CodecError) -> SegmentTrailer {
        var reader = ByteReader(bytes)
        let magic = try reader.integer(UInt32.self)
        guard magic == Self.magic else { throw .invalid(field: "magic", value: UInt64(magic)) }
        let checksum = try reader.integer(UInt32.self)
        var covered = ByteReader(bytes, at: 8)
        guard CRC32C.checksum(try covered.slice(size - 8)) == checksum else {
            throw .checksumMismatch(field: "segment trailer")
        }
        let chunksEnd = try reader.integer(UInt64.self)
        let sparseCount = try reader.integer(UInt32.self)
        let runCount = try reader.integer(UInt32.self)
        let tablesChecksum = try reader.integer(UInt32.self)
        let lastChecksum = try reader.integer(UInt32.self)
        let trailer = SegmentTrailer(
            chunksEnd: chunksEnd,
            sparseCount: sparseCount,
            runCount: runCount,
            tablesChecksum: tablesChecksum,
            lastChecksum: lastChecksum,
            group: try reader.identifier(),
            baseIndex: try reader.identifier(),
            lastIndex: try reader.identifier(),
            lastTerm: try reader.identifier(),
            baseSequence: try reader.identifier(),
            nextSequence: try reader.identifier(),
            firstTime: try reader.identifier(),
            lastTime: try reader.identifier(),
            configurationOffset: try reader.integer(),
            removalCount: try reader.integer(),
            absentCount: try reader.integer(),
            erasedThrough: try reader.identifier()
        )
        guard chunksEnd < UInt64(Int.max / 2), trailer.fileSize == fileSize,
            trailer.configurationOffset < chunksEnd
        else {
            throw .invalid(field: "chunksEnd", value: chunksEnd)
        }
        return trailer
    }
}

/// The tables of a closed segment.
struct SegmentTables: Equatable, Sendable {
    /// The size of a row of the term runs, in bytes.
    static let runSize = 16

    var sparse: [SparseRow] = []
    var runs: [EntryID] = []

    func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(sparse.count * SparseRow.size + runs.count * SegmentTables.runSize)
        for row in sparse {
            bytes.appendInteger(row.index.rawValue)
            bytes.appendInteger(row.sequence.rawValue)
            bytes.appendInteger(row.time.rawValue)
            bytes.appendInteger(row.offset)
        }
        for run in runs {
            bytes.appendInteger(run.index.rawValue)
            bytes.appendInteger(run.term.rawValue)
        }
        return bytes
    }

    static func decode(
        _ bytes: UnsafeRawBufferPointer,
        _ trailer: SegmentTrailer
    ) throws(CodecError) -> SegmentTables {
        guard bytes.count == trailer.tablesLength,
            CRC32C.checksum(bytes) == trailer.tablesChecksum
        else { throw .checksumMismatch(field: "segment tables") }
        var reader = ByteReader(bytes)
        var tables = SegmentTables()
        for _ in 0..<trailer.sparseCount {
            let row = SparseRow(
                index: try reader.identifier(),
                sequence: try reader.identifier(),
                time: try reader.identifier(),
                offset: try reader.integer()
            )
            guard row.offset < trailer.chunksEnd else {
                throw .invalid(field: "offset", value: row.offset)
            }
            tables.sparse.append(row)
        }
        for _ in 0..<trailer.runCount {
            let run = EntryID(index: try reader.identifier(), term: try reader.identifier())
            tables.runs.append(run)
        }
        return tables
    }
}
