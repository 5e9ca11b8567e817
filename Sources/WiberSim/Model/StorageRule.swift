/// A rule of storage that can be broken, to see what it is for.
package enum StorageRule: String, CaseIterable, Sendable {
    // MARK: The write-ahead log

    /// A tail is copied in one batch; broken, its first entry gets one of its own.
    case tailInOneBatch
    /// An old file is used again only once the copy of its tail is durable.
    case oldFileKept
    /// What a file holds of an earlier generation does not count as later.
    case generationChecked
    /// At a start, what is in the page cache is written again before it counts.
    case pageCacheDistrusted
    /// Nothing is acknowledged before its fsync.
    case syncedBeforeAcknowledged
    /// An fsync that fails ends the process; broken, it is tried again.
    case failedSyncIsFatal
    /// The durable end is recorded.
    case durableEndSealed
    /// Damage that no interrupted write explains is not cut off as if it were one.
    case rotNotCut

    // MARK: Hard state

    /// Of two good slots the newer counts.
    ///
    /// Broken, nothing is lost within the bounds: what only one slot has was not told to anybody.
    case newerSlotWins
    /// A vote is told only when both slots have it.
    case bothSlotsBeforeAnswer
    /// At a start, the slots are written again before anything is answered; broken, none is.
    case slotsRewritten
    /// At a start, both slots are written again even if they are equal.
    ///
    /// What both seem to hold, one or both may have in the page cache only: after a crash between
    /// the two fsyncs, or after an fsync that failed.
    case equalSlotsRewritten
    /// At a start, what was read is synced before the other slot is written.
    ///
    /// Otherwise one power cut can tear both.
    case readSlotSynced
    /// At a start, the slot that was not read is written first; broken, always the same one is.
    ///
    /// The other may be torn: the only good one is not touched before it is whole again.
    case readSlotWrittenLast
    /// Without a good slot a replica does not start.
    case refusedWithoutSlot

    // MARK: Holes

    /// A replica with a hole votes by its true last entry.
    case holeVotesByTrueLast
    /// A replica with a hole does not lead.
    case holeDoesNotLead
    /// A replica's match stops before its hole.
    ///
    /// Broken, nothing is lost within the bounds, in which one copy of an entry stays good: the
    /// rule keeps a leader from counting on fewer good copies than a majority.
    case holeEndsMatch
    /// The copy of a tail says where the holes are.
    case holeMarkCopied
    /// A hole stays marked until its repair is synced.
    case holeMarkedUntilSynced
    /// A repair writes the hole and all after it again, in one batch.
    case repairWritesTail

    // MARK: Suspects

    /// A suspect gives its vote to no other.
    case suspectDoesNotVote
    /// A suspect does not campaign.
    case suspectDoesNotCampaign
    /// A suspect's acknowledgements do not count.
    ///
    /// Broken, nothing is lost within the bounds: what it acknowledges it has, and while it does
    /// not vote its next loss takes it out again.
    case suspectDoesNotCount
    /// The mark of a suspect survives a restart.
    case suspectMarkDurable
    /// A suspect is one until it has caught up with the leader of the current term.
    case suspectUntilCaughtUp
    /// It has to catch up with all that the leader had when it first heard of the new process;
    /// broken, with all that the leader's term began with.
    case barrierSetAtRestart
}
