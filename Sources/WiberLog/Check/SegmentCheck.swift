import WiberBase

/// Verifies a closed segment from its first byte to its last.
struct SegmentCheck {
    private let disk: any Disk
    private let segment: ClosedSegment

    init(_ disk: any Disk, _ segment: ClosedSegment) {
        self.disk = disk
        self.segment = segment
    }

    /// - Returns: How many entries it has.
    func run() throws(LogError) -> Int {
        var reader = try SegmentReader.open(segment.path, on: disk)
        try reader.checkForm(of: segment.trailer.group)
        let header = try reader.header()
        let tables = try reader.tables(segment.trailer)
        var offset = header.length
        var next = header.baseIndex
        var checksum = header.previousChecksum
        var rows = tables.sparse[...]
        var count = 0
        while offset < Int(segment.trailer.chunksEnd) {
            let chunk = try reader.verifyChunk(at: offset)
            guard chunk.group == header.group, chunk.index == next,
                chunk.previousChecksum == checksum
            else { throw damage(offset, "chunk \(chunk.id) does not follow the one before it") }
            if rows.first?.index == next {
                guard rows.first?.offset == UInt64(offset) else {
                    throw damage(offset, "the sparse index is wrong about entry \(next)")
                }
                rows.removeFirst()
            }
            checksum = chunk.checksum
            next = next.next
            offset += header.spacing.length(chunk)
            count += 1
        }
        guard next.previous == segment.trailer.lastIndex, rows.isEmpty,
            checksum == segment.trailer.lastChecksum
        else {
            throw damage(offset, "the chunks end at \(next.previous), not where the footer says")
        }
        return count
    }

    private func damage(_ offset: Int, _ what: String) -> LogError {
        .damaged([Damage(path: segment.path, offset: offset, what: what)])
    }
}
