import WiberBase
import WiberLog

/// A segment that is being written anew.
struct RewriteTask {
    /// How much one read brings, about, in bytes.
    static let stepBytes = 512 << 10
    /// The same where it is compressed, which takes the shard's time.
    static let compressedStepBytes = 256 << 10
    /// How many entries another replica is asked for at once.
    static let span: UInt64 = 256

    let group: GroupID
    let segment: SegmentSummary
    /// Whether it is done because the file is damaged: reads wait for it.
    let isRescue: Bool
    /// Whether the new file is compressed.
    let isCompressed: Bool
    /// What the file's header repeats.
    var configuration: Chunk?
    var isReading = false
    /// The answer that is awaited from another node.
    var request: UInt64?
    /// How many nodes were asked since something came.
    var asked = 0
    /// When the next step may be made, or another node be asked.
    var due: Instant
    /// When something came last.
    var since: Instant
    /// How many bodies it has left out.
    var erased: UInt64 = 0
}

/// Where the search for segments is that are to be written anew.
struct Rewriting {
    /// How many segments are looked at in one sweep.
    static let lookedAtMax = 64

    var task: RewriteTask?
    /// The place in the list of groups, and the last segment that was looked at.
    var slot = 0
    var after = LogIndex.zero
    /// When the next segment may be looked for.
    var due = Instant.zero
}
