import WiberBase

/// Writes the front of a compressed segment anew as a plain file, because the write-ahead log still has
/// the entries behind it: they are flushed there once more.
struct SegmentExpansion: Sendable {
    /// The compressed file.
    let source: String
    /// The header of the plain one.
    let header: SegmentHeader
    /// Where the plain file ends.
    let size: Int

    /// How much is copied at once, in bytes.
    private static let pieceLength = 1 << 20

    /// As with any other rewrite: the new file counts once it is durable, then the old one goes.
    func run(on disk: any Disk) throws(DiskError) {
        guard let end = source.lastIndex(of: "/") else { return }
        let directory = String(source[..<end])
        let path = directory + "/" + header.name
        let unfinished = path + SegmentName.unfinished
        var file = SegmentFile(disk, source, size: try disk.size(source) ?? 0)
        if try disk.size(unfinished) != nil { try disk.remove(unfinished) }
        try disk.create(unfinished)
        try disk.write(unfinished, at: 0, header.encode())
        var offset = header.length
        while offset < size {
            let bytes = try piece(&file, offset)
            try disk.write(unfinished, at: offset, bytes)
            offset += bytes.count
        }
        try disk.sync(unfinished)
        try disk.rename(unfinished, to: path)
        try disk.syncDirectory(directory)
        try disk.remove(source)
    }

    private func piece(_ file: inout SegmentFile, _ offset: Int) throws(DiskError) -> [UInt8] {
        let count = min(size - offset, Self.pieceLength)
        do throws(LogError) {
            let range = try file.load(at: offset, count: count)
            if range.count == count { return [UInt8](file.buffer[range]) }
        } catch .disk(let error) {
            throw error
        } catch {}
        // It was verified a moment ago.
        throw DiskError(operation: "read", path: source, code: 5, reason: "it has changed")
    }
}
