import WiberBase

/// Where the blocks of a compressed segment file are; stands behind them, at the end of the file.
///
///     byte  size  field
///     0     8·n   rows: length u32, storedLength u32, see ``Block``
///     …     32    trailer:
///     0     4     magic          "WZT1"
///     4     4     checksum       CRC-32C of the trailer's bytes 8 ..< 32
///     8     8     length         of the plain file
///     16    8     blocksEnd      where the rows start
///     24    4     count          of the rows
///     28    4     rowsChecksum   CRC-32C of the rows
///
/// All of it follows from the blocks' headers: if it is damaged, it is made from them.
struct BlockTable: Equatable, Sendable {
    static let magic: UInt32 = 0x3154_5A57
    static let trailerLength = 32
    static let rowLength = 8
    /// The most blocks of a file.
    static let countMax = 1 << 16
    /// How much of a file's end is read at once, in bytes: a table of ordinary length.
    static let readAhead = 8 << 10

    private(set) var blocks: [Block] = []

    /// The size of the plain file.
    var length: Int { blocks.last?.end ?? 0 }
    /// Where the blocks end.
    var blocksEnd: Int { blocks.last?.next ?? 0 }
    /// The size of the whole file.
    var fileSize: Int { blocksEnd + blocks.count * Self.rowLength + Self.trailerLength }

    mutating func append(length: Int, storedLength: Int) {
        blocks.append(
            Block(
                start: self.length,
                length: length,
                offset: blocksEnd,
                storedLength: storedLength
            )
        )
    }

    /// The place of the block that has a byte of the plain file.
    ///
    /// - Precondition: `offset` is less than ``length``.
    func place(of offset: Int) -> Int {
        var low = 0
        var high = blocks.count
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].end <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(blocks.count * Self.rowLength + Self.trailerLength)
        for block in blocks {
            bytes.appendInteger(UInt32(block.length))
            bytes.appendInteger(UInt32(block.storedLength))
        }
        let rows = CRC32C.checksum(bytes)
        let start = bytes.count
        bytes.appendInteger(Self.magic)
        bytes.appendInteger(UInt32(0))
        bytes.appendInteger(UInt64(length))
        bytes.appendInteger(UInt64(blocksEnd))
        bytes.appendInteger(UInt32(blocks.count))
        bytes.appendInteger(rows)
        bytes.setInteger(CRC32C.checksum(bytes, in: start + 8..<bytes.count), at: start + 4)
        return bytes
    }

    /// How many bytes the table takes at the end of a file, as its trailer says.
    static func claimedLength(
        _ trailer: UnsafeRawBufferPointer,
        fileSize: Int
    ) throws(CodecError) -> Int {
        var reader = ByteReader(trailer)
        let magic = try reader.integer(UInt32.self)
        guard magic == Self.magic else { throw .invalid(field: "magic", value: UInt64(magic)) }
        let checksum = try reader.integer(UInt32.self)
        var covered = ByteReader(trailer, at: 8)
        guard CRC32C.checksum(try covered.slice(trailerLength - 8)) == checksum else {
            throw .checksumMismatch(field: "block table")
        }
        _ = try reader.integer(UInt64.self)
        let blocksEnd = try reader.integer(UInt64.self)
        let count = try reader.integer(UInt32.self)
        let length = Int(count) * rowLength + trailerLength
        guard count <= countMax, blocksEnd < UInt64(Int.max / 2),
            Int(blocksEnd) + length == fileSize
        else {
            throw .invalid(field: "blocksEnd", value: blocksEnd)
        }
        return length
    }

    /// Reads all of the table.
    static func decode(
        _ bytes: UnsafeRawBufferPointer,
        fileSize: Int
    ) throws(CodecError) -> BlockTable {
        var end = ByteReader(bytes, at: bytes.count - min(bytes.count, trailerLength))
        guard try claimedLength(try end.slice(trailerLength), fileSize: fileSize) == bytes.count
        else { throw .invalid(field: "blocksEnd", value: 0) }
        var trailer = ByteReader(bytes, at: bytes.count - trailerLength + 8)
        let length = try trailer.integer(UInt64.self)
        _ = try trailer.advance(12)
        let checksum = try trailer.integer(UInt32.self)
        var reader = ByteReader(bytes)
        let rows = try reader.slice(bytes.count - trailerLength)
        guard CRC32C.checksum(rows) == checksum else {
            throw .checksumMismatch(field: "block table")
        }
        var table = BlockTable()
        table.blocks.reserveCapacity(rows.count / rowLength)
        var row = ByteReader(rows)
        for _ in 0..<rows.count / rowLength {
            let length = Int(try row.integer(UInt32.self))
            let stored = Int(try row.integer(UInt32.self))
            guard length > 0, length <= Block.lengthMax, stored > 0, stored <= length else {
                throw .invalid(field: "block length", value: UInt64(length))
            }
            table.append(length: length, storedLength: stored)
        }
        guard UInt64(table.length) == length, table.fileSize == fileSize else {
            throw .invalid(field: "block table", value: length)
        }
        return table
    }
}
