import WiberBase

@testable import WiberLog

/// Makes a story happen, as a shard would.
struct Telling {
    var driver: LogDriver
    private let size: Story.Size

    init(_ driver: LogDriver, _ size: Story.Size) {
        self.driver = driver
        self.size = size
        self.driver.payloadMax = size.payloadMax
        self.driver.store.bind(clusterID: UniqueID(high: 5, low: 6), nodeID: NodeID(1))
    }

    /// Moves committed entries to segments until log files have been used twice.
    mutating func fillSegments() throws {
        appendConfiguration()
        while driver.store.wal.generation < 5 {
            driver.append(GroupID(7), count: size.chunks)
            driver.persist(GroupID(7))
            try driver.settle()
            driver.commit(GroupID(7), through: LogIndex(UInt64(count(GroupID(7)))))
            try driver.settle()
        }
        driver.store.flushAll()
        try driver.settle()
    }

    /// A batch of all groups, with another tail now and then, a hard state, and seals between them.
    mutating func write(_ round: Int) throws {
        let keeping = round % 2 == 1 ? count(GroupID(9)) - 1 : nil
        driver.append(GroupID(9), count: size.chunks + 1, keeping: keeping)
        driver.append(GroupID(7), count: size.chunks)
        driver.append(.meta, count: 1)
        driver.persist(round % 2 == 0 ? .meta : GroupID(9))
        try driver.runJob()
        try driver.runFlush()
        if round % 4 == 3 { try seal() }
    }

    mutating func seal() throws {
        driver.store.seal()
        try driver.runJob()
    }

    /// Replaces one group's tail, and adds to the others.
    mutating func writeLast() throws {
        driver.append(GroupID(9), count: 2, keeping: count(GroupID(9)) - 2)
        driver.append(.meta, count: 1)
        driver.append(GroupID(7), count: 1)
        driver.persist(GroupID(9))
        try driver.runJob()
    }

    private func count(_ group: GroupID) -> Int { driver.models[group]?.log.count ?? 0 }

    private mutating func appendConfiguration() {
        var header = ChunkHeader()
        header.group = GroupID(7)
        header.index = LogIndex(1)
        header.term = Term(1)
        header.baseTime = Timestamp(1_000)
        header.kind = .configuration
        let chunk = Chunk.control(header, bytes: [1, 2, 3, 4, 5])
        driver.models[GroupID(7)]?.log.append(chunk)
        driver.store.append(GroupID(7), [chunk], tag: Term(1))
    }
}
