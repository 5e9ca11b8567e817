/// Something that happens to three replicas and their disks; all by place.
enum StorageAction: Equatable, Sendable {
    /// A replica stands for election.
    case campaign(Int)
    /// A replica votes for a candidate.
    case vote(Int, for: Int)
    /// The slot that was written is synced.
    case syncSlot(Int)
    /// A leader takes an entry.
    case propose(Int)
    /// A leader sends all that a follower lacks, and learns what it has.
    case replicate(Int, to: Int)
    /// What was written to the log is synced.
    case syncLog(Int)
    /// A replica writes its holes again with a peer's entries.
    case repair(Int, from: Int)
    /// A suspect has caught up.
    case clear(Int)
    /// A process starts, and writes what has to be written first.
    case start(Int)
    /// That is synced, and the process takes part.
    case finishStart(Int)
    /// A process ends; the page cache stays.
    case crash(Int)
    /// The power fails.
    case cutPower(Int, [ModelDisk.Fate])
    /// An fsync of the log fails.
    case failLog(Int)
    /// An fsync of the slots fails.
    case failSlots(Int)
    /// A record of a batch rots, or the table if `record` is `nil`.
    case rot(Int, batch: Int, record: Int?)
    /// A slot rots.
    case rotSlot(Int, slot: Int)
}
