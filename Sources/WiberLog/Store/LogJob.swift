public import WiberBase

/// What a log job made durable, in the order in which it was asked for.
public enum LogCompletion: Equatable, Sendable {
    /// The entries of a group up to `through`, as appended with `tag`.
    case log(GroupID, through: LogIndex, tag: Term)
    /// A group's hard state.
    case hardState(GroupID, term: Term, votedFor: NodeID)
    /// The superblock.
    case superblock
    /// A group is whole again whose log was damaged: it can be taken into use.
    case whole(GroupID)
    /// A group's log begins where a snapshot does. If all of the old one is gone: it is durable up to
    /// this entry; otherwise its end is as it was.
    case installed(GroupID, through: EntryID?)
    /// A group has no log here any more; its files are still there.
    case removed(GroupID)
}

/// Writes and flushes for the log thread, as data: everything that waited when it was made.
///
/// In the steady state it is one write and one flush.
public struct LogJob: Sendable {
    /// Counts the jobs, from 1.
    public let number: UInt64
    /// How many entries it carries.
    public let entryCount: Int
    /// How many bytes of entries it carries.
    public let byteCount: Int
    let steps: [DiskStep]
    /// The entries of the batch, with the slots of their groups.
    let records: [(slot: Int, id: EntryID)]
    let generation: UInt64
    package let hasBatch: Bool
    /// Groups without a sound end whose rows it writes again.
    let marked: [Int]
    /// Groups that are whole afterwards.
    let healed: [Int]
    /// Groups whose log is another one afterwards.
    let installed: [Int]
    /// What is durable once it has run.
    package let completions: [LogCompletion]
    /// The files that nothing needs once this is durable.
    let released: [UInt64]
    /// The segment files that nothing needs once this is durable.
    let removals: [String]

    /// Whether it writes the term and vote of any group.
    package var hasHardState: Bool {
        completions.contains { if case .hardState = $0 { true } else { false } }
    }

    /// Does all of it.
    ///
    /// - Throws: ``DiskError``. If ``DiskError/isNoSpace`` is set, the same job can be run again;
    ///   otherwise the process has to end, because nothing is known of what the disk holds
    ///   (rule 6).
    public func run(on disk: any Disk) throws(DiskError) {
        for step in steps {
            do throws(DiskError) {
                try step.run(on: disk)
            } catch  where Mutant.diskErrorIgnored.isOn {
                continue
            }
        }
    }
}

/// Writes to segment files, and what else the log needs in the background.
public struct FlushJob: Sendable {
    /// One group's part.
    struct Part: Sendable {
        var slot: Int
        var through: LogIndex
        var bytes: Int
        var closed: [ClosedSegment]
        var active: ActiveSegment
        var configuration: [UInt8]
    }

    /// Counts the jobs, from 1.
    public let number: UInt64
    let steps: [DiskStep]
    let parts: [Part]
    /// Whether all segment files are durable afterwards.
    let isSync: Bool
    /// How many of the oldest full write-ahead log files nothing needs afterwards.
    let released: Int
    /// A write-ahead log file that it makes.
    let prepared: WALFile?
    /// The repairs that are durable afterwards, by their tokens.
    public let repaired: [UInt64]
    /// Groups whose new log it writes.
    let installs: [Int]
    /// Groups whose logs are not written to any more afterwards, and those whose files are gone.
    let removals: (ending: [Int], gone: [Int])
    /// The files that it removes.
    let removed: [String]
    /// What it writes of a segment that is written anew.
    let rewrite: RewriteStep?
    /// What it overwrites with zeros.
    let overwrite: OverwriteStep?

    /// How many bytes of entries it writes.
    public var byteCount: Int { parts.reduce(0) { $0 + $1.bytes } }

    /// Does all of it; runs beside a ``LogJob``, not beside another one of its kind.
    ///
    /// - Throws: ``DiskError``; as ``LogJob/run(on:)`` does.
    public func run(on disk: any Disk) throws(DiskError) {
        for step in steps { try step.run(on: disk) }
    }
}
