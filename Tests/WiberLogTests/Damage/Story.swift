import WiberBase

@testable import WiberLog

/// A directory with everything in it that a damage can hit, and what a start must find there.
///
/// Three groups, several terms, batches of several groups in log files that were used before, seals
/// between them, tails that were appended again under another term, hard states written many times,
/// closed segments with sparse indices and a configuration, and an open one.
struct Story {
    /// How the write-ahead log ends.
    enum End: CaseIterable {
        /// With a seal: nothing may be lost.
        case sealed
        /// With a batch that nothing says was durable: it alone may be cut.
        case open
    }

    /// How much of everything there is.
    struct Size {
        var walFileSize: Int
        /// The chunks of a batch that goes to segments.
        var chunks: Int
        /// The batches that stay in the write-ahead log.
        var rounds: Int
        var segmentSize: Int

        /// The longest payload of a message.
        var payloadMax: Int
        /// Whether a start may count on other replicas.
        var hasReplicas = false

        /// 64 KiB of batches that a start replays.
        static let full = Size(
            walFileSize: 36 << 10,
            chunks: 3,
            rounds: 8,
            segmentSize: 6 << 10,
            payloadMax: 300
        )
        /// So little that it can be opened some ten thousand times a minute in a debug build.
        static let short = Size(
            walFileSize: 16 << 10,
            chunks: 1,
            rounds: 2,
            segmentSize: 512,
            payloadMax: 24
        )
    }

    /// What a start leaves.
    struct Start {
        var contents: Contents
        var committed: [GroupID: LogIndex]
        var files: [String: [UInt8]]
        var recovery: Recovery
    }

    /// A batch that replay needs.
    struct Place {
        var path: String
        var range: Range<Int>
    }

    private let size: Size
    /// Every file.
    let files: [String: [UInt8]]
    /// An undamaged start.
    let whole: Start
    /// The same if the last batch had never been written.
    let before: Start
    /// The batches that replay needs, in order; the last one is the last of the log.
    let batches: [Place]
    /// The log files that the superblock counts; one more may be made, and nothing is in it yet.
    let logFiles: Set<String>

    init(_ end: End, _ size: Size) throws {
        var telling = Telling(try LogDriver(MemoryDisk(), seed: 41, options: size.options), size)
        try telling.fillSegments()
        for round in 0..<size.rounds { try telling.write(round) }
        try telling.seal()
        let last = telling.driver.disk.afterProcessCrash()
        if end == .open { try telling.writeLast() }
        // The last job writes hard states first: those stay, whatever becomes of its batch.
        last.set("hard", telling.driver.disk.bytes("hard"))
        self.size = size
        files = Self.files(telling.driver.disk)
        whole = try Self.start(files, size)
        before = try Self.start(Self.files(last), size)
        batches = try Self.batches(telling.driver)
        let fileCount = telling.driver.store.superblock.walFileCount
        logFiles = Set((1...fileCount).map(WALFile.path))
    }

    /// Opens a disk as a start does.
    func open(_ disk: any Disk) throws(LogError) -> (LogStore, Recovery) {
        try LogStore.open(disk, options: size.startOptions, identity: LogDriver.identity)
    }

    private static func start(_ files: [String: [UInt8]], _ size: Size) throws -> Start {
        let disk = ShelfDisk(files)
        let (store, recovery) = try LogStore.open(
            disk,
            options: size.startOptions,
            identity: LogDriver.identity
        )
        let ends = recovery.groups.map { ($0.id, $0.segmentEnd) }
        return Start(
            contents: Contents(store, recovery, disk) { _ in },
            committed: Dictionary(uniqueKeysWithValues: ends),
            files: disk.all,
            recovery: recovery
        )
    }

    private static func files(_ disk: MemoryDisk) -> [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: disk.paths.map { ($0, disk.bytes($0)) })
    }

    private static func batches(_ driver: LogDriver) throws -> [Place] {
        let block = driver.store.superblock
        var scan = WALScan(driver.disk, salt: block.salt, fileCount: block.walFileCount)
        try scan.run()
        let batches = try scan.chain().batches
        return batches.map {
            Place(path: $0.file.path, range: $0.offset..<$0.offset + $0.header.paddedLength)
        }
    }
}

extension Story.Size {
    var options: LogOptions {
        var options = LogDriver.options
        options.firstWALFileSize = walFileSize - WALFile.blockSize
        options.walFileSize = walFileSize
        options.segmentSize = segmentSize
        options.sparseInterval = segmentSize / 3
        options.flushThreshold = 1 << 10
        options.retainedBytes = 0
        return options
    }

    /// A start makes smaller files, so that it is quick.
    var startOptions: LogOptions {
        var options = self.options
        options.walFileSize = 8 << 10
        options.hasReplicas = hasReplicas
        return options
    }
}
