import WiberBase

/// A piece of a compressed segment file: a header, and behind it what the file would have there if it
/// were plain, compressed if that makes it shorter.
///
///     byte  size  field
///     0     4     magic         "WZB1"
///     4     4     checksum      CRC-32C of bytes 8 ..< 32
///     8     8     start         of what it has, in the plain file
///     16    4     length        of what it has: 1 ... lengthMax
///     20    4     storedLength  of what follows; the same as length: it is not compressed
///     24    4     storedChecksum  CRC-32C of what follows
///     28    4     zeros
///     32    …     a zstd frame, or the bytes themselves
struct Block: Equatable, Sendable {
    static let magic: UInt32 = 0x3142_5A57
    static let headerLength = 32
    static let lengthMax = 1 << 20

    /// What it has, in the plain file.
    var start: Int
    var length: Int
    /// Where it is in its own file, header included.
    var offset: Int
    var storedLength: Int

    var end: Int { start + length }
    /// Where the next one is.
    var next: Int { offset + Self.headerLength + storedLength }

    /// Header and bytes; compressed if an eighth is gained and `mayCompress` is set.
    static func encode(
        _ bytes: UnsafeRawBufferPointer,
        start: Int,
        mayCompress: Bool
    ) -> [UInt8] {
        let room = bytes.count - bytes.count / 8
        let frame = mayCompress ? Zstd.compress(bytes, room: room) : nil
        let storedLength = frame?.count ?? bytes.count
        var block: [UInt8] = []
        block.reserveCapacity(headerLength + storedLength)
        block.appendInteger(magic)
        block.appendInteger(UInt32(0))
        block.appendInteger(UInt64(start))
        block.appendInteger(UInt32(bytes.count))
        block.appendInteger(UInt32(storedLength))
        block.appendInteger(frame.map { CRC32C.checksum($0) } ?? CRC32C.checksum(bytes))
        block.appendInteger(UInt32(0))
        block.setInteger(CRC32C.checksum(block, in: 8..<headerLength), at: 4)
        if let frame { block += frame } else { block.append(contentsOf: bytes) }
        return block
    }

    /// Reads a header, and what the bytes behind it must be.
    static func decode(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int
    ) throws(CodecError) -> (block: Block, checksum: UInt32) {
        var reader = ByteReader(bytes)
        let magic = try reader.integer(UInt32.self)
        guard magic == Self.magic else { throw .invalid(field: "magic", value: UInt64(magic)) }
        let checksum = try reader.integer(UInt32.self)
        var covered = ByteReader(bytes, at: 8)
        guard CRC32C.checksum(try covered.slice(headerLength - 8)) == checksum else {
            throw .checksumMismatch(field: "block header")
        }
        let start = try reader.integer(UInt64.self)
        let length = try reader.integer(UInt32.self)
        let storedLength = try reader.integer(UInt32.self)
        let storedChecksum = try reader.integer(UInt32.self)
        guard start < UInt64(Int.max / 2), length > 0, length <= lengthMax, storedLength > 0,
            storedLength <= length
        else { throw .invalid(field: "block length", value: UInt64(length)) }
        let block = Block(
            start: Int(start),
            length: Int(length),
            offset: offset,
            storedLength: Int(storedLength)
        )
        return (block, storedChecksum)
    }

    /// Verifies the block with its header, and appends what it has.
    func append(_ bytes: UnsafeRawBufferPointer, to plain: inout [UInt8]) throws(CodecError) {
        let (found, checksum) = try Self.decode(bytes, at: offset)
        guard found == self else { throw .invalid(field: "block", value: UInt64(found.start)) }
        var reader = ByteReader(bytes, at: Self.headerLength)
        let stored = try reader.slice(storedLength)
        guard CRC32C.checksum(stored) == checksum else {
            throw .checksumMismatch(field: "block")
        }
        if storedLength == length {
            plain.append(contentsOf: stored)
        } else if !Zstd.expand(stored, count: length, into: &plain) {
            throw .invalid(field: "zstd frame", value: UInt64(start))
        }
    }
}
