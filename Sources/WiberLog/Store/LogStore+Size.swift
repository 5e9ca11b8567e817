/// How much of the disk the log takes, without a look at the disk.
///
/// A file counts from when it is to be made until it is gone, so that the figure is not below what the
/// files hold. Not counted are the files of damaged groups until they are repaired, those that a
/// process before this one was about to remove, and what else is in the data directory: quarantine, the
/// log for people, and the small files that say what is here.
extension LogStore {
    /// Fills in what files take.
    func measure(_ statistics: inout LogStatistics) {
        statistics.walBytes = wal.byteCount + (isPreparing ? options.walFileSize : 0)
        statistics.walFreeBytes = wal.free.reduce(0) { $0 + $1.size }
        let others = leaving.byteCount + (rewrite?.byteCount ?? 0)
        statistics.segmentBytes = groups.reduce(others) { $0 + $1.segmentBytes }
        for group in groups {
            for segment in group.closed where segment.isCompressed {
                statistics.compressedSegments += 1
                statistics.compressedBytes += segment.size
                statistics.expandedBytes += segment.trailer.fileSize
            }
        }
    }
}

/// Files that are to be removed, and are still there.
struct LeavingFiles: Sendable {
    private var sizes: [String: Int] = [:]
    /// The bytes of all of them.
    private(set) var byteCount = 0

    mutating func add(_ segments: some Sequence<ClosedSegment>) {
        for segment in segments { add(segment.path, segment.size) }
    }

    mutating func add(_ path: String, _ size: Int) {
        remove([path])
        sizes[path] = size
        byteCount += size
    }

    func size(of path: String) -> Int { sizes[path] ?? 0 }

    mutating func remove(_ paths: [String]) {
        for path in paths { byteCount -= sizes.removeValue(forKey: path) ?? 0 }
    }
}

extension GroupLog {
    /// The bytes of its segment files, those that a removed replica has left behind included.
    var segmentBytes: Int {
        closed.reduce(leftBytes + (active?.end ?? 0)) { $0 + $1.size }
    }
}

extension WriteAheadLog {
    /// The bytes of all its files, in use or not.
    var byteCount: Int {
        let files = [active.file] + full.map(\.file) + releasing.map(\.file) + free + overwriting
        return files.reduce(0) { $0 + $1.size }
    }
}
