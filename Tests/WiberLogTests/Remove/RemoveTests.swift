import Testing
import WiberBase

@testable import WiberLog

@Suite("A replica leaves a node, all at once")
struct RemoveTests {
    private static let group = GroupID(7)

    /// A log of 30 entries, 20 of them in segments, and another group.
    private func driver() throws -> LogDriver {
        var driver = try LogDriver(MemoryDisk(), seed: 1)
        driver.append(GroupID(9), count: 3)
        driver.persist(Self.group)
        driver.append(Self.group, count: 20)
        try driver.settle()
        driver.commit(Self.group, through: LogIndex(20))
        driver.store.flushAll()
        try driver.settle()
        driver.append(Self.group, count: 10)
        try driver.settle()
        return driver
    }

    private func files(_ disk: MemoryDisk) -> [String] {
        disk.paths.filter { $0.hasPrefix("topics/7-") }
    }

    private func remove(_ driver: inout LogDriver, since: UInt64 = 50) throws {
        let isBegun = driver.store.remove(Self.group, since: LogIndex(since))
        #expect(isBegun && driver.store.isRemoved(Self.group))
        driver.models[Self.group] = nil
        try driver.settle()
    }

    @Test func `nothing is left but the vote, and a start misses nothing`() throws {
        var driver = try driver()
        let hard = driver.models[Self.group]?.hard
        try remove(&driver)
        #expect(!driver.store.isRegistered(Self.group))
        #expect(driver.store.removedGroups == [Self.group])
        #expect(!files(driver.disk).isEmpty, "files stay until they are discarded")
        for cut in 0..<8 as Range<UInt64> {
            let next = try LogDriver(driver.disk.afterPowerCut(seed: cut), seed: 1)
            #expect(next.recovery.removed == [Self.group])
            #expect(!next.recovery.groups.contains { $0.id == Self.group })
            #expect(next.store.placement(of: Self.group) == LogIndex(50))
            #expect(next.store.lastIndex(GroupID(9)) == LogIndex(3))
        }
        driver.store.discard(Self.group)
        try driver.settle()
        #expect(files(driver.disk).isEmpty)
        let report = try LogCheck.run(driver.disk)
        #expect(report.isSound)
        let isBack = driver.store.register(Self.group, name: "orders", since: LogIndex(60))
        #expect(isBack)
        let summary = try #require(driver.store.describe(Self.group))
        #expect(summary.term == hard?.term && summary.votedFor == hard?.votedFor)
        #expect(summary.last == .zero)
    }

    @Test func `a group comes back empty, and not before its files are gone`() throws {
        var driver = try driver()
        try remove(&driver)
        let isEarly = driver.store.register(Self.group, name: "orders", since: LogIndex(60))
        #expect(!isEarly)
        driver.store.discard(Self.group)
        try driver.settle()
        let isOld = driver.store.register(Self.group, name: "orders", since: LogIndex(49))
        #expect(!isOld, "an older decision than the one that removed it")
        let isBack = driver.store.register(Self.group, name: "orders", since: LogIndex(60))
        #expect(isBack)
        driver.models[Self.group] = LogDriver.Model()
        driver.append(Self.group, count: 5)
        try driver.settle()
        for cut in 0..<8 as Range<UInt64> {
            let next = try LogDriver(driver.disk.afterPowerCut(seed: cut), seed: 1)
            let found = try #require(next.recovery.groups.first { $0.id == Self.group })
            #expect(found.last.index == LogIndex(5))
            #expect(next.store.placement(of: Self.group) == LogIndex(60))
        }
        // What an old decision says does not touch it.
        let isIgnored = driver.store.remove(Self.group, since: LogIndex(50))
        #expect(isIgnored && driver.store.isRegistered(Self.group))
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `wherever the process or the power ends, the group is there as it was, or is gone`(
        seed: UInt64
    ) throws {
        var results: Set<String> = []
        for operation in 1... {
            var driver = try driver()
            driver.disk.fail(at: driver.disk.operations + operation, .crash, seed: seed)
            var isEnded = false
            do {
                try remove(&driver)
                driver.store.discard(Self.group)
                try driver.settle()
                if driver.store.register(Self.group, name: "orders", since: LogIndex(60)) {
                    driver.models[Self.group] = LogDriver.Model()
                    driver.append(Self.group, count: 2)
                }
                try driver.settle()
                isEnded = true
            } catch {}
            let disk = driver.disk.afterPowerCut(seed: seed)
            let next = try LogDriver(disk, seed: 1)
            if let found = next.recovery.groups.first(where: { $0.id == Self.group }) {
                results.insert("\(found.last.index)")
                #expect([0, 1, 2, 30].contains(found.last.index.rawValue), "\(found.last)")
            } else {
                results.insert("gone")
                #expect(next.recovery.removed == [Self.group])
            }
            #expect(next.store.lastIndex(GroupID(9)) == LogIndex(3))
            if isEnded { break }
        }
        #expect(results.isSuperset(of: ["30", "gone"]), "\(results)")
    }

    @Test func `a job that finds no room in the log does not lose the word of it`() throws {
        var driver = try driver()
        // The next log file is being made, and the one in use is full.
        driver.store.isPreparing = true
        for _ in 0..<2_000 {
            driver.append(GroupID(9), count: 4)
            guard let job = driver.store.nextJob() else { break }
            try job.run(on: driver.disk)
            driver.finish(job)
        }
        let isBegun = driver.store.remove(Self.group, since: LogIndex(50))
        #expect(isBegun)
        driver.models[Self.group] = nil
        try driver.runFlush()
        let blocked = driver.store.nextJob()
        #expect(blocked == nil)
        driver.store.isPreparing = false
        try driver.settle()
        #expect(driver.store.removedGroups == [Self.group])
    }
}
