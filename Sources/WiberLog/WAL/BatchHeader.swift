import WiberBase

/// The start of a batch: what one write and one flush make durable together (rule 4).
///
/// A batch starts on a 4 KiB block of its file and is padded with zeros to the next one.
///
///     byte  size  field
///     0     4     magic             "WBT1"
///     4     4     checksum          CRC-32C of bytes 8 ..< 64, from the store's salt
///     8     8     generation        of the file: counts the uses of all files, from 1
///     16    8     sequence          of the batch, without gaps over all files
///     24    8     durable           sequence of the last batch that was durable before this one
///     32    8     oldestGeneration  the first file that replay needs
///     40    4     previousChecksum  bytes 4 ..< 8 of the batch before
///     44    4     tableChecksum     CRC-32C of the table
///     48    4     count             rows of the table; 0: a seal
///     52    4     length            of header, table and payloads, in bytes
///     56    8     zeros
///     64    32·n  table             see ``RecordHeader``
///     …           payloads          one chunk for each row that has one, in their order
struct BatchHeader: Equatable, Sendable {
    static let magic: UInt32 = 0x3154_4257
    static let size = 64
    static let lengthMax = 1 << 30
    static let countMax = lengthMax / RecordHeader.size

    var checksum: UInt32 = 0
    var generation: UInt64
    var sequence: UInt64
    var durable: UInt64
    var oldestGeneration: UInt64
    var previousChecksum: UInt32
    var tableChecksum: UInt32 = 0
    var count: UInt32 = 0
    var length: UInt32 = 0

    var tableLength: Int { Int(count) * RecordHeader.size }
    var paddedLength: Int { WALFile.padded(Int(length)) }

    /// Fills in the checksum and appends the 64 bytes.
    mutating func seal(into bytes: inout [UInt8], salt: UInt32) {
        let start = bytes.count
        bytes.appendInteger(Self.magic)
        bytes.appendInteger(UInt32(0))
        bytes.appendInteger(generation)
        bytes.appendInteger(sequence)
        bytes.appendInteger(durable)
        bytes.appendInteger(oldestGeneration)
        bytes.appendInteger(previousChecksum)
        bytes.appendInteger(tableChecksum)
        bytes.appendInteger(count)
        bytes.appendInteger(length)
        bytes.appendInteger(UInt64(0))
        checksum = bytes.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[(start + 8)...]), from: salt)
        }
        bytes.setInteger(checksum, at: start + 4)
    }

    /// Reads the header at the start of a block, and checks it against itself.
    static func decode(
        _ block: UnsafeRawBufferPointer,
        salt: UInt32
    ) throws(CodecError) -> BatchHeader {
        var reader = ByteReader(block)
        let magic = try reader.integer(UInt32.self)
        guard magic == Self.magic else { throw .invalid(field: "magic", value: UInt64(magic)) }
        let checksum = try reader.integer(UInt32.self)
        var covered = ByteReader(block, at: 8)
        guard CRC32C.checksum(try covered.slice(size - 8), from: salt) == checksum else {
            throw .checksumMismatch(field: "batch header")
        }
        var header = BatchHeader(
            checksum: checksum,
            generation: try reader.integer(),
            sequence: try reader.integer(),
            durable: try reader.integer(),
            oldestGeneration: try reader.integer(),
            previousChecksum: try reader.integer()
        )
        header.tableChecksum = try reader.integer()
        header.count = try reader.integer()
        header.length = try reader.integer()
        guard header.count <= countMax, header.length <= lengthMax,
            size + header.tableLength <= Int(header.length)
        else { throw .invalid(field: "batch length", value: UInt64(header.length)) }
        return header
    }

    /// Whether a block held the header of batch `next`, or of a later one since `last`, a
    /// generation, and is not intact.
    static func isBroken(
        _ block: UnsafeRawBufferPointer,
        _ next: UInt64,
        since last: UInt64,
        salt: UInt32
    ) -> Bool {
        var reader = ByteReader(block)
        guard (try? decode(block, salt: salt)) == nil,
            let magic = try? reader.integer(UInt32.self), (try? reader.advance(4)) != nil,
            let generation = try? reader.integer(UInt64.self),
            let sequence = try? reader.integer(UInt64.self)
        else { return false }
        let isNext = sequence == next
        return isNext && generation >= last || magic == Self.magic && isNext
            || magic == Self.magic && generation >= last
    }
}
