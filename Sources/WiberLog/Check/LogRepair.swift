import WiberBase

/// Puts right, offline, what follows from what is intact: copies of slots, headers, footers.
///
/// The same as the next start does; the write-ahead log is read and never changed. What is
/// overwritten is kept in quarantine.
public struct LogRepair {
    /// What was done, and what is left.
    public struct Report: Sendable {
        /// What was put right, in words.
        public var repaired: [String] = []
        /// What is still damaged: for other replicas, or for nobody.
        public var remaining: [Finding] = []
    }

    /// Repairs the directory of one node; no other process may be using it.
    ///
    /// - Throws: ``DiskError`` if a file cannot be read or written.
    public static func run(_ disk: any Disk) throws(DiskError) -> Report {
        var report = Report()
        do throws(LogError) {
            try repair(disk, &report)
        } catch .disk(let error) {
            throw error
        } catch {}  // The check names it.
        report.remaining = try LogCheck.run(disk).findings
        return report
    }

    private static func repair(_ disk: any Disk, _ report: inout Report) throws(LogError) {
        var slots = SlotRecovery(disk)
        guard let superblock = try slots.superblock(), LevelRefusal(superblock) == nil else {
            return  // The check says why.
        }
        try slots.readGroups()
        guard slots.damages.isEmpty else { return }
        do throws(DiskError) {
            for step in slots.repairSteps { try step.run(on: disk) }
        } catch {
            throw .disk(error)
        }
        report.repaired += slots.badCopies.map(\.description)
        let replay = try replay(superblock, slots.groups, disk)
        for (slot, hard) in slots.groups {
            try repair(slot, hard, replay.tail(of: slot.group, hard).limit(hard), disk, &report)
        }
    }

    /// What the write-ahead log holds: it says which part of the segments counts.
    private static func replay(
        _ superblock: Superblock,
        _ groups: [(slot: GroupSlot, hard: HardSlot)],
        _ disk: any Disk
    ) throws(LogError) -> WALReplay {
        var scan = WALScan(disk, salt: superblock.salt, fileCount: superblock.walFileCount)
        var replay = WALReplay(groups)
        do throws(DiskError) {
            try scan.run()
            try replay.run(try scan.chain(), on: disk)
        } catch {
            throw .disk(error)
        }
        return replay
    }

    private static func repair(
        _ slot: GroupSlot,
        _ hard: HardSlot,
        _ limit: LogIndex?,
        _ disk: any Disk,
        _ report: inout Report
    ) throws(LogError) {
        let recovery = GroupRecovery(
            slot: slot,
            hard: hard,
            limit: limit,
            sparseInterval: LogOptions().sparseInterval
        )
        do throws(LogError) {
            _ = try recovery.readRepairing(disk) { report.repaired.append($0.description) }
        } catch .damaged {}  // The check names it.
    }
}
