import Testing
import WiberBase

@Suite("A chunk's header")
struct ChunkHeaderTests {
    /// A header with another value in each field.
    static var sample: ChunkHeader {
        var header = ChunkHeader()
        header.checksum = 0x0101
        header.previousChecksum = 0x0202
        header.length = 500
        header.storedLength = 500
        header.group = GroupID(0x04)
        header.index = LogIndex(0x05)
        header.term = Term(0x06)
        header.baseSequence = Sequence(0x07)
        header.baseTime = Timestamp(0x08)
        header.baseLamport = 0x09
        header.firstSequence = Sequence(0x03)
        header.liveBytes = 0x0b
        header.count = 2
        header.kind = .messages
        header.hasIDs = true
        header.liveMessages = 0x0c
        return header
    }

    @Test func `every field is where the table says`() {
        var bytes: [UInt8] = []
        Self.sample.encode(into: &bytes)
        #expect(bytes.count == ChunkHeader.size)
        #expect(Array(bytes[0..<4]) == Array("WCH1".utf8))
        let fields: [(offset: Int, size: Int, value: UInt64)] = [
            (4, 4, 0x0101), (8, 4, 0x0202), (12, 4, 500), (16, 8, 4), (24, 8, 5), (32, 8, 6),
            (40, 8, 7), (48, 8, 8), (56, 8, 9), (64, 8, 3), (72, 8, 0x0b), (80, 4, 2), (84, 2, 1),
            (86, 2, 1), (88, 8, 0x0c),
        ]
        for field in fields {
            let part = bytes[field.offset..<field.offset + field.size]
            let value = part.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            #expect(value == field.value, "at \(field.offset)")
        }
    }

    @Test func `what was written is read`() throws {
        #expect(try decoded(Self.sample) == Self.sample)
    }

    @Test func `a field out of its range is refused before anybody uses it`() {
        let changes: [(inout ChunkHeader) -> Void] = [
            { $0.length = UInt32(ChunkHeader.size - 1) },
            { $0.length = UInt32(ChunkHeader.lengthMax + 1) },
            { $0.length = .max },
            { $0.count = 0 },
            { $0.count = UInt32(ChunkHeader.countMax + 1) },
            { $0.count = 400 },
            { $0.kind = .noOp },
            { $0.baseSequence = .zero },
            { $0.baseSequence = Sequence(.max / 2) },
            { $0.firstSequence = .zero },
            { $0.firstSequence = Sequence(10) },
            { $0.index = LogIndex(.max / 2) },
        ]
        for (place, change) in changes.enumerated() {
            var header = Self.sample
            change(&header)
            #expect(throws: CodecError.self, "change \(place)") { try decoded(header) }
        }
    }

    @Test func `an unknown kind is refused`() {
        var bytes: [UInt8] = []
        Self.sample.encode(into: &bytes)
        bytes.setInteger(UInt16(99), at: 84)
        bytes.withUnsafeBytes { raw in
            _ = #expect(throws: CodecError.invalid(field: "kind", value: 99)) {
                var reader = ByteReader(raw)
                return try ChunkHeader.decode(&reader)
            }
        }
    }

    private func decoded(_ header: ChunkHeader) throws -> ChunkHeader {
        var bytes: [UInt8] = []
        header.encode(into: &bytes)
        return try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            return try ChunkHeader.decode(&reader)
        }
    }
}
