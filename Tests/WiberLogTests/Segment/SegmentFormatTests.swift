import Testing
import WiberBase

@testable import WiberLog

@Suite("The segments' formats")
struct SegmentFormatTests {
    static let header = SegmentHeader(
        group: GroupID(7),
        baseIndex: LogIndex(11),
        baseSequence: Sequence(31),
        previousTerm: Term(2),
        previousChecksum: 99,
        configuration: [1, 2, 3, 4, 5]
    )

    @Test func `a header reads back, and no prefix or flipped bit of it does`() throws {
        let bytes = Self.header.encode()
        #expect(try bytes.withUnsafeBytes { try SegmentHeader.decode($0) } == Self.header)
        for count in 0..<bytes.count {
            let prefix = Array(bytes[..<count])
            #expect((try? prefix.withUnsafeBytes { try SegmentHeader.decode($0) }) == nil)
        }
        for flipped in bytes.flippedBits {
            #expect((try? flipped.withUnsafeBytes { try SegmentHeader.decode($0) }) == nil)
        }
    }

    @Test func `a footer reads back, and no prefix or flipped bit of it does`() throws {
        var segment = ActiveSegment(Self.header, directory: "d")
        var last: ChunkHeader?
        for count in 0..<20 {
            let chunk = LogDriver.chunk(
                GroupID(7),
                after: last,
                term: Term(UInt64(count / 7 + 1)),
                messages: count % 3
            )
            segment.add(chunk.header, sparseInterval: 500)
            last = chunk.header
        }
        let (bytes, trailer) = try #require(segment.footer())
        let tables = Array(bytes.dropLast(SegmentTrailer.size))
        let end = Array(bytes.suffix(SegmentTrailer.size))
        let size = trailer.fileSize
        #expect(
            try end.withUnsafeBytes { try SegmentTrailer.decode($0, fileSize: size) } == trailer
        )
        #expect(
            try tables.withUnsafeBytes { try SegmentTables.decode($0, trailer) } == segment.tables
        )
        #expect(segment.tables.runs.count == 3 && segment.tables.sparse.count > 3)
        for bytes in end.flippedBits {
            #expect(
                (try? bytes.withUnsafeBytes { try SegmentTrailer.decode($0, fileSize: size) })
                    == nil
            )
        }
        for bytes in tables.flippedBits {
            #expect((try? bytes.withUnsafeBytes { try SegmentTables.decode($0, trailer) }) == nil)
        }
        for count in 0..<end.count {
            let prefix = Array(end[..<count])
            #expect(
                (try? prefix.withUnsafeBytes { try SegmentTrailer.decode($0, fileSize: size) })
                    == nil
            )
        }
        for count in 0..<tables.count {
            let prefix = Array(tables[..<count])
            #expect((try? prefix.withUnsafeBytes { try SegmentTables.decode($0, trailer) }) == nil)
        }
    }

    @Test func `a name says the first index, in one way`() {
        #expect(SegmentName(Self.header.name)?.baseIndex == LogIndex(11))
        for name in ["", "a", "1-1.seg", Self.header.name + "x", "x" + Self.header.name, "-.seg"] {
            #expect(SegmentName(name) == nil)
        }
    }

    @Test func `replicas that flush at different times write the same files`() throws {
        var files: [[String: [UInt8]]] = []
        for threshold in [1, 500, 5_000] {
            var options = LogDriver.options
            options.flushThreshold = threshold
            var driver = try LogDriver(MemoryDisk(), seed: 6, options: options)
            for _ in 0..<100 {
                driver.append(GroupID(7), count: 2)
                try driver.settle()
                driver.commit(GroupID(7), through: try #require(driver.models[GroupID(7)]?.durable))
                try driver.settle()
            }
            driver.store.flushAll()
            try driver.settle()
            let paths = driver.disk.paths.filter { $0.hasPrefix("topics/7-orders/") }
            files.append(
                Dictionary(uniqueKeysWithValues: paths.map { ($0, driver.disk.bytes($0)) })
            )
        }
        #expect(files[0].count > 3)
        #expect(files[0].mapValues(\.count) == files[2].mapValues(\.count))
        #expect(files[0] == files[1] && files[1] == files[2])
    }
}
