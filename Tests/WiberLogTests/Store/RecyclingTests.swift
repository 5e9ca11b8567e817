import Testing
import WiberBase

@testable import WiberLog

@Suite("Files are used again (rules 1 and 8)")
struct RecyclingTests {
    /// Appends, commits and flushes `rounds` times.
    static func work(_ driver: inout LogDriver, rounds: Int, group: GroupID = GroupID(7)) throws {
        for _ in 0..<rounds {
            driver.append(group, count: 2)
            try driver.settle()
            driver.commit(group, through: try #require(driver.models[group]?.durable))
            try driver.settle()
        }
    }

    @Test func `a few log files serve for ever, without new names`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 31)
        try Self.work(&driver, rounds: 60)
        let files = driver.disk.paths.filter { $0.hasPrefix("wal/") }
        #expect(files.count <= 4)
        try Self.work(&driver, rounds: 200)
        #expect(driver.disk.paths.filter { $0.hasPrefix("wal/") } == files)
        #expect(driver.store.wal.generation > 10)
        let next = try driver.reopen(driver.disk.afterPowerCut(seed: 4))
        #expect(next.store.lastIndex(GroupID(7)) == LogIndex(520))
    }

    @Test func `an uncommitted tail does not hold files for ever`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 32)
        driver.append(GroupID(9), count: 5)
        try driver.settle()
        let generation = driver.store.wal.generation
        try Self.work(&driver, rounds: 200)
        #expect(driver.store.wal.oldestGeneration > generation)
        #expect(driver.disk.paths.filter { $0.hasPrefix("wal/") }.count <= 5)
        let next = try driver.reopen(driver.disk.afterPowerCut(seed: 4))
        #expect(next.store.lastIndex(GroupID(9)) == LogIndex(5))
    }

    @Test func `a large uncommitted tail is not copied again and again`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 39)
        for _ in 0..<300 {
            driver.append(GroupID(9), count: 2)
            try driver.settle()
        }
        #expect(driver.store.statistics.memtableBytes > 3 * driver.store.options.walFileSize)
        let written = driver.store.counters.entries
        #expect(written < 5 * 600)
        for _ in 0..<20 { try driver.settle() }
        #expect(driver.store.counters.entries == written)
        let next = try driver.reopen(driver.disk.afterPowerCut(seed: 4))
        #expect(next.store.lastIndex(GroupID(9)) == LogIndex(600))
    }

    @Test func `memory keeps what no segment has, and little else`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 33)
        try Self.work(&driver, rounds: 300)
        let statistics = driver.store.statistics
        #expect(statistics.retainedBytes <= driver.store.options.retainedBytes)
        #expect(statistics.memtableBytes <= 60 << 10)
        #expect(driver.store.lastChunk(GroupID(7)) != nil)
        #expect(!driver.store.isOverBudget)
    }

    @Test func `a log that cannot move entries to segments asks for patience`() throws {
        var options = LogDriver.options
        options.memoryBudget = 20 << 10
        var driver = try LogDriver(MemoryDisk(), seed: 34, options: options)
        while driver.store.statistics.memtableBytes <= options.memoryBudget {
            #expect(!driver.store.isOverBudget)
            driver.append(GroupID(7), count: 1)
            try driver.settle()
        }
        #expect(driver.store.isOverBudget)
        driver.commit(GroupID(7), through: try #require(driver.models[GroupID(7)]?.durable))
        try driver.settle()
        #expect(!driver.store.isOverBudget)
    }

    @Test func `only groups that hold their share of the budget have to wait`() throws {
        var options = LogDriver.options
        options.memoryBudget = 20 << 10
        var driver = try LogDriver(MemoryDisk(), seed: 36, options: options)
        driver.append(GroupID(9), count: 1)
        while !driver.store.isOverBudget {
            #expect(!driver.store.mustWait(GroupID(7)))
            driver.append(GroupID(7), count: 1)
            try driver.settle()
        }
        #expect(driver.store.mustWait(GroupID(7)))
        #expect(!driver.store.mustWait(GroupID(9)))
        while !driver.store.mustWait(GroupID(9)) { driver.append(GroupID(9), count: 1) }
        #expect(driver.store.statistics.memtableBytes < 3 * options.memoryBudget)
        try driver.settle()
        driver = try driver.reopen(driver.disk.afterProcessCrash())
        #expect(driver.store.mustWait(GroupID(7)))
        driver.commit(GroupID(7), through: try #require(driver.models[GroupID(7)]?.durable))
        try driver.settle()
        #expect(!driver.store.mustWait(GroupID(7)))
    }

    @Test func `a batch larger than a log file gets a file of its own`() throws {
        var options = LogDriver.options
        options.batchTarget = 1 << 20
        var driver = try LogDriver(MemoryDisk(), seed: 35, options: options)
        driver.append(GroupID(7), count: 300)
        #expect(driver.store.statistics.queuedBytes > options.walFileSize)
        try driver.settle()
        #expect(driver.models[GroupID(7)]?.durable == LogIndex(300))
        _ = try driver.reopen(driver.disk.afterPowerCut(seed: 4))
    }

    @Test func `a job that met a full disk can be run again`() throws {
        let operations = try count { _ in }
        for operation in 1...operations {
            let found = try count { $0.fillUp(at: operation) }
            #expect(found >= operations)
        }
    }

    /// Works with every failed job run again; returns how many operations that took.
    private func count(_ prepare: (MemoryDisk) -> Void) throws -> Int {
        let disk = MemoryDisk()
        var driver = try LogDriver(disk, seed: 36)
        let start = disk.operations
        prepare(disk)
        for round in 0..<12 {
            driver.append(GroupID(7), count: 12)
            driver.persist(GroupID(7))
            if let job = driver.store.nextJob() {
                if (try? job.run(on: disk)) == nil { try job.run(on: disk) }
                driver.finish(job)
            }
            driver.commit(GroupID(7), through: LogIndex(UInt64(round) * 12))
            if let job = driver.store.nextFlush() {
                if (try? job.run(on: disk)) == nil { try job.run(on: disk) }
                driver.store.complete(job)
            }
        }
        let operations = disk.operations - start
        _ = try driver.reopen(disk.afterPowerCut(seed: 3))
        return operations
    }

    @Test func `after a clean stop little is left to replay`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 37)
        try Self.work(&driver, rounds: 50)
        driver.store.flushAll()
        driver.store.seal()
        try driver.settle()
        #expect(!driver.store.needsSeal)
        let next = try driver.reopen(driver.disk.afterPowerCut(seed: 4))
        #expect(next.recovery.tornTail == nil)
        #expect(next.recovery.repairs == [])
    }
}
