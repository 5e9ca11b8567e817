import Testing
import WiberBase

@testable import WiberLog

@Suite("What people are told about damage, and can do against it")
struct LogRepairTests {
    /// A directory with several closed segments below what the write-ahead log holds.
    private func directory() throws -> (disk: MemoryDisk, segments: [String]) {
        var options = LogDriver.options
        options.walFileSize = 20 << 10
        options.segmentSize = 6 << 10
        options.flushThreshold = 1 << 10
        options.sparseInterval = LogOptions().sparseInterval
        var driver = try LogDriver(MemoryDisk(), seed: 5, options: options)
        for _ in 0..<30 {
            driver.append(GroupID(7), count: 3)
            try driver.settle()
            driver.commit(GroupID(7), through: try #require(driver.models[GroupID(7)]?.durable))
            try driver.settle()
        }
        let disk = driver.disk.afterProcessCrash()
        let segments = disk.paths.filter { $0.hasPrefix("topics/") }
        #expect(segments.count > 5)
        #expect(try LogCheck.run(disk).isSound)
        return (disk, segments)
    }

    private func flip(_ disk: MemoryDisk, _ path: String, _ byte: Int) {
        var bytes = disk.bytes(path)
        bytes[byte < 0 ? bytes.count + byte : byte] ^= 8
        disk.set(path, bytes)
    }

    /// Where the chunks of a segment start.
    private func chunks(_ disk: MemoryDisk, _ path: String) throws -> [Int] {
        var reader = try SegmentReader.open(path, on: disk)
        let trailer = try #require(try reader.trailer())
        var place = ChunkPlace(try reader.header())
        var offsets: [Int] = []
        while place.offset < Int(trailer.chunksEnd) {
            offsets.append(place.offset)
            place = place.after(try reader.verify(place, of: trailer.group, isWhole: true))
        }
        return offsets
    }

    @Test func `all damage is listed, each with what helps`() throws {
        let (disk, segments) = try directory()
        let offsets = try chunks(disk, segments[0])
        #expect(offsets.count > 6)
        for offset in [offsets[1], offsets[3], offsets[5]] { flip(disk, segments[0], offset + 97) }
        flip(disk, segments[1], 20)
        flip(disk, segments[2], -130)
        flip(disk, "hard", 30)
        let report = try LogCheck.run(disk)
        let first = report.findings.filter { $0.damage.path == segments[0] }
        #expect(first.map(\.damage.offset).sorted { $0 ?? 0 < $1 ?? 0 }.count == 3)
        #expect(first.allSatisfy { $0.remedy == .replicas })
        #expect(report.findings.contains { $0.damage.path == "hard" && $0.remedy == .start })
        #expect(report.findings.contains { $0.damage.path == segments[1] && $0.remedy == .start })
        flip(disk, "hard", 4_096 + 30)
        let worse = try LogCheck.run(disk)
        #expect(worse.findings.contains { $0.damage.path == "hard" && $0.remedy == .none })
    }

    @Test
    func `what follows from what is intact is put right, byte for byte, and the rest is named`()
        throws
    {
        let (disk, segments) = try directory()
        let before = segments.map { disk.bytes($0) }
        let offset = try chunks(disk, segments[0])[2]
        flip(disk, segments[1], 20)
        flip(disk, segments[2], -130)
        flip(disk, segments[3], -40)
        flip(disk, "hard", 30)
        let hard = try LogRepair.run(disk)
        #expect(hard.repaired.count == 4, "\(hard.repaired)")
        #expect(hard.remaining == [])
        for (path, bytes) in zip(segments, before) {
            let isSame = disk.bytes(path) == bytes
            #expect(isSame, "\(path)")
        }
        #expect(disk.paths.filter { $0.hasPrefix("quarantine/") }.count == 3)
        flip(disk, segments[0], offset + 97)
        let report = try LogRepair.run(disk)
        #expect(report.repaired == [])
        #expect(report.remaining.map(\.remedy) == [.replicas])
    }

    @Test func `a damaged write-ahead log is left alone and named, segments are repaired`() throws {
        let (disk, segments) = try directory()
        let before = disk.bytes(segments[1])
        flip(disk, segments[1], 20)
        for path in disk.paths where path.hasPrefix("wal/") { flip(disk, path, 10) }
        let wal = disk.paths.filter { $0.hasPrefix("wal/") }.map { disk.bytes($0) }
        let report = try LogRepair.run(disk)
        #expect(report.repaired.count == 1)
        #expect(!report.remaining.isEmpty)
        #expect(report.remaining.allSatisfy { $0.remedy == .replicas })
        let isRepaired = disk.bytes(segments[1]) == before
        #expect(isRepaired)
        #expect(disk.paths.filter { $0.hasPrefix("wal/") }.map { disk.bytes($0) } == wal)
    }
}
