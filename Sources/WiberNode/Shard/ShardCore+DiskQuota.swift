import WiberBase
import WiberLog

/// When what the data directory holds was last counted.
struct DiskUsage {
    var at = Instant.zero
    /// The files, and what waits to be in one.
    var bytes: UInt64 = 0
    /// What the log had been given then.
    var appended: UInt64 = 0
}

/// A node holds no more than it is told: near its quota it is as with a full disk.
///
/// What is under way needs room, too: a part of the quota is kept for it. What other nodes lead is
/// still followed, as long as the disk has room.
extension ShardCore {
    /// The time between two counts, at least and at most.
    private static let usagePause = Instant.Span.milliseconds(100)
    private static let usageAge = Instant.Span.seconds(1)

    /// How much of a quota is kept for what is under way, in bytes.
    static func quotaMargin(_ quota: UInt64) -> UInt64 { min(128 << 20, quota / 4) }

    /// Looks how far the quota is used up; what was appended since the last count may all be new files.
    func checkDiskQuota() {
        guard let quota = configuration.diskQuota, diskUsage.at + Self.usagePause <= time.now else {
            return
        }
        let margin = Self.quotaMargin(quota)
        let most = quota - margin
        let isWaiting = fullDisk?.waiting.contains(.quota) ?? false
        let grown = diskUsage.bytes &+ (store.appendedBytes &- diskUsage.appended)
        let isOld = diskUsage.at + Self.usageAge <= time.now
        guard isWaiting || isOld || grown > most else { return }
        let log = store.statistics
        // Files of the write-ahead log that wait to be used again have room for what comes.
        let held = log.fileBytes - log.walFreeBytes
        diskUsage = DiskUsage(
            at: time.now,
            bytes: UInt64(clamping: held) &+ UInt64(clamping: log.memtableBytes),
            appended: store.appendedBytes
        )
        if diskUsage.bytes > most {
            diskFull(.quota, "disk_quota")
        } else if most - diskUsage.bytes >= margin / 4 {
            diskWorked(.quota)
        }
    }

    /// What clients are told.
    var quotaText: String {
        "node \(configuration.nodeName) holds nearly \(configuration.diskQuota ?? 0) bytes (disk_quota) and"
            + " no other node can take over: not stored; delete or purge topics there, or raise it:"
            + " publishing then goes on by itself"
    }
}
