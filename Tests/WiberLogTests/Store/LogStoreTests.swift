import Testing
import WiberBase

@testable import WiberLog

@Suite("A log from open to open")
struct LogStoreTests {
    @Test func `a new directory is empty and has an identity`() throws {
        let driver = try LogDriver(MemoryDisk(), seed: 1)
        #expect(driver.recovery.isNew)
        #expect(driver.store.superblock.incarnation == 1)
        #expect(driver.store.superblock.storeID == LogDriver.identity.newStoreID)
    }

    @Test func `what a job completed is there after a start`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 1)
        driver.append(.meta, count: 3)
        driver.append(GroupID(7), count: 5)
        driver.persist(GroupID(7))
        try driver.settle()
        #expect(driver.models[GroupID(7)]?.durable == LogIndex(5))
        let next = try driver.reopen(driver.disk.afterPowerCut(seed: 3))
        #expect(next.store.superblock.incarnation == 2)
        #expect(next.store.lastIndex(GroupID(7)) == LogIndex(5))
    }

    @Test func `in the steady state a batch is one write and one sync`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 1)
        driver.append(GroupID(7), count: 1)
        try driver.settle()
        let before = (driver.disk.writes, driver.disk.syncs, driver.disk.operations)
        driver.append(GroupID(7), count: 1)
        driver.append(GroupID(9), count: 1)
        driver.append(.meta, count: 1)
        try driver.runJob()
        #expect(driver.disk.writes == before.0 + 1)
        #expect(driver.disk.syncs == before.1 + 1)
        #expect(driver.disk.operations == before.2 + 2)
    }

    @Test func `committed entries move to segments and are read from there`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 2)
        let group = GroupID(7)
        for _ in 0..<100 {
            driver.append(group, count: 2)
            try driver.runJob()
            let last = try #require(driver.models[group]?.durable)
            driver.commit(group, through: last)
            try driver.runFlush()
        }
        try driver.settle()
        #expect(driver.store.statistics.segments > 3)
        #expect(driver.store.chunk(group, at: LogIndex(1)) == nil)
        let next = try driver.reopen(driver.disk.afterProcessCrash())
        #expect(next.store.lastIndex(group) == LogIndex(200))
    }

    @Test func `a message is found by sequence and by time, in memory and in segments`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 3)
        let group = GroupID(7)
        for _ in 0..<60 {
            driver.append(group, count: 2)
            try driver.settle()
            driver.commit(group, through: try #require(driver.models[group]?.durable))
            try driver.settle()
        }
        let log = try #require(driver.models[group]?.log)
        for chunk in log where chunk.header.count > 0 {
            let header = chunk.header
            for sequence in [header.baseSequence, header.nextSequence.previous] {
                let found = try driver.resolve(driver.store.index(group, of: sequence))
                #expect(found?.id == header.id)
            }
            let time = Timestamp(header.baseTime.rawValue + 1)
            let found = try driver.resolve(driver.store.index(group, at: time))
            #expect(found?.id == header.id)
            let early = try #require(driver.store.firstIndex(group, since: header.baseTime))
            #expect(early <= header.index)
        }
        let end = try #require(log.last?.header.nextSequence)
        guard case .beyondEnd = driver.store.index(group, of: end) else {
            Issue.record("sequence \(end) is after the last")
            return
        }
    }

    @Test func `a suffix that is appended again replaces what was there`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 4)
        let group = GroupID(9)
        driver.append(group, count: 6)
        try driver.runJob()
        driver.append(group, count: 1, keeping: 3)
        #expect(driver.store.lastIndex(group) == LogIndex(4))
        #expect(driver.store.term(group, at: LogIndex(4)) == Term(2))
        try driver.settle()
        let next = try driver.reopen(driver.disk.afterPowerCut(seed: 1))
        #expect(next.store.lastIndex(group) == LogIndex(4))
    }

    @Test func `a group cannot be registered under a name that is a path`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 4)
        for name in ["", "..", "a/b", "a.b", String(repeating: "x", count: 256)] {
            let isTaken = driver.store.register(GroupID(11), name: name)
            #expect(!isTaken)
        }
        let isRenamed = driver.store.register(GroupID(7), name: "other")
        #expect(!isRenamed)
    }

    @Test func `the directory of another node is refused`() throws {
        let driver = try LogDriver(MemoryDisk(), seed: 4)
        var identity = LogDriver.identity
        identity.nodeName = "n1"
        #expect(throws: LogError.wrongNode(found: "n2", expected: "n1")) {
            _ = try LogStore.open(driver.disk, identity: identity)
        }
    }

    @Test func `a cluster is bound for ever`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 4)
        driver.store.bind(clusterID: UniqueID(high: 5, low: 6), nodeID: NodeID(1))
        try driver.settle()
        let next = try driver.reopen(driver.disk.afterPowerCut(seed: 9))
        #expect(next.store.superblock.clusterID == UniqueID(high: 5, low: 6))
    }

    @Test func `old segments go, and the log starts after them for ever`() throws {
        var driver = try LogDriver(MemoryDisk(), seed: 8)
        let group = GroupID(7)
        for _ in 0..<100 {
            driver.append(group, count: 2)
            try driver.settle()
            driver.commit(group, through: try #require(driver.models[group]?.durable))
            try driver.settle()
        }
        let files = driver.disk.paths.filter { $0.hasSuffix(".seg") }.count
        driver.store.trim(group, below: Sequence(1 << 40), index: LogIndex(100))
        try driver.settle()
        #expect(driver.disk.paths.filter { $0.hasSuffix(".seg") }.count < files)
        let first = try #require(driver.store.firstIndex(group))
        #expect(first > LogIndex(50) && first <= LogIndex(100))
        let next = try driver.reopen(driver.disk.afterPowerCut(seed: 9))
        #expect(next.store.firstIndex(group) == first)
    }
}

extension LogDriver {
    /// The chunk that a place names.
    func resolve(_ place: SequencePlace) throws -> Chunk? {
        switch place {
        case .memory(let index): store.chunk(GroupID(7), at: index)
        case .segment(let plan): try plan.run(on: disk).first
        case .beyondEnd, .belowStart: nil
        }
    }
}
