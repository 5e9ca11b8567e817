import Testing
import WiberBase

@testable import WiberLog

@Suite("Compressed segment files")
struct BlockFileTests {
    private static let path = "d/00000000000000000001-00000000000000000001.1z.seg"

    /// A segment, as it would be plain and as it is compressed.
    private struct Sample {
        var plain: [UInt8]
        var stored: [UInt8]
        var segment: ClosedSegment
        var disk = MemoryDisk()

        init(chunks: Int, blockLength: Int) throws {
            let header = SegmentHeader(
                group: GroupID(7),
                baseIndex: LogIndex(1),
                baseSequence: Sequence(1),
                previousTerm: .zero,
                previousChecksum: 0,
                rewrite: 1,
                isCompressed: true,
                configuration: Array("not a chunk, and not looked at".utf8)
            )
            var writer = BlockWriter(blockLength: blockLength)
            var active = ActiveSegment(header, directory: "d")
            plain = header.encode()
            stored = writer.begin(plain)
            var last: ChunkHeader?
            for _ in 0..<chunks {
                let chunk = LogDriver.chunk(GroupID(7), after: last, term: Term(1), messages: 2)
                active.add(chunk.header, sparseInterval: 300)
                last = chunk.header
                plain += chunk.bytes
                stored += writer.add(chunk.bytes)
            }
            let (footer, trailer) = try #require(active.footer())
            plain += footer
            stored += writer.finish(footer)
            #expect(stored.count == writer.fileSize && active.path == BlockFileTests.path)
            segment = ClosedSegment(path: active.path, trailer: trailer, size: stored.count)
            try put(stored)
        }

        func put(_ bytes: [UInt8]) throws {
            try disk.makeDirectory("d")
            try disk.create(BlockFileTests.path)
            disk.set(BlockFileTests.path, bytes)
        }

        func check() throws(LogError) { _ = try SegmentCheck(disk, segment).run() }

        func damages() -> [Damage] {
            do throws(LogError) {
                try check()
                return []
            } catch .damaged(let list) {
                return list
            } catch {
                Issue.record("\(error)")
                return []
            }
        }
    }

    @Test func `zstd frames read back, and only with their own length`() throws {
        let bytes = Array(String(repeating: "a message like many others; ", count: 90).utf8)
        let frame = try #require(bytes.withUnsafeBytes { Zstd.compress($0, room: bytes.count) })
        #expect(frame.count < bytes.count / 5)
        for count in [1, bytes.count - 1, bytes.count, bytes.count + 1, 1 << 20] {
            var expanded: [UInt8] = [1]
            let isRead = frame.withUnsafeBytes {
                Zstd.expand($0, count: count, into: &expanded)
            }
            #expect(isRead == (count == bytes.count))
            #expect(expanded == (isRead ? [1] + bytes : [1]))
        }
        for length in 0..<frame.count {
            var expanded: [UInt8] = []
            let prefix = Array(frame[..<length])
            #expect(!prefix.withUnsafeBytes { Zstd.expand($0, count: 2_520, into: &expanded) })
        }
        #expect(bytes.withUnsafeBytes { Zstd.compress($0, room: frame.count - 1) } == nil)
        for flipped in frame.flippedBits {
            var expanded: [UInt8] = []
            _ = flipped.withUnsafeBytes {
                Zstd.expand($0, count: bytes.count, into: &expanded)
            }
        }
    }

    @Test(arguments: [100, 999, 64 << 10])
    func `any part of the plain file can be read`(blockLength: Int) throws {
        let sample = try Sample(chunks: 9, blockLength: blockLength)
        #expect(sample.damages() == [])
        let size = sample.stored.count
        #expect(blockLength == 100 || size < sample.plain.count)
        var forward = BlockFile(sample.disk, Self.path, fileSize: size)
        #expect(forward.table.length == sample.plain.count && forward.damage == nil)
        for count in [1, 7, 100, 1_001, sample.plain.count] {
            for offset in 0...sample.plain.count {
                let expected = sample.plain.dropFirst(offset).prefix(count)
                let range = try forward.load(at: offset, count: count)
                #expect(forward.buffer[range].elementsEqual(expected))
                guard offset % 37 == 0 else { continue }
                var fresh = BlockFile(sample.disk, Self.path, fileSize: size)
                let other = try fresh.load(at: offset, count: count)
                #expect(fresh.buffer[other].elementsEqual(expected))
            }
        }
    }

    @Test func `every flipped bit is seen, and what follows from the rest is put right`() throws {
        let sample = try Sample(chunks: 5, blockLength: 400)
        var cured = 0
        for bytes in sample.stored.flippedBits {
            try sample.put(bytes)
            let damage = try #require(sample.damages().first)
            guard case .bytes(_, let offset, let patch)? = damage.cure else {
                continue
            }
            try sample.disk.write(Self.path, at: offset, patch)
            #expect(sample.damages() == [])
            #expect(sample.disk.bytes(Self.path) == sample.stored)
            cured += 1
        }
        let file = BlockFile(sample.disk, Self.path, fileSize: sample.stored.count)
        let table = file.table.blocks.count * BlockTable.rowLength + BlockTable.trailerLength
        #expect(cured >= table * 8)
    }

    @Test func `a file that is cut short is damaged, and read as far as it goes`() throws {
        let sample = try Sample(chunks: 5, blockLength: 400)
        for count in 0..<sample.stored.count {
            try sample.put(Array(sample.stored.prefix(count)))
            #expect(!sample.damages().isEmpty)
            var file = BlockFile(sample.disk, Self.path, fileSize: count)
            let readable = file.table.length
            let range = try file.load(at: 0, count: readable)
            #expect(file.buffer[range].elementsEqual(sample.plain.prefix(readable)))
        }
    }

    @Test func `what does not get smaller is kept as it is`() {
        var random = RandomSource(seed: 1)
        let noise = (0..<5_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let block = noise.withUnsafeBytes { Block.encode($0, start: 0, mayCompress: true) }
        #expect(block.count == noise.count + Block.headerLength)
        #expect(block.dropFirst(Block.headerLength).elementsEqual(noise))
    }

    @Test func `a table that lies about lengths is refused`() throws {
        for (length, stored) in [(0, 1), (1, 0), (1, 2), (Block.lengthMax + 1, 5)] {
            var table = BlockTable()
            table.append(length: length, storedLength: stored)
            let bytes = table.encode()
            #expect(throws: CodecError.self) {
                try bytes.withUnsafeBytes { bytes throws(CodecError) in
                    try BlockTable.decode(bytes, fileSize: table.fileSize)
                }
            }
        }
    }

    @Test func `a name says whether the file is compressed`() {
        let name = SegmentName(path: Self.path)
        #expect(name?.isCompressed == true && name?.rewrite == 1)
        #expect(name.map { "d/" + $0.text } == Self.path)
        for text in ["1.z.seg", "z.seg", "01z.seg", "0z.seg", "1zz.seg"] {
            let base = Self.path.split(separator: ".")[0].dropFirst(2)
            #expect(SegmentName(base + "." + text) == nil, "\(text)")
        }
    }
}
