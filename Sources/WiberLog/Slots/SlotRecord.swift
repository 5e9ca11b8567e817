import WiberBase

/// A small record that is kept twice, in two pages, so that one bad write never loses it (rule 2).
///
/// Every slot begins alike; integers are little-endian.
///
///     byte  size  field
///     0     4     magic
///     4     4     checksum    CRC-32C of the slot from byte 8 to its end
///     8     8     generation  counts the changes of this record, from 1
///     16    …     fields, then zeros up to slotSize
///
/// In the file, records stand in pairs of 4 KiB pages: page 2k holds the first copies of
/// `4096 / slotSize` records, page 2k + 1 their second copies.
protocol SlotRecord: Equatable, Sendable {
    static var magic: UInt32 { get }
    /// The size of one copy, in bytes: a divisor of 4096.
    static var slotSize: Int { get }
    var generation: UInt64 { get set }
    func encodeFields(into bytes: inout [UInt8])
    static func decodeFields(
        _ reader: inout ByteReader,
        generation: UInt64
    ) throws(CodecError) -> Self
}

/// Which of the two copies.
enum SlotCopy: Int, CaseIterable {
    case first = 0
    case second = 1
}

extension SlotRecord {
    static var pageSize: Int { 4_096 }

    /// Where a copy of record `number` starts, in bytes.
    static func offset(of number: Int, _ copy: SlotCopy) -> Int {
        let perPage = pageSize / slotSize
        return (number / perPage * 2 + copy.rawValue) * pageSize + number % perPage * slotSize
    }

    /// How many records a file of `size` bytes has at most.
    static func capacity(ofFile size: Int) -> Int {
        let pages = (size + pageSize - 1) / pageSize
        return (pages + 1) / 2 * (pageSize / slotSize)
    }

    /// The whole slot.
    func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.slotSize)
        bytes.appendInteger(Self.magic)
        bytes.appendInteger(UInt32(0))
        bytes.appendInteger(generation)
        encodeFields(into: &bytes)
        invariant(bytes.count <= Self.slotSize, "a slot of \(bytes.count) bytes")
        bytes.append(contentsOf: repeatElement(0, count: Self.slotSize - bytes.count))
        bytes.setInteger(CRC32C.checksum(bytes, in: 8..<bytes.count), at: 4)
        return bytes
    }

    /// Reads a slot and verifies all of it.
    static func decode(_ slot: UnsafeRawBufferPointer) throws(CodecError) -> Self {
        var reader = ByteReader(slot)
        let found = try reader.integer(UInt32.self)
        guard found == magic else { throw .invalid(field: "magic", value: UInt64(found)) }
        let checksum = try reader.integer(UInt32.self)
        var covered = ByteReader(slot, at: 8)
        guard slot.count >= slotSize,
            CRC32C.checksum(try covered.slice(slotSize - 8)) == checksum
        else { throw .checksumMismatch(field: "slot") }
        let generation = try reader.integer(UInt64.self)
        return try decodeFields(&reader, generation: generation)
    }
}
