/// The sizes and limits of a log, all in bytes.
public struct LogOptions: Sendable {
    /// A write-ahead log file.
    public var walFileSize = 16 << 20
    /// The first write-ahead log file of an empty directory.
    public var firstWALFileSize = 4 << 20
    /// About how much one batch holds; one chunk, or one group's tail, may exceed it.
    public var batchTarget = 4 << 20
    /// The chunks of a segment.
    public var segmentSize = 64 << 20
    /// A group with this much that is committed and not in its segment yet is flushed.
    public var flushThreshold = 1 << 20
    /// About how much one flush writes.
    public var flushTarget = 8 << 20
    /// A segment's sparse index has a row for every so many bytes.
    public var sparseInterval = 64 << 10
    /// What a compressed segment expands at once; at most 1 MiB.
    public var blockLength = 128 << 10
    /// Chunks that stay in memory although their segment has them, in all groups together.
    public var retainedBytes = 4 << 20
    /// Chunks in memory that no segment has yet: above it groups with more than their share have to
    /// wait, see ``LogStore/mustWait(_:)``.
    public var memoryBudget = 32 << 20
    /// A group's last chunk stays in memory up to this length.
    public var lastChunkMax = 64 << 10

    /// Whether other replicas can be asked for what the write-ahead log has lost; otherwise a
    /// directory with damage there is refused.
    public var hasReplicas = false

    /// The defaults.
    public init() {}
}
