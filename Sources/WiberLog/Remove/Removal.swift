import WiberBase

/// How far the removal of a replica is; each step is durable before the next one begins.
enum Removal: Sendable {
    /// What the flush thread has begun for the group comes to its end.
    case ending
    /// The group's hard slot says, with the next job, that there is no log.
    case marking
    /// It says so; the files are still there.
    case marked
    /// The files are being removed.
    case discarding
    /// Nothing is left but the hard slot, which keeps term and vote.
    case gone
}

extension GroupSlot {
    /// What removes all of a group's segments, and its directories unless something else is there.
    var discardSteps: [DiskStep] {
        let directories = [directory(1), directory(2), directory(0)]
        return directories.flatMap { path in
            [DiskStep.clear(path: path), .removeDirectory(path: path)]
        } + [.syncDirectory(path: "topics")]
    }
}

extension GroupLog {
    /// What is left of a group: nothing, but that it was there, and how it voted.
    ///
    /// The vote must outlive the log: the group may come back to this node in the same term.
    func removed(voidedThrough batch: UInt64) -> GroupLog {
        var log = GroupLog(
            number: number,
            slot: slot,
            hard: hard.removed(voidedThrough: batch)
        )
        log.isDue = isDue
        log.notedGeneration = notedGeneration
        log.removal = .marking
        log.leftBytes = segmentBytes
        return log
    }

    /// A group that was removed in an earlier run: its files may still be there.
    static func removed(_ number: Int, _ slot: GroupSlot, _ hard: HardSlot) -> GroupLog {
        var log = GroupLog(number: number, slot: slot, hard: hard)
        log.removal = .marked
        return log
    }
}
