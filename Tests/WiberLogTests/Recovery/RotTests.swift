import Testing
import WiberBase

@testable import WiberLog

@Suite("Rot is never taken for what was written (rule 4)")
struct RotTests {
    /// A directory with closed and active segments and a sealed write-ahead log.
    static func make() throws -> LogDriver {
        var options = LogDriver.options
        options.walFileSize = 20 << 10
        options.segmentSize = 2 << 10
        options.flushThreshold = 1 << 10
        var driver = try LogDriver(MemoryDisk(), seed: 21, options: options)
        for round in 0..<12 {
            driver.append(GroupID(7), count: 2)
            driver.append(.meta, count: 1)
            driver.persist(.meta)
            try driver.settle()
            guard round < 9 else { continue }
            driver.commit(GroupID(7), through: try #require(driver.models[GroupID(7)]?.durable))
            try driver.settle()
        }
        driver.store.seal()
        try driver.settle()
        return driver
    }

    /// What a start made of a changed file.
    enum Outcome {
        /// By the whole node, or by the group until other replicas have repaired it.
        case refused
        case intact
        case different
    }

    static func open(_ driver: LogDriver, _ disk: MemoryDisk) -> Outcome {
        guard
            let (store, recovery) = try? LogStore.open(
                disk,
                options: driver.store.options,
                identity: LogDriver.identity
            )
        else { return .refused }
        guard recovery.impaired.isEmpty else { return .refused }
        for (id, _) in LogDriver.groups {
            guard let model = driver.models[id],
                let group = recovery.groups.first(where: { $0.id == id }),
                group.last.index == model.durable, group.term == model.hard.term,
                group.votedFor == model.hard.votedFor
            else { return .different }
            for index in group.base.index.rawValue..<group.last.index.rawValue {
                let expected = model.log[Int(index)]
                if let chunk = store.chunk(id, at: expected.id.index) {
                    guard chunk.bytes == expected.bytes else { return .different }
                    continue
                }
                guard let plan = store.plan(id, from: expected.id.index, byteBudget: 1) else {
                    return .different
                }
                guard let chunk = try? plan.run(on: disk).first else { return .refused }
                guard chunk.bytes == expected.bytes else { return .different }
            }
        }
        return .intact
    }

    /// One bit of every 23rd byte that says something, and of some that do not; the tests of the
    /// formats flip every bit.
    static func places(_ bytes: [UInt8]) -> [Int] {
        let used = bytes.indices.filter { bytes[$0] != 0 || $0 % 1_021 == 0 }
        return used.enumerated().filter { $0.offset % 23 == 0 }.map { place, byte in
            byte * 8 + (place / 23) % 8
        }
    }

    @Test func `a flipped bit in any file is refused or changes nothing`() throws {
        let driver = try Self.make()
        #expect(driver.disk.paths.filter { $0.hasSuffix(".seg") }.count > 3)
        #expect(try LogCheck.run(driver.disk).damages == [])
        var refusals = 0
        for path in driver.disk.paths {
            let bytes = driver.disk.bytes(path)
            for bit in Self.places(bytes) {
                let disk = driver.disk.afterProcessCrash()
                var flipped = bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                disk.set(path, flipped)
                let report = try LogCheck.run(disk)
                let outcome = Self.open(driver, disk)
                #expect(outcome != .different, "\(path) bit \(bit)")
                guard outcome == .refused else { continue }
                refusals += 1
                #expect(!report.isSound, "\(path) bit \(bit)")
            }
        }
        #expect(refusals > 100)
    }

    /// The bytes that put a damage right, and where; entries come from `log`.
    private func bytes(_ cure: Cure, _ log: [Chunk]) -> (offset: Int, bytes: [UInt8]) {
        switch cure {
        case .bytes(_, let offset, let bytes): return (offset, bytes)
        case .entry(_, let place):
            let entry = log.first { $0.id.index == place.index }
            return (place.offset, entry?.bytes ?? [])
        case .file(_, _, let bytes): return (0, bytes)
        }
    }

    @Test func `a segment file that goes while it is in use is read again from what is known`()
        throws
    {
        let driver = try Self.make()
        let model = try #require(driver.models[GroupID(7)])
        let segments = driver.disk.paths.filter { $0.contains("/7") && $0.hasSuffix(".seg") }
        #expect(segments.count > 2)
        for path in segments {
            for expected in model.log {
                let index = expected.id.index
                guard
                    let plan = driver.store.plan(GroupID(7), from: index, byteBudget: 1),
                    plan.path == path
                else { continue }
                let disk = driver.disk.afterProcessCrash()
                disk.set(path, [])
                var result = Result { try plan.run(on: disk) }
                for _ in 0..<100 {
                    guard case .failure(LogError.damaged(let list)) = result else { break }
                    let cure = try #require(list.first?.cure, "\(list)")
                    let (offset, bytes) = bytes(cure, model.log)
                    var file = disk.bytes(path)
                    file += [UInt8](repeating: 0, count: max(0, offset + bytes.count - file.count))
                    file.replaceSubrange(offset..<offset + bytes.count, with: bytes)
                    disk.set(path, file)
                    result = Result { try plan.run(on: disk) }
                }
                #expect(try result.get().first?.bytes == expected.bytes, "\(path) \(index)")
            }
        }
    }

    @Test func `a file cut anywhere is refused or nothing is lost`() throws {
        let driver = try Self.make()
        for path in driver.disk.paths {
            let bytes = driver.disk.bytes(path)
            for count in stride(from: 0, to: bytes.count, by: 101) {
                let disk = driver.disk.afterProcessCrash()
                disk.set(path, Array(bytes[..<count]))
                #expect(Self.open(driver, disk) != .different, "\(path) cut at \(count)")
            }
        }
    }

    @Test func `a file that is missing is refused, unless the log still has all of it`() throws {
        let driver = try Self.make()
        var refused: [String] = []
        for path in driver.disk.paths {
            let disk = driver.disk.afterProcessCrash()
            try disk.remove(path)
            let report = try LogCheck.run(disk)
            let outcome = Self.open(driver, disk)
            #expect(outcome != .different, "\(path)")
            #expect(report.isSound == (outcome == .intact), "\(path)")
            if outcome == .refused { refused.append(path) }
        }
        #expect(refused.count >= driver.disk.paths.count - 1)
    }

    @Test func `both copies of a hard state bad is refused, one is repaired`() throws {
        let driver = try Self.make()
        let disk = driver.disk.afterProcessCrash()
        var bytes = disk.bytes("hard")
        bytes[20] ^= 1
        disk.set("hard", bytes)
        #expect(try !LogCheck.run(disk).isSound)
        let both = disk.afterProcessCrash()
        bytes[4_096 + 20] ^= 1
        both.set("hard", bytes)
        #expect(Self.open(driver, both) == .refused)
        #expect(Self.open(driver, disk) == .intact)
        #expect(try LogCheck.run(disk).damages == [])
    }

    @Test func `an unsealed last batch that is damaged is cut, and the start says so`() throws {
        var driver = try Self.make()
        driver.append(.meta, count: 1)
        try driver.runJob()
        let path = driver.store.wal.active.file.path
        let last = driver.store.wal.offset - WALFile.blockSize
        for byte in last..<last + BatchHeader.size + 50 {
            let disk = driver.disk.afterProcessCrash()
            var bytes = disk.bytes(path)
            bytes[byte] ^= 4
            disk.set(path, bytes)
            let (_, recovery) = try LogStore.open(
                disk,
                options: driver.store.options,
                identity: LogDriver.identity
            )
            #expect(recovery.tornTail != nil, "byte \(byte - last)")
        }
    }
}
