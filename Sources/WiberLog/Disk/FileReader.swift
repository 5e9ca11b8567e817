import WiberBase

/// Reads a file through a window, so that a scan of any length uses little memory.
struct FileReader {
    /// How much is read ahead, in bytes.
    static let window = 1 << 20

    let disk: any Disk
    let path: String
    /// The file's size when the reader was made.
    let size: Int
    /// What the window holds.
    private(set) var buffer: [UInt8] = []
    private var start = 0

    init(_ disk: any Disk, _ path: String, size: Int) {
        self.disk = disk
        self.path = path
        self.size = size
    }

    /// Brings `count` bytes at `offset` into ``buffer`` and says where they are in it.
    ///
    /// - Returns: A range that is shorter than `count` where the file ends first.
    mutating func load(at offset: Int, count: Int) throws(DiskError) -> Range<Int> {
        let end = min(offset + count, size)
        guard offset < end else { return 0..<0 }
        if offset < start || end > start + buffer.count {
            buffer = []
            buffer = try read(at: offset, count: end - offset)
            start = offset
        }
        let loaded = min(end, start + buffer.count)
        return offset - start..<max(offset - start, loaded - start)
    }

    /// Reads ahead; a sector ahead that cannot be read is no failure of what was asked for.
    private func read(at offset: Int, count: Int) throws(DiskError) -> [UInt8] {
        let ahead = min(size - offset, Self.window)
        guard ahead > count else { return try disk.read(path, at: offset, count: count) }
        do throws(DiskError) {
            return try disk.read(path, at: offset, count: ahead)
        } catch {
            return try disk.read(path, at: offset, count: count)
        }
    }
}
