import WiberBase

/// The start of a segment file; chunks follow without gaps, byte for byte as in the log.
///
///     byte  size  field
///     0     4     magic             "WSG1"
///     4     4     checksum          CRC-32C of bytes 8 ..< length
///     8     4     length            of this header, in bytes: 64 + the configuration chunk
///     12    4     previousChecksum  of the chunk before the first
///     16    8     group
///     24    8     baseIndex         of the first chunk
///     32    8     baseSequence      of the first chunk
///     40    8     previousTerm      of the chunk before the first
///     48    4     rewrite           how often the file was written anew, without what is gone
///     52    4     form              0: as it is; 1: the file is compressed, see ``Block``
///     56    8     zeros
///     64    …     configuration     the group's last configuration chunk before this segment
///
/// The configuration is repeated so that the removal of old segments never loses it.
struct SegmentHeader: Equatable, Sendable {
    static let magic: UInt32 = 0x3147_5357
    static let fixedLength = 64
    static let lengthMax = 1 << 20

    var group: GroupID
    var baseIndex: LogIndex
    var baseSequence: Sequence
    var previousTerm: Term
    var previousChecksum: UInt32
    var rewrite: UInt32 = 0
    var isCompressed = false
    var configuration: [UInt8] = []

    var length: Int { Self.fixedLength + configuration.count }
    /// The entry before the first.
    var previous: EntryID { EntryID(index: baseIndex.previous, term: previousTerm) }
    /// The file's name.
    var name: String { SegmentName(self).text }
    /// How far apart chunks stand here.
    var spacing: ChunkSpacing { rewrite == 0 ? .asMade : .asStored }

    func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(Self.magic)
        bytes.appendInteger(UInt32(0))
        bytes.appendInteger(UInt32(length))
        bytes.appendInteger(previousChecksum)
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(baseIndex.rawValue)
        bytes.appendInteger(baseSequence.rawValue)
        bytes.appendInteger(previousTerm.rawValue)
        bytes.appendInteger(rewrite)
        bytes.appendInteger(UInt32(isCompressed ? 1 : 0))
        bytes.append(contentsOf: repeatElement(0, count: 8))
        bytes += configuration
        bytes.setInteger(CRC32C.checksum(bytes, in: 8..<bytes.count), at: 4)
        return bytes
    }

    /// The length that the header claims, before anything is verified.
    static func claimedLength(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> Int {
        var reader = ByteReader(bytes)
        let magic = try reader.integer(UInt32.self)
        guard magic == Self.magic else { throw .invalid(field: "magic", value: UInt64(magic)) }
        _ = try reader.integer(UInt32.self)
        let length = try reader.integer(UInt32.self)
        guard length >= fixedLength, length <= lengthMax else {
            throw .invalid(field: "header length", value: UInt64(length))
        }
        return Int(length)
    }

    static func decode(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> SegmentHeader {
        let length = try claimedLength(bytes)
        var reader = ByteReader(bytes, at: 4)
        let checksum = try reader.integer(UInt32.self)
        var covered = ByteReader(bytes, at: 8)
        guard CRC32C.checksum(try covered.slice(length - 8)) == checksum else {
            throw .checksumMismatch(field: "segment header")
        }
        _ = try reader.integer(UInt32.self)
        let previousChecksum = try reader.integer(UInt32.self)
        var header = SegmentHeader(
            group: try reader.identifier(),
            baseIndex: try reader.identifier(),
            baseSequence: try reader.identifier(),
            previousTerm: try reader.identifier(),
            previousChecksum: previousChecksum
        )
        header.rewrite = try reader.integer()
        let form = try reader.integer(UInt32.self)
        guard form <= 1 else { throw .invalid(field: "form", value: UInt64(form)) }
        header.isCompressed = form == 1
        _ = try reader.advance(8)
        header.configuration = [UInt8](try reader.slice(length - fixedLength))
        return header
    }
}
