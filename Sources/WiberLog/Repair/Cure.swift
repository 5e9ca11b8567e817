public import WiberBase

/// Where a chunk stands in a segment file, and what names it.
public struct ChunkPlace: Hashable, Sendable {
    /// In the file, in bytes.
    public var offset: Int
    /// The entry.
    public var index: LogIndex
    /// The checksum of the chunk before; `nil` if that one was not read.
    public var previousChecksum: UInt32?
    /// The last entry that may stand in this file; `nil` where memory knows where its chunks end.
    public var through: LogIndex?
    let spacing: ChunkSpacing

    init(
        offset: Int,
        index: LogIndex,
        previousChecksum: UInt32? = nil,
        through: LogIndex? = nil,
        spacing: ChunkSpacing
    ) {
        self.offset = offset
        self.index = index
        self.previousChecksum = previousChecksum
        self.through = through
        self.spacing = spacing
    }

    /// The first place of a segment.
    init(_ header: SegmentHeader, through: LogIndex? = nil) {
        self.init(
            offset: header.length,
            index: header.baseIndex,
            previousChecksum: header.previousChecksum,
            through: through,
            spacing: header.spacing
        )
    }

    init(_ row: SparseRow, _ spacing: ChunkSpacing) {
        self.init(offset: Int(row.offset), index: row.index, spacing: spacing)
    }

    /// The place after a chunk that stands here.
    func after(_ header: ChunkHeader) -> ChunkPlace {
        ChunkPlace(
            offset: offset + spacing.length(header),
            index: index.next,
            previousChecksum: header.checksum,
            through: through,
            spacing: spacing
        )
    }
}

/// How something damaged in a segment can be put right.
///
/// Segments have the same bytes on every replica: what a peer has of an entry fits in its place.
public enum Cure: Hashable, Sendable {
    /// By the entry that should stand there, from another replica.
    case entry(GroupID, ChunkPlace)
    /// By bytes at an offset, which follow from what is intact.
    case bytes(GroupID, offset: Int, [UInt8])
    /// By another file that begins with these bytes and gets its entries from other replicas; the
    /// damaged one was written anew once, so that what they have does not fit in its place.
    case file(GroupID, path: String, [UInt8])

    /// Whose segment it is.
    public var group: GroupID {
        switch self {
        case .entry(let group, _), .bytes(let group, _, _), .file(let group, _, _): group
        }
    }
}

extension LogError {
    /// The same as damage that has a cure: a sector that cannot be read is damaged, too.
    func cured(by cure: Cure, path: String, offset: Int) -> LogError {
        switch self {
        case .disk(let error):
            .damaged([Damage(path: path, offset: offset, what: "\(error)", cure: cure)])
        case .damaged(let list):
            .damaged(
                list.map { damage in
                    Damage(path: damage.path, offset: damage.offset, what: damage.what, cure: cure)
                }
            )
        case .wrongNode, .unknownFormat, .level: self
        }
    }
}
