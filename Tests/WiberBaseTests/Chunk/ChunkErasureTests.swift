import Testing
import WiberBase

@Suite("A chunk without some of its bodies")
struct ChunkErasureTests {
    private let whole = ChunkTests.chunk(
        ["hello", "", "world"],
        id: "id",
        removals: ChunkTests.removals
    )

    private func sequences(_ chunk: Chunk) -> [UInt64] {
        var found: [UInt64] = []
        chunk.forEachMessage {
            found.append($0.sequence.rawValue)
            return true
        }
        return found
    }

    private func read(_ chunk: Chunk) throws -> Chunk {
        try chunk.bytes.withUnsafeBytes { try Chunk.decode($0) }
    }

    @Test func `it is the same entry, with what is left of it`() throws {
        let erased = try #require(whole.erasing { $0 == Sequence(10) })
        #expect(sequences(erased) == [11, 12])
        #expect(erased.bytes.count == whole.bytes.count - 6)
        let back = try read(erased)
        #expect(back.bytes == erased.bytes)
        #expect(back.header == erased.header)
        #expect(back.id == whole.id)
        #expect(back.header.checksum == whole.header.checksum)
        #expect(back.header.length == whole.header.length)
        #expect(back.header.erasedCount == 1)
        #expect(back.removals == whole.removals)
    }

    @Test func `it can lose more later, and all at last`() throws {
        let once = try #require(whole.erasing { $0 == Sequence(10) })
        let twice = try #require(try read(once).erasing { $0 <= Sequence(11) })
        #expect(sequences(twice) == [12])
        #expect(twice.bytes == whole.erasing { $0 <= Sequence(11) }?.bytes)
        let none = try #require(twice.erasing { _ in true })
        #expect(sequences(none) == [])
        #expect(none.bytes.count == whole.header.bodiesOffset)
        #expect(try read(none).header.erasedCount == 3)
    }

    @Test func `nothing is erased where nothing is gone, or has a body`() throws {
        #expect(whole.erasing { _ in false } == nil)
        let none = try #require(whole.erasing { _ in true })
        #expect(none.erasing { _ in true } == nil)
        #expect(ChunkTests.control.erasing { _ in true } == nil)
        #expect(ChunkTests.trim.erasing { _ in true } == nil)
    }

    @Test func `any flipped bit is seen`() throws {
        let erased = try #require(whole.erasing { $0 == Sequence(11) })
        for bit in 0..<erased.bytes.count * 8 {
            var bytes = erased.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: CodecError.self, "bit \(bit)") {
                try bytes.withUnsafeBytes { _ = try Chunk.decode($0) }
            }
        }
    }

    @Test func `a length that would be too much is refused`() throws {
        let erased = try #require(whole.erasing { _ in true })
        for place in 0..<3 {
            var bytes = erased.bytes
            bytes.setInteger(UInt32.max, at: ChunkHeader.size + place * ChunkHeader.rowSize)
            #expect(throws: CodecError.self) {
                try bytes.withUnsafeBytes { _ = try Chunk.decode($0) }
            }
        }
    }
}
