import Testing
import WiberBase

@Suite("Reading and writing bytes")
struct ByteReaderTests {
    @Test func `integers are little-endian`() {
        var bytes: [UInt8] = []
        bytes.appendInteger(UInt8(1))
        bytes.appendInteger(UInt16(0x0203))
        bytes.appendInteger(UInt32(0x0405_0607))
        bytes.appendInteger(UInt64(0x08090a0b_0c0d0e0f))
        #expect(bytes == [1, 3, 2, 7, 6, 5, 4, 15, 14, 13, 12, 11, 10, 9, 8])
        bytes.setInteger(UInt16(0xffee), at: 1)
        #expect(bytes[1] == 0xee && bytes[2] == 0xff)
    }

    @Test func `what was written is read, and every prefix is refused`() throws {
        var bytes: [UInt8] = []
        bytes.appendInteger(UInt16(7))
        bytes.appendString("größer")
        bytes.appendBlob([1, 2, 3])
        bytes.appendInteger(Sequence(9).rawValue)
        func read(_ raw: UnsafeRawBufferPointer) throws {
            var reader = ByteReader(raw)
            #expect(try reader.integer(UInt16.self) == 7)
            #expect(try reader.string() == "größer")
            #expect(try reader.blob() == [1, 2, 3])
            #expect(try reader.identifier(Sequence.self) == Sequence(9))
            #expect(reader.remaining == 0)
        }
        try bytes.withUnsafeBytes { try read($0) }
        for count in 0..<bytes.count {
            bytes.withUnsafeBytes { raw in
                _ = #expect(throws: CodecError.self) {
                    try read(UnsafeRawBufferPointer(rebasing: raw[..<count]))
                }
            }
        }
    }

    @Test func `a length is checked before it is used as a size`() {
        let huge: [UInt8] = [0xff, 0xff, 0xff, 0xff, 1]
        huge.withUnsafeBytes { raw in
            _ = #expect(throws: CodecError.invalid(field: "length", value: 0xffff_ffff)) {
                var reader = ByteReader(raw)
                return try reader.blob()
            }
            _ = #expect(throws: CodecError.truncated(offset: 5)) {
                var reader = ByteReader(raw)
                return try reader.blob(limit: .max)
            }
        }
    }

    @Test func `no count and no offset traps`() {
        let bytes: [UInt8] = [1, 2, 3]
        bytes.withUnsafeBytes { raw in
            for offset in [-5, 0, 3, 4, Int.max] {
                for count in [-1, Int.min, 4, Int.max] {
                    var reader = ByteReader(raw, at: offset)
                    #expect(throws: CodecError.self) { try reader.advance(count) }
                    #expect(throws: CodecError.self) { _ = try reader.slice(count) }
                }
            }
            #expect(ByteReader(raw, at: .max).remaining == 0)
        }
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        var reader = ByteReader(empty)
        #expect(throws: CodecError.self) { try reader.integer(UInt8.self) }
        #expect(throws: Never.self) { _ = try reader.slice(0) }
    }

    @Test func `a string that is not UTF-8 is repaired`() throws {
        var bytes: [UInt8] = []
        bytes.appendBlob([0x61, 0xff])
        let text = try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            return try reader.string()
        }
        #expect(text == "a\u{fffd}")
    }

    @Test(arguments: [0, 9, 10, 99, 100, 12_345, UInt64.max])
    func `a decimal is what Swift writes`(value: UInt64) {
        var bytes: [UInt8] = []
        bytes.appendDecimal(value)
        #expect(String(decoding: bytes, as: UTF8.self) == String(value))
    }

    @Test func `a literal is its bytes`() {
        var bytes: [UInt8] = []
        bytes.appendLiteral("OK ü")
        bytes.appendLiteral("")
        #expect(bytes == Array("OK ü".utf8))
    }

    @Test func `every error says what is wrong`() {
        #expect("\(CodecError.truncated(offset: 5))".contains("5"))
        #expect("\(CodecError.invalid(field: "kind", value: 9))".contains("kind"))
        #expect("\(CodecError.checksumMismatch(field: "chunk"))".contains("chunk"))
    }
}
