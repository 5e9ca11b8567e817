public import WiberBase

/// A closed segment that is being written anew, without the bodies of messages that are gone, plain or
/// compressed.
///
/// The new file has a name of its own and counts once it is durable under it; until then, and if power
/// is cut, the old one is as it was. The old one goes afterwards.
struct Rewrite: Sendable {
    let slot: Int
    let source: ClosedSegment
    /// What entries up to this one wanted erased will not be in it.
    let erasedThrough: LogIndex
    /// What makes blocks of it; `nil` if the new file is plain.
    var blocks: BlockWriter?
    /// What is written; `nil` until the first chunk has come.
    var segment: ActiveSegment?
    /// The next entry that is written.
    var next: LogIndex
    /// What waits for the flush thread.
    var steps: [DiskStep] = []
    /// Set once all of it waits or is written.
    var closed: ClosedSegment?

    init(
        _ slot: Int,
        _ source: ClosedSegment,
        _ blocks: BlockWriter?,
        erasedThrough: LogIndex
    ) {
        self.slot = slot
        self.blocks = blocks
        self.source = source
        self.erasedThrough = erasedThrough
        next = source.trailer.baseIndex
    }

    /// Where it is written until it is whole.
    var unfinishedPath: String? { segment.map { $0.path + SegmentName.unfinished } }

    /// What the new file has, or is to have, in bytes.
    var byteCount: Int { closed?.size ?? blocks?.end ?? segment?.end ?? 0 }

    mutating func begin(_ header: SegmentHeader, directory: String) {
        var segment = ActiveSegment(header, directory: directory)
        segment.erasedThrough = erasedThrough
        let path = segment.path + SegmentName.unfinished
        self.segment = segment
        let bytes = header.encode()
        steps = [
            .remove(path: path), .create(path: path),
            .write(path: path, offset: 0, bytes: blocks?.begin(bytes) ?? bytes),
        ]
    }

    mutating func add(_ chunk: Chunk, sparseInterval: Int) {
        guard let path = unfinishedPath, let end = segment?.end else { return }
        let offset = blocks?.end ?? end
        let bytes = blocks?.add(chunk.bytes) ?? chunk.bytes
        if !bytes.isEmpty { steps.append(.write(path: path, offset: offset, bytes: bytes)) }
        segment?.add(chunk.header, sparseInterval: sparseInterval)
        next = chunk.header.index.next
    }

    /// Ends the file and gives it its name.
    mutating func close(directory: String) {
        guard let segment, let path = unfinishedPath, let (footer, trailer) = segment.footer()
        else { return }
        let offset = blocks?.end ?? segment.end
        let bytes = blocks?.finish(footer) ?? footer
        steps.append(.write(path: path, offset: offset, bytes: bytes))
        if !Mutant.rewriteNotSynced.isOn { steps.append(.sync(path: path)) }
        steps.append(.rename(path: path, to: segment.path))
        steps.append(.syncDirectory(path: directory))
        closed = ClosedSegment(path: segment.path, trailer: trailer, size: offset + bytes.count)
    }
}

/// What a flush has done of a rewrite.
struct RewriteStep: Sendable {
    let slot: Int
    let source: ClosedSegment
    /// The new segment, if it is durable afterwards.
    let closed: ClosedSegment?
    /// What it has written, whole or not.
    let path: String
}

/// A closed segment, for whoever decides which ones are written anew.
public struct SegmentSummary: Sendable {
    /// Its first and last entry.
    public let indices: ClosedRange<LogIndex>
    /// The first sequence.
    public let baseSequence: Sequence
    /// The sequence after the last.
    public let nextSequence: Sequence
    /// How many messages the file has room for: those whose bodies are there, or all if it was never
    /// written anew.
    public let roomCount: UInt64
    /// What entries up to this one wanted erased is not in it.
    public let erasedThrough: LogIndex
    /// The file.
    public let path: String
    /// Whether it is compressed.
    public let isCompressed: Bool

    init(_ segment: ClosedSegment) {
        let trailer = segment.trailer
        indices = trailer.baseIndex...max(trailer.baseIndex, trailer.lastIndex)
        baseSequence = trailer.baseSequence
        nextSequence = trailer.nextSequence
        let sequences = trailer.nextSequence.rawValue &- trailer.baseSequence.rawValue
        roomCount = LogStore.isRewritten(segment.path) ? trailer.keptCount : sequences
        erasedThrough = trailer.erasedThrough
        path = segment.path
        isCompressed = segment.isCompressed
    }
}
