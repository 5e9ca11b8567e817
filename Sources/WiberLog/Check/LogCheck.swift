import WiberBase

/// Verifies every checksum of a data directory, offline, and changes nothing.
public struct LogCheck {
    /// What was found.
    public struct Report: Sendable {
        /// What is damaged, each with what helps; the directory is sound if there is nothing.
        public var findings: [Finding] = []
        /// The damages alone.
        public var damages: [Damage] { findings.map(\.damage) }
        /// What a crash explains, and the next start puts right.
        public var notes: [String] = []
        /// Entries that were verified, in segments and in the write-ahead log.
        public var entries = 0
        /// Files that were read.
        public var files = 0

        /// Whether nothing is damaged.
        public var isSound: Bool { findings.isEmpty }

        mutating func add(_ damages: [Damage], _ remedy: Remedy? = nil) {
            for damage in damages {
                let isKnown = findings.contains { known in
                    known.damage.path == damage.path && known.damage.offset == damage.offset
                        && (damage.offset != nil || known.damage.what == damage.what)
                }
                if !isKnown { findings.append(Finding(damage, remedy ?? damage.remedy)) }
            }
        }
    }

    private let disk: any Disk
    private var report = Report()

    private init(_ disk: any Disk) { self.disk = disk }

    /// Checks the directory of one node; no other process may be writing to it.
    ///
    /// - Throws: ``DiskError`` if a file cannot be read at all.
    public static func run(_ disk: any Disk) throws(DiskError) -> Report {
        var check = LogCheck(disk)
        do throws(LogError) {
            try check.run()
        } catch .disk(let error) {
            throw error
        } catch .damaged(let list) {
            check.report.add(list)
        } catch {
            check.report.add([Damage(path: Superblock.path, what: "\(error)")])
        }
        return check.report
    }

    private mutating func run() throws(LogError) {
        var slots = SlotRecovery(disk)
        guard let superblock = try slots.superblock() else {
            let missing = Damage(path: Superblock.path, what: "there is none: no data directory?")
            report.add(slots.damages.isEmpty ? [missing] : slots.damages)
            return
        }
        if let refusal = LevelRefusal(superblock) { throw .level(refusal) }
        try slots.readGroups()
        report.files += 3
        report.add(slots.damages)
        report.add(slots.badCopies, .start)
        report.notes += slots.repairs
        let replay = try checkLog(superblock, slots.groups)
        for (slot, hard) in slots.groups where !hard.isRemoved {
            try checkGroup(slot, hard, replay)
        }
        let known = Set(slots.groups.map(\.slot.group))
        for group in replay.tails.keys.sorted() where !known.contains(group) {
            let what = "group \(group) is not in `groups`"
            report.add([Damage(path: WALFile.directory, what: what)])
        }
    }

    private mutating func checkLog(
        _ superblock: Superblock,
        _ groups: [(slot: GroupSlot, hard: HardSlot)]
    ) throws(LogError) -> WALReplay {
        var scan = WALScan(disk, salt: superblock.salt, fileCount: superblock.walFileCount)
        var replay = WALReplay(groups)
        do throws(DiskError) {
            try scan.run()
            report.files += scan.files.count
            let chain = try scan.chain()
            report.add(scan.damages, .replicas)
            try replay.run(chain, on: disk)
            if let torn = chain.tornTail {
                report.notes.append("the write of \(torn) was cut short")
            }
        } catch {
            throw .disk(error)
        }
        report.add(replay.damages, .replicas)
        report.entries += replay.entryCount
        return replay
    }

    private mutating func checkGroup(
        _ slot: GroupSlot,
        _ hard: HardSlot,
        _ replay: WALReplay
    ) throws(LogError) {
        let tail = replay.tail(of: slot.group, hard)
        let limit = tail.limit(hard)
        if let damage = tail.damage(slot.group) { report.add([damage], .replicas) }
        var segments = SegmentRecovery(
            disk,
            group: slot,
            hard: hard,
            limit: limit,
            sparseInterval: LogOptions().sparseInterval
        )
        do throws(LogError) {
            try segments.run()
            let last = tail.rows.last?.index ?? segments.result.last.index
            let needed = max(segments.result.committed, hard.segmentEnd)
            if last < needed, !tail.isSuspect {
                let what = "group \(slot.group) ends at \(last), and \(needed) was in a segment"
                report.add([Damage(path: WALFile.directory, what: what)], .replicas)
            }
        } catch .damaged(let list) {
            report.add(list)
            try surveyAll(slot, hard, below: limit)
        }
        for segment in segments.result.closed { try checkClosed(segment) }
        if let active = segments.result.active {
            report.files += 1
            let before = active.header.baseIndex.previous.rawValue
            let last = active.last?.index.rawValue ?? before
            report.entries += Int(clamping: last &- before)
        }
    }

    /// Reads all of a closed segment: the chunks must follow one another, and give its footer.
    private mutating func checkClosed(_ segment: ClosedSegment) throws(LogError) {
        report.files += 1
        do throws(LogError) {
            report.entries += try SegmentCheck(disk, segment).run()
        } catch .damaged(let list) {
            try report.add(SegmentSurvey(disk, segment.path, segment.trailer.group).run())
            report.add(list)
        }
    }

    /// Lists all damage in the files of a group, after the first was found.
    private mutating func surveyAll(
        _ slot: GroupSlot,
        _ hard: HardSlot,
        below limit: LogIndex?
    ) throws(LogError) {
        let directory = slot.directory(hard.epoch)
        var names: [String] = []
        do throws(DiskError) {
            names = try disk.list(directory)
        } catch {
            throw .disk(error)
        }
        for name in names.sorted() {
            guard let base = SegmentName(name)?.baseIndex, limit.map({ base < $0 }) ?? true
            else { continue }
            let path = directory + "/" + name
            try report.add(SegmentSurvey(disk, path, slot.group, limit: limit).run())
        }
    }
}
