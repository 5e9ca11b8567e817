import Testing
import WiberBase

@testable import WiberLog

@Suite("The write-ahead log's formats")
struct WALFormatTests {
    static let salt: UInt32 = 77
    static let header = BatchHeader(
        generation: 4,
        sequence: 9,
        durable: 8,
        oldestGeneration: 3,
        previousChecksum: 6
    )

    @Test func `a file header reads back, and no prefix or flipped bit of its page does`() throws {
        let header = WALFileHeader(number: 3, size: 1 << 24)
        var page = header.encode(salt: Self.salt)
        page += [UInt8](repeating: 0, count: WALFile.firstOffset - page.count)
        #expect(
            try page.withUnsafeBytes { try WALFileHeader.decode($0, salt: Self.salt) } == header
        )
        #expect((try? page.withUnsafeBytes { try WALFileHeader.decode($0, salt: 78) }) == nil)
        for count in 0..<WALFileHeader.length {
            let prefix = Array(page[..<count])
            #expect(
                (try? prefix.withUnsafeBytes { try WALFileHeader.decode($0, salt: Self.salt) })
                    == nil
            )
        }
        for flipped in page.flippedBits {
            #expect(
                (try? flipped.withUnsafeBytes { try WALFileHeader.decode($0, salt: Self.salt) })
                    == nil
            )
        }
    }

    @Test func `a batch header reads back, and no prefix or flipped bit of it does`() throws {
        let batch = Batch(Self.header, [], salt: Self.salt)
        let bytes = batch.head
        #expect(bytes.count == BatchHeader.size)
        #expect(
            try bytes.withUnsafeBytes { try BatchHeader.decode($0, salt: Self.salt) }
                == batch.header
        )
        for count in 0..<bytes.count {
            let prefix = Array(bytes[..<count])
            #expect(
                (try? prefix.withUnsafeBytes { try BatchHeader.decode($0, salt: Self.salt) }) == nil
            )
        }
        for flipped in bytes.flippedBits {
            #expect(
                (try? flipped.withUnsafeBytes { try BatchHeader.decode($0, salt: Self.salt) })
                    == nil
            )
        }
    }

    @Test func `no flipped bit and no missing end of a batch is accepted`() throws {
        let chunks = Self.chunks
        let batch = Batch(Self.header, chunks.map(BatchRow.entry), salt: Self.salt)
        let disk = MemoryDisk()
        let path = WALFile.path(of: 1)
        try disk.create(path)
        try DiskStep.batch(path: path, offset: 0, batch).run(on: disk)
        let bytes = disk.bytes(path)
        #expect(bytes.count == batch.paddedLength)
        #expect(try Self.read(disk, batch, size: bytes.count).map(\.bytes) == chunks.map(\.bytes))
        for flipped in bytes.flippedBits.dropFirst(BatchHeader.size * 8) {
            disk.set(path, flipped)
            #expect(throws: LogError.self) { try Self.read(disk, batch, size: bytes.count) }
        }
        for count in BatchHeader.size..<bytes.count {
            disk.set(path, Array(bytes[..<count]))
            #expect(throws: LogError.self) { try Self.read(disk, batch, size: count) }
        }
    }

    @Test func `a name of a file is a number, written in one way`() {
        for number in [1, 12, 99_999_999, 100_000_000, UInt64.max] {
            let name = String(WALFile.path(of: number).dropFirst(4))
            #expect(WALFile.number(ofName: name) == number)
        }
        for name in ["", ".wal", "1.wal", "00000000.wal", "-0000001.wal", "00000001.wal2"] {
            #expect(WALFile.number(ofName: name) == nil)
        }
    }

    static let chunks: [Chunk] = {
        var chunks: [Chunk] = []
        for group in [GroupID(7), GroupID(9)] {
            var last: ChunkHeader?
            for count in 0..<3 {
                let chunk = LogDriver.chunk(group, after: last, term: Term(1), messages: count)
                last = chunk.header
                chunks.append(chunk)
            }
        }
        return chunks
    }()

    static func read(_ disk: MemoryDisk, _ batch: Batch, size: Int) throws -> [Chunk] {
        let file = WALFile(number: 1, size: size)
        var chunks: [Chunk] = []
        var reader = BatchReader(
            disk,
            WALScan.Found(file: file, offset: 0, header: batch.header)
        )
        let damages = try reader.read { row in chunks += [row.chunk].compactMap(\.self) }
        guard damages.isEmpty else { throw LogError.damaged(damages) }
        return chunks
    }
}
