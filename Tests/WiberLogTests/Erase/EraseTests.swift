import Testing
import WiberBase

@testable import WiberLog

@Suite("What is erased leaves the files of the log (decision 15)")
struct EraseTests {
    private static let group = GroupID(7)

    /// A log with a message of 64 equal bytes, then one that shall stay.
    private struct Story {
        var driver: LogDriver
        var last: ChunkHeader?
        static let secret = [UInt8](repeating: 0xa7, count: 64)
        static let other = [UInt8](repeating: 0x5b, count: 64)

        init(_ disk: MemoryDisk = MemoryDisk(), options: LogOptions = LogDriver.options) throws {
            driver = try LogDriver(disk, seed: 3, options: options)
        }

        mutating func add(_ payloads: [[UInt8]], removing: [WiberBase.Removal] = []) throws {
            var header = ChunkHeader()
            header.group = EraseTests.group
            header.index = last?.index.next ?? LogIndex(1)
            header.term = Term(1)
            header.previousChecksum = last?.checksum ?? 0
            header.baseSequence = last?.nextSequence ?? Sequence(1)
            header.baseTime = Timestamp((last?.baseTime.rawValue ?? 1_000) + 10)
            header.isErasing = removing.contains { $0.isErasing }
            var chunk: Chunk
            if payloads.isEmpty {
                var bytes: [UInt8] = []
                for removal in removing { removal.encode(into: &bytes) }
                header.kind = .trim
                header.removalCount = UInt16(removing.count)
                chunk = Chunk.control(header, bytes: bytes)
            } else {
                var builder = ChunkBuilder()
                for payload in payloads {
                    payload.withUnsafeBytes {
                        _ = builder.append(MessageBody(payload: $0), time: header.baseTime)
                    }
                }
                chunk = builder.seal(header, removals: removing)
            }
            last = chunk.header
            driver.store.append(EraseTests.group, [chunk], tag: Term(1))
            try driver.settle()
            driver.store.commit(EraseTests.group, through: chunk.header.index)
        }

        /// Does what a shard does, but for the clock.
        mutating func erase(_ sequence: UInt64, entry: LogIndex) throws {
            let group = EraseTests.group
            try flush(entry)
            driver.store.overwriteLog()
            let end = Sequence(sequence + 1)
            for segment in driver.store.closedSegments(group, from: Sequence(sequence), to: end)
            where !driver.store.isErased(segment, through: entry) {
                let path = segment.path
                let hasBegun = driver.store.beginRewrite(group, path, erasedThrough: entry)
                #expect(hasBegun)
                while driver.store.isRewriting {
                    if let plan = driver.store.rewritePlan(byteBudget: 64 << 10) {
                        let chunks = try plan.run(on: driver.disk).map {
                            $0.erasing { $0.rawValue == sequence } ?? $0
                        }
                        let count = driver.store.rewrite(chunks)
                        #expect(count > 0)
                    }
                    try driver.settle()
                }
            }
            for _ in 0..<20 {
                driver.store.allowOverwriting(1 << 20)
                try driver.settle()
            }
        }

        mutating func flush(_ entry: LogIndex) throws {
            for _ in 0..<8 {
                let isThere = driver.store.flushForErasure(EraseTests.group, through: entry)
                if isThere { return }
                try driver.settle()
            }
            Issue.record("entry \(entry) is in no segment")
        }

        func holders(of bytes: [UInt8]) -> [String] {
            driver.disk.paths.filter { path in
                let file = driver.disk.bytes(path)
                return file.count >= bytes.count
                    && (0...file.count - bytes.count).contains {
                        file[$0] == bytes[0] && file[$0..<$0 + bytes.count].elementsEqual(bytes)
                    }
            }
        }
    }

    private static func removal(_ sequence: UInt64) -> WiberBase.Removal {
        WiberBase.Removal(first: Sequence(sequence), count: 1, isErasing: true)
    }

