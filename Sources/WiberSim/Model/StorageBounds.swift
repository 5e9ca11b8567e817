/// How far a check of the storage rules goes.
package struct StorageBounds: Equatable, Sendable {
    /// Nobody campaigns in a higher term.
    package var termMax = 2
    /// The longest log to which something is proposed; a new leader's own entry may go over it.
    ///
    /// If it is 0 there are no entries at all.
    package var entriesMax = 2
    /// Begins when replica 1 leads term 1 and so many entries are acknowledged, on 1 and 2.
    package var acknowledgedFirst = 1
    /// How often a process ends and its page cache stays.
    package var crashesMax = 0
    /// How often the power fails; what was not synced is lost, torn or there, in any combination.
    package var powerCutsMax = 0
    /// How often something that was synced can be read no more.
    package var rotsMax = 0
    /// How often an fsync fails: the pages are clean then, and the disk has what it had before.
    package var failedSyncsMax = 0
    /// Whether a hard state can be interrupted while it is written, and rot; otherwise it is
    /// durable at once.
    package var hasSlotFaults = false
    /// Entries are acknowledged once written, and synced at some later time.
    package var isInterval = false
    /// After so many states it is given up.
    package var statesMax = 4_000_000

    /// The defaults.
    package init() {}
}

/// The checks that are run; each sees everything within its bounds.
extension StorageBounds {
    /// All of them, by name.
    package static var named: [(name: String, bounds: Self)] {
        [
            ("votes", votes), ("failed-votes", failedVotes), ("entries", entries),
            ("repairs", repairs), ("caches", caches), ("failed-syncs", failedSyncs),
            ("interval", interval),
        ]
    }

    /// Votes, while the power fails and slots rot.
    package static var votes: Self {
        var bounds = Self()
        bounds.hasSlotFaults = true
        bounds.entriesMax = 0
        bounds.crashesMax = 1
        bounds.powerCutsMax = 2
        bounds.rotsMax = 1
        return bounds
    }

    /// Votes, while an fsync fails.
    package static var failedVotes: Self {
        var bounds = votes
        bounds.powerCutsMax = 1
        bounds.failedSyncsMax = 1
        bounds.rotsMax = 0
        return bounds
    }

    /// Entries, while the power fails and a record rots.
    package static var entries: Self {
        var bounds = Self()
        bounds.powerCutsMax = 1
        bounds.rotsMax = 1
        return bounds
    }

    /// What became of two entries that were acknowledged, while power fails again during repair.
    package static var repairs: Self {
        var bounds = Self()
        bounds.acknowledgedFirst = 2
        bounds.powerCutsMax = 2
        bounds.rotsMax = 1
        return bounds
    }

    /// Entries, while a process ends, and then the power fails.
    package static var caches: Self {
        var bounds = Self()
        bounds.crashesMax = 1
        bounds.powerCutsMax = 1
        return bounds
    }

    /// Entries, while an fsync fails, and then the power.
    package static var failedSyncs: Self {
        var bounds = Self()
        bounds.failedSyncsMax = 1
        bounds.powerCutsMax = 1
        return bounds
    }

    /// The relaxation: what was acknowledged may never have been synced.
    package static var interval: Self {
        var bounds = Self()
        bounds.isInterval = true
        bounds.powerCutsMax = 2
        return bounds
    }
}
