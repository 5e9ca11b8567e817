/// What the log has done and what waits in it, for `/metrics`.
public struct LogStatistics: Equatable, Sendable {
    /// Log jobs that are complete: each is one flush of the write-ahead log.
    public var jobs: UInt64 = 0
    /// Entries made durable.
    public var entries: UInt64 = 0
    /// Bytes of entries made durable.
    public var bytes: UInt64 = 0
    /// Segment flushes that are complete.
    public var flushes: UInt64 = 0
    /// Bytes of entries written to segments.
    public var flushedBytes: UInt64 = 0
    /// Times that all segments were made durable.
    public var syncs: UInt64 = 0
    /// Logs that another replica's took the place of.
    public var installs: UInt64 = 0
    /// Segments that were written anew, and their bytes afterwards.
    public var rewrites: UInt64 = 0
    /// Bytes of segments that were written anew.
    public var rewrittenBytes: UInt64 = 0
    /// Bytes that writing segments anew has given back.
    public var freedBytes: UInt64 = 0
    /// Bytes that were overwritten with zeros.
    public var overwrittenBytes: UInt64 = 0
    /// Files that wait to be overwritten, and those of the write-ahead log that are to be.
    public var filesToOverwrite = 0
    /// Replicas that were removed.
    public var removals: UInt64 = 0
    /// Entries that wait for a log job.
    public var queuedEntries = 0
    /// Bytes of entries that wait for a log job.
    public var queuedBytes = 0
    /// Bytes of entries in memory that no segment has yet.
    public var memtableBytes = 0
    /// Bytes of entries in memory that segments have.
    public var retainedBytes = 0
    /// Write-ahead log files.
    public var walFiles = 0
    /// Write-ahead log files that are full and still needed.
    public var walFilesFull = 0
    /// Segment files.
    public var segments = 0
    /// Groups.
    public var groups = 0
    /// Bytes of the write-ahead log's files.
    public var walBytes = 0
    /// Bytes of those that wait to be used again.
    public var walFreeBytes = 0
    /// Bytes of the segment files, those that are about to go included.
    public var segmentBytes = 0
    /// Segment files that are compressed.
    public var compressedSegments = 0
    /// Bytes of those.
    public var compressedBytes = 0
    /// Bytes that compressed segment files would have otherwise.
    public var expandedBytes = 0
    /// Bytes of all those files.
    public var fileBytes: Int { walBytes + segmentBytes }

    /// Nothing yet.
    public init() {}
}
