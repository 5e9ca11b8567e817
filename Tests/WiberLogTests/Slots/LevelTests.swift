import Testing
import WiberBase

@testable import WiberLog

@Suite("A data directory says at which feature level it was written")
struct LevelTests {
    private static func identity(_ levels: LevelRange, _ software: String) -> LogIdentity {
        var identity = LogDriver.identity
        identity.levels = levels
        identity.software = software
        return identity
    }

    private let new = Self.identity(LevelRange(.base, .software), "0.2")
    private let old = Self.identity(LevelRange(.base, .base), "0.1")

    private func format(of disk: MemoryDisk) -> UInt64 {
        disk.bytes(Superblock.path).withUnsafeBytes { bytes in
            var reader = ByteReader(bytes, at: 16)
            return (try? reader.integer(UInt64.self)) ?? 0
        }
    }

    private func refusal(_ disk: MemoryDisk, _ identity: LogIdentity) -> String {
        do throws(LogError) {
            _ = try LogStore.open(disk, identity: identity)
            return "not refused"
        } catch {
            return "\(error)"
        }
    }

    @Test func `a raised level is durable, and a release that knows less does not start`() throws {
        let disk = MemoryDisk()
        var (store, _) = try LogStore.open(disk, identity: new)
        #expect(format(of: disk) == 1, "a release without levels may still open it")
        store.raise(to: .base)
        #expect(!store.hasUnwritten)
        store.raise(to: .software)
        let next = store.nextJob()
        let job = try #require(next)
        try job.run(on: disk)
        #expect(store.complete(job) == [.superblock])
        #expect(format(of: disk) == 2)

        let text = refusal(disk, old)
        #expect(text.contains("was written by wiber 0.2 at feature level 2"), "\(text)")
        #expect(text.contains("this binary (0.1) knows 1 by its configuration"), "\(text)")
        #expect(text.contains("feature_level_max: 2 or more"), "\(text)")
        let (again, _) = try LogStore.open(disk, identity: new)
        #expect(again.superblock.level == .software)
        #expect(findings(disk) == [])
    }

    private func findings(_ disk: MemoryDisk) -> [String] {
        ((try? LogCheck.run(disk).findings) ?? []).map { "\($0)" }
    }

    @Test func `a release below the directory's level is named, whatever the level is`() throws {
        let disk = MemoryDisk()
        var (store, _) = try LogStore.open(disk, identity: new)
        store.raise(to: FeatureLevel(rawValue: 7))
        let next = store.nextJob()
        let job = try #require(next)
        try job.run(on: disk)
        let text = refusal(disk, new)
        #expect(text.contains("at feature level 7, and this binary (0.2) knows 1 to 2"), "\(text)")
        #expect(text.contains("use wiber 0.2 or a newer one"), "\(text)")
        #expect(findings(disk).first?.contains("feature level 7") == true)
    }

    @Test func `a release that knows no level so low is refused too`() throws {
        let disk = MemoryDisk()
        _ = try LogStore.open(disk, identity: old)
        let next = Self.identity(LevelRange(.software, .software), "0.9")
        #expect(refusal(disk, next).contains("use a release that knows level 1"))
    }

    @Test func `a format that is not known names the release that wrote it`() throws {
        let disk = MemoryDisk()
        _ = try LogStore.open(disk, identity: Self.identity(.supported, "7.0"))
        var bytes = disk.bytes(Superblock.path)
        for copy in SlotCopy.allCases {
            let start = Superblock.offset(of: 0, copy)
            bytes[start + 16] = 9
            let end = start + Superblock.slotSize
            bytes.setInteger(CRC32C.checksum(bytes, in: start + 8..<end), at: start + 4)
        }
        disk.set(Superblock.path, bytes)
        #expect(refusal(disk, new).contains("format 9"))
        #expect(refusal(disk, new).contains("use the release that wrote it, wiber 7.0"))
    }

    /// The level must be on disk before anything that needs it, also if the process dies in between.
    @Test func `the level is durable ahead of the entries of its job`() throws {
        for operation in 1...12 {
            let disk = MemoryDisk()
            var (store, _) = try LogStore.open(disk, identity: new)
            store.register(GroupID(4), name: "news")
            store.raise(to: .software)
            let chunk = LogDriver.chunk(GroupID(4), after: nil, term: Term(1), messages: 1)
            store.append(GroupID(4), [chunk], tag: Term(1))
            let next = store.nextJob()
            let job = try #require(next)
            disk.fail(at: disk.operations + operation, .crash, seed: UInt64(operation))
            try? job.run(on: disk)
            let left = disk.afterPowerCut(seed: UInt64(operation))
            let (after, recovery) = try LogStore.open(left, identity: new)
            guard recovery.groups.contains(where: { $0.last.index > .zero }) else { continue }
            #expect(after.superblock.level == .software, "crash at operation \(operation)")
        }
    }
}