    @Test func `an entry that erases ends the segment before it, and only if the message is there`()
        throws
    {
        var story = try Story()
        try story.add([Story.secret, Story.other])
        try story.add([], removing: [Self.removal(1)])
        try story.flush(LogIndex(2))
        let log = story.driver.store.groups[try #require(story.driver.store.slots[Self.group])]
        #expect(log.closed.map(\.trailer.lastIndex) == [LogIndex(1)])
        #expect(log.active?.header.baseIndex == LogIndex(2))
        try story.add([], removing: [Self.removal(2)])
        try story.flush(LogIndex(3))
        let next = story.driver.store.groups[try #require(story.driver.store.slots[Self.group])]
        #expect(next.closed.count == 1, "the message is in a closed segment already")
    }

    @Test func `an erased body is in no file any more, and its neighbour is`() throws {
        var story = try Story()
        try story.add([Story.secret, Story.other])
        #expect(!story.holders(of: Story.secret).isEmpty)
        try story.add([], removing: [Self.removal(1)])
        try story.erase(1, entry: LogIndex(2))
        #expect(!story.driver.store.isOverwritingLog && !story.driver.store.hasOverwrites)
        #expect(story.holders(of: Story.secret) == [])
        #expect(story.holders(of: Story.other).contains { $0.hasSuffix(".1.seg") })
        #expect(story.driver.store.counters.overwrittenBytes > 0)
        let disk = story.driver.disk.afterPowerCut(seed: 5)
        let (store, _) = try LogStore.open(
            disk,
            options: LogDriver.options,
            identity: LogDriver.identity
        )
        let found = store.closedSegments(Self.group, from: Sequence(1), to: Sequence(2))
        #expect(found.map(\.erasedThrough) == [LogIndex(2)], "a start sees what is done")
        #expect(store.lastIndex(Self.group) == LogIndex(2))
    }

    @Test func `the old file is full of zeros before it goes`() throws {
        var story = try Story()
        try story.add([Story.secret, Story.other])
        try story.add([], removing: [Self.removal(1)])
        try story.flush(LogIndex(2))
        let path = try #require(story.driver.disk.paths.first { $0.hasSuffix(".seg") })
        story.driver.store.overwriting.insert(path)
        story.driver.store.leaving.add(path, story.driver.disk.bytes(path).count)
        story.driver.store.remove([path])
        story.driver.store.allowOverwriting(100)
        try story.driver.runFlush()
        let part = story.driver.disk.bytes(path)
        #expect(part[..<100].allSatisfy { $0 == 0 } && part.contains { $0 != 0 })
        story.driver.store.allowOverwriting(1 << 20)
        let next = story.driver.store.nextFlush()
        let job = try #require(next)
        let kinds = job.steps.map { step -> String in
            switch step {
            case .overwrite: "overwrite"
            case .syncIfThere: "sync"
            case .remove: "remove"
            default: "another"
            }
        }
        #expect(kinds == ["overwrite", "sync", "remove"])
        try job.run(on: story.driver.disk)
        story.driver.store.complete(job)
        #expect(!story.driver.disk.paths.contains(path) && !story.driver.store.hasOverwrites)
    }

    @Test func `nothing is overwritten without leave`() throws {
        var story = try Story()
        try story.add([Story.secret])
        try story.add([], removing: [Self.removal(1)])
        story.driver.store.overwriteLog()
        try story.driver.settle()
        #expect(story.driver.store.isOverwritingLog)
        #expect(story.driver.store.counters.overwrittenBytes == 0)
    }

    @Test func `an uncommitted end of another group does not keep the log from being overwritten`()
        throws
    {
        var story = try Story()
        try story.add([Story.secret])
        story.driver.append(GroupID(9), count: 5)
        try story.driver.settle()
        try story.add([], removing: [Self.removal(1)])
        try story.erase(1, entry: LogIndex(2))
        #expect(story.holders(of: Story.secret) == [])
        let (store, _) = try LogStore.open(
            story.driver.disk.afterPowerCut(seed: 4),
            options: LogDriver.options,
            identity: LogDriver.identity
        )
        #expect(store.lastIndex(GroupID(9)) == LogIndex(5))
    }

    @Test func `many passes over the log need no more files than a few`() throws {
        var story = try Story()
        for round in 0..<30 {
            try story.add([Story.other])
            story.driver.store.overwriteLog()
            for _ in 0..<10 {
                story.driver.store.allowOverwriting(1 << 20)
                try story.driver.settle()
            }
            #expect(!story.driver.store.isOverwritingLog, "round \(round)")
        }
        #expect(story.driver.disk.paths.filter { $0.hasPrefix("wal/") }.count <= 4)
        let next = story.driver.disk.afterPowerCut(seed: 9)
        let (store, _) = try LogStore.open(
            next,
            options: LogDriver.options,
            identity: LogDriver.identity
        )
        #expect(store.lastIndex(Self.group) == LogIndex(30))
    }

    @Test(arguments: 1..<41)
    func `a crash at any step of an erasure loses nothing`(_ step: Int) throws {
        let disk = MemoryDisk()
        var story = try Story(disk)
        try story.add([Story.secret, Story.other])
        try story.add([], removing: [Self.removal(1)])
        try story.flush(LogIndex(2))
        disk.fail(at: disk.operations + step, .crash, seed: UInt64(step))
        try? story.erase(1, entry: LogIndex(2))
        for after in [disk.afterProcessCrash(), disk.afterPowerCut(seed: UInt64(step))] {
            let (store, _) = try LogStore.open(
                after,
                options: LogDriver.options,
                identity: LogDriver.identity
            )
            let end = store.lastIndex(Self.group)
            #expect(end == LogIndex(2))
            let plan = store.plan(Self.group, from: LogIndex(1), byteBudget: 1 << 20)
            let inMemory = store.chunk(Self.group, at: LogIndex(1))
            let chunks = try inMemory.map { [$0] } ?? plan?.run(on: after) ?? []
            var texts: [[UInt8]] = []
            for chunk in chunks {
                chunk.forEachMessage {
                    texts.append(Array($0.body.payload))
                    return true
                }
            }
            #expect(texts.contains(Story.other))
        }
    }
}
