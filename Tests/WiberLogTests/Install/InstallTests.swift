import Testing
import WiberBase

@testable import WiberLog

@Suite("A snapshot takes the place of a log, all at once")
struct InstallTests {
    private static let group = GroupID(7)

    /// The log of another replica, of which only the end is left there.
    private static func others(_ count: Int, term: Term) -> [Chunk] {
        var log: [Chunk] = []
        for _ in 0..<count {
            log.append(LogDriver.chunk(group, after: log.last?.header, term: term, messages: 2))
        }
        return log
    }

    private static func snapshot(_ log: [Chunk], first index: Int) throws -> LogSnapshot {
        try #require(
            LogSnapshot(
                first: log[index - 1],
                previousTerm: log[index - 2].header.term,
                configuration: nil
            )
        )
    }

    /// A log of 30 entries, 20 of them in segments, and another group.
    private func driver(tail: Int = 10) throws -> LogDriver {
        var driver = try LogDriver(MemoryDisk(), seed: 1)
        driver.append(GroupID(9), count: 3)
        driver.persist(Self.group)
        driver.append(Self.group, count: 20)
        try driver.settle()
        driver.commit(Self.group, through: LogIndex(20))
        driver.store.flushAll()
        try driver.settle()
        driver.append(Self.group, count: tail)
        try driver.settle()
        #expect(driver.store.lastIndex(Self.group) == LogIndex(UInt64(20 + tail)))
        return driver
    }

    private func segments(_ disk: MemoryDisk) -> [String] {
        disk.paths.filter { $0.hasPrefix("topics/7-") }
    }

    @Test func `the log begins with the snapshot, takes what follows, and is so after a start`()
        throws
    {
        var driver = try driver()
        let log = Self.others(60, term: Term(5))
        let isBegun = driver.store.install(try Self.snapshot(log, first: 40))
        #expect(isBegun)
        #expect(driver.store.isInstalling(Self.group))
        try driver.settle()
        #expect(!driver.store.isInstalling(Self.group))
        #expect(driver.store.firstIndex(Self.group) == LogIndex(40))
        #expect(driver.store.lastIndex(Self.group) == LogIndex(40))
        #expect(driver.store.term(Self.group, at: LogIndex(39)) == Term(5))
        #expect(driver.store.statistics.installs == 1)
        driver.store.append(Self.group, Array(log[40...]), tag: Term(5))
        try driver.settle()
        driver.store.commit(Self.group, through: LogIndex(60))
        driver.store.flushAll()
        try driver.settle()
        #expect(segments(driver.disk).allSatisfy { $0.hasPrefix("topics/7-orders/1/") })
        for cut in 0..<8 as Range<UInt64> {
            let next = try LogDriver(driver.disk.afterPowerCut(seed: cut), seed: 1)
            let found = try #require(next.recovery.groups.first { $0.id == Self.group })
            #expect(found.base == EntryID(index: LogIndex(39), term: Term(5)))
            #expect(found.last == log.last?.id)
            #expect(found.term == Term(5))
            for chunk in try next.read(Self.group, from: LogIndex(40)) {
                #expect(chunk.bytes == log[Int(chunk.header.index.rawValue) - 1].bytes)
            }
            #expect(next.store.lastIndex(GroupID(9)) == LogIndex(3))
        }
        let report = try LogCheck.run(driver.disk)
        #expect(report.isSound)
    }

    @Test func `a second one takes the place of the first, and a third that of the second`() throws
    {
        var driver = try driver()
        let log = Self.others(90, term: Term(5))
        for (first, directory) in [(40, "1"), (60, "2"), (80, "1")] {
            let isBegun = driver.store.install(try Self.snapshot(log, first: first))
            #expect(isBegun)
            try driver.settle()
            #expect(driver.store.firstIndex(Self.group) == LogIndex(UInt64(first)))
            #expect(segments(driver.disk).count == 1)
            #expect(segments(driver.disk).first?.hasPrefix("topics/7-orders/\(directory)/") == true)
        }
    }

    @Test func `what the log has is not replaced`() throws {
        var driver = try driver()
        let log = Self.others(60, term: Term(5))
        let isBegun = driver.store.install(try Self.snapshot(log, first: 15))
        #expect(!isBegun)
        let isFirst = driver.store.install(try Self.snapshot(log, first: 40))
        let isSecond = driver.store.install(try Self.snapshot(log, first: 50))
        #expect(isFirst && !isSecond)
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `wherever the process or the power ends, the log is the old one or the new one`(
        seed: UInt64
    ) throws {
        let log = Self.others(60, term: Term(5))
        var results: Set<UInt64> = []
        for operation in 1... {
            var driver = try driver()
            let before = driver.disk.operations
            driver.disk.fail(at: before + operation, .crash, seed: seed)
            let isBegun = driver.store.install(try Self.snapshot(log, first: 28))
            #expect(isBegun)
            var isEnded = false
            do {
                try driver.settle()
                isEnded = true
            } catch {}
            let isInstalled = isEnded || !driver.store.isInstalling(Self.group)
            let disk =
                seed % 2 == 0
                ? driver.disk.afterProcessCrash() : driver.disk.afterPowerCut(seed: seed)
            let next = try LogDriver(disk, seed: 1)
            let found = try #require(next.recovery.groups.first { $0.id == Self.group })
            results.insert(found.last.index.rawValue)
            let isNew = found.last == log[27].id && found.base == log[26].id
            let isOld = found.base == .zero && found.last.index == LogIndex(30)
            #expect(isNew || isOld && !isInstalled, "operation \(operation): \(found.last)")
            #expect(found.term == (isNew ? Term(5) : driver.models[Self.group]?.hard.term))
            #expect(next.store.lastIndex(GroupID(9)) == LogIndex(3))
            #expect(try LogCheck.run(next.disk).isSound)
            if isEnded { break }
        }
        #expect(results == [28, 30])
    }

    @Test func `entries of the old log behind the snapshot never come back`() throws {
        var driver = try driver(tail: 30)
        let log = Self.others(40, term: Term(5))
        let isBegun = driver.store.install(try Self.snapshot(log, first: 40))
        #expect(isBegun)
        try driver.settle()
        driver.store.append(Self.group, [], tag: Term(5))
        for disk in [driver.disk.afterProcessCrash(), driver.disk.afterPowerCut(seed: 2)] {
            var next = try LogDriver(disk, seed: 1)
            #expect(next.store.lastIndex(Self.group) == LogIndex(40))
            next.store.append(
                Self.group,
                [LogDriver.chunk(Self.group, after: log.last?.header, term: Term(6), messages: 1)],
                tag: Term(6)
            )
            try next.settle()
            let last = try LogDriver(next.disk.afterPowerCut(seed: 3), seed: 1)
            #expect(last.store.lastIndex(Self.group) == LogIndex(41))
        }
    }

    @Test func `the hard state is never behind the snapshot's term, and keeps its vote otherwise`()
        throws
    {
        for term in [1, 9] as [UInt64] {
            var driver = try driver()
            driver.store.persist(Self.group, term: Term(5), votedFor: NodeID(3))
            try driver.settle()
            let log = Self.others(40, term: Term(term))
            let isBegun = driver.store.install(try Self.snapshot(log, first: 40))
            #expect(isBegun)
            try driver.settle()
            let next = try LogDriver(driver.disk.afterPowerCut(seed: 1), seed: 1)
            let found = try #require(next.recovery.groups.first { $0.id == Self.group })
            #expect(found.term == Term(max(5, term)))
            #expect(found.votedFor == NodeID(term == 9 ? 0 : 3))
        }
    }

    @Test func `parts that are not of one log are no snapshot`() throws {
        let log = Self.others(9, term: Term(5))
        let first = log[8]
        #expect(LogSnapshot(first: log[0], previousTerm: Term(5), configuration: nil) == nil)
        #expect(LogSnapshot(first: first, previousTerm: Term(6), configuration: nil) == nil)
        #expect(LogSnapshot(first: first, previousTerm: .zero, configuration: nil) == nil)
        #expect(LogSnapshot(first: first, previousTerm: Term(5), configuration: log[3]) == nil)
        var header = ChunkHeader()
        header.group = GroupID(9)
        header.index = LogIndex(4)
        header.term = Term(5)
        header.kind = .configuration
        let foreign = Chunk.control(header)
        #expect(LogSnapshot(first: first, previousTerm: Term(5), configuration: foreign) == nil)
        header.group = Self.group
        let own = Chunk.control(header)
        #expect(LogSnapshot(first: first, previousTerm: Term(5), configuration: own) != nil)
        header.index = LogIndex(.max)
        let far = Chunk.control(header)
        #expect(LogSnapshot(first: far, previousTerm: Term(5), configuration: nil) == nil)
        header.index = LogIndex(9)
        let late = Chunk.control(header)
        #expect(LogSnapshot(first: first, previousTerm: Term(5), configuration: late) == nil)
    }
}
