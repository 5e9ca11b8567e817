import Testing
import WiberBase

@testable import WiberLog

@Suite("A start for which a compressed segment is too long (decision 16)")
struct ExpansionTests {
    private static let group = GroupID(7)

    /// A log of which the write-ahead log still has entries that are in compressed segments, too.
    private func compressed(seed: UInt64) throws -> LogDriver {
        var driver = try LogDriver(MemoryDisk(), seed: seed)
        driver.append(Self.group, count: 40 + Int(seed % 20))
        driver.persist(Self.group)
        try driver.settle()
        driver.commit(Self.group, through: try #require(driver.models[Self.group]?.durable))
        driver.store.flushAll()
        try driver.settle()
        while let segment = next(driver) {
            guard driver.store.beginRewrite(Self.group, segment.path, isCompressed: true) else {
                break
            }
            while driver.store.isRewriting {
                if let plan = driver.store.rewritePlan(byteBudget: 2_000) {
                    #expect(driver.store.rewrite(try plan.run(on: driver.disk)) > 0)
                }
                try driver.settle()
            }
        }
        return driver
    }

    private func next(_ driver: LogDriver) -> SegmentSummary? {
        driver.store.closedSegments(Self.group, from: Sequence(1), to: Sequence(.max / 2))
            .first { !$0.isCompressed }
    }

    private func isCompressed(_ path: String) -> Bool {
        SegmentName(path: path)?.isCompressed ?? false
    }

    /// Files that are written anew as plain ones at a start.
    private func expansions(_ before: MemoryDisk, _ after: MemoryDisk) -> [String] {
        let old = Set(before.paths)
        return after.paths.filter { path in
            guard let name = SegmentName(path: path), !name.isCompressed, !old.contains(path) else {
                return false
            }
            return before.paths.contains { SegmentName(path: $0)?.baseIndex == name.baseIndex }
        }
    }

    @Test func `its front is written anew as a plain file, and nothing is lost`() throws {
        var count = 0
        for seed in 1...24 as ClosedRange<UInt64> {
            let driver = try compressed(seed: seed)
            #expect(driver.disk.paths.contains(where: isCompressed))
            let after = driver.disk.afterProcessCrash()
            var next = try driver.reopen(after, "seed \(seed)")
            count += expansions(driver.disk, after).count
            // It goes on behind it, and starts once more.
            next.append(Self.group, count: 30)
            try next.settle()
            _ = try next.reopen(next.disk.afterPowerCut(seed: seed), "seed \(seed), again")
        }
        #expect(count > 3)
    }

    @Test func `a start that ends at any operation, by a kill or a power cut, loses nothing`()
        throws
    {
        var seed: UInt64 = 1
        var driver = try compressed(seed: seed)
        while true {
            let after = driver.disk.afterProcessCrash()
            _ = try driver.reopen(after)
            if !expansions(driver.disk, after).isEmpty { break }
            seed += 1
            driver = try compressed(seed: seed)
        }
        let whole = driver.disk.afterProcessCrash()
        let before = whole.operations
        _ = try driver.reopen(whole)
        for operation in 1...(whole.operations - before) {
            for isPowerCut in [false, true] {
                let what = "operation \(operation), \(isPowerCut ? "power cut" : "kill")"
                let disk = driver.disk.afterProcessCrash()
                disk.fail(at: disk.operations + operation, .crash, seed: UInt64(operation))
                #expect(throws: (any Error).self, "\(what)") { try driver.reopen(disk, what) }
                let cut =
                    isPowerCut
                    ? disk.afterPowerCut(seed: UInt64(operation)) : disk.afterProcessCrash()
                _ = try driver.reopen(cut, what)
            }
        }
    }
}
