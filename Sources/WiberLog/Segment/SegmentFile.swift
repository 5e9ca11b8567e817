import WiberBase

/// A segment file, plain or compressed; either way its places are those of the plain one.
struct SegmentFile {
    /// One of the two.
    private var plain: FileReader?
    private(set) var blocks: BlockFile?
    let path: String
    /// The size of the file itself.
    let storedSize: Int

    init(_ disk: any Disk, _ path: String, size: Int) {
        self.path = path
        storedSize = size
        if SegmentName(path: path)?.isCompressed ?? false {
            blocks = BlockFile(disk, path, fileSize: size)
        } else {
            plain = FileReader(disk, path, size: size)
        }
    }

    /// The size of the plain file.
    var size: Int { blocks?.table.length ?? storedSize }
    /// What the window holds.
    var buffer: [UInt8] { blocks?.buffer ?? plain?.buffer ?? [] }

    /// Brings bytes into ``buffer`` and says where they are in it.
    ///
    /// - Returns: A range that is shorter than `count` where the file ends first.
    mutating func load(at offset: Int, count: Int) throws(LogError) -> Range<Int> {
        if let range = try blocks?.load(at: offset, count: count) { return range }
        do throws(DiskError) {
            return try plain?.load(at: offset, count: count) ?? 0..<0
        } catch {
            throw .disk(error)
        }
    }
}

extension SegmentReader {
    /// Whether the file is compressed.
    var isCompressed: Bool { file.blocks != nil }

    /// Says if the table of a compressed file's blocks is damaged.
    ///
    /// What can be read without it can be read nevertheless. `known` is what the file's header must be, if
    /// memory knows.
    ///
    /// - Throws: ``LogError/damaged(_:)`` with its cure.
    mutating func checkForm(of group: GroupID, _ known: SegmentHeader? = nil) throws(LogError) {
        guard let blocks = file.blocks, let what = blocks.damage else { return }
        let offset = blocks.table.blocksEnd
        var damage = Damage(path: path, offset: offset, what: what)
        if try trailer() != nil, file.storedSize <= blocks.table.fileSize {
            damage.cure = .bytes(group, offset: offset, blocks.table.encode())
        } else if let header = (try? header()) ?? known {
            damage.cure = .entry(group, ChunkPlace(header))
        }
        throw .damaged([damage])
    }

    /// What puts bytes of the plain file right which are damaged in this one; `nil` if it has no place
    /// that they fit in.
    func cure(of group: GroupID, at offset: Int, with bytes: [UInt8]) -> Cure? {
        guard let blocks = file.blocks else { return .bytes(group, offset: offset, bytes) }
        return blocks.patch(at: offset, bytes).map { .bytes(group, offset: $0.offset, $0.bytes) }
    }
}
