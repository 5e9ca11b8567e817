public import WiberBase

/// Which chunks to read from one segment file; runs on a read thread.
public struct ReadPlan: Sendable {
    enum Start: Equatable, Sendable {
        case index(LogIndex)
        case sequence(Sequence)
        case time(Timestamp)
    }

    let path: String
    /// Whose chunks.
    public let group: GroupID
    let start: Start
    let byteBudget: Int
    /// Where to start reading, if memory knows; otherwise the file's own sparse index says.
    let place: ChunkPlace?
    /// Of a closed segment, as memory knows it.
    let trailer: SegmentTrailer?
    /// Where the chunks end.
    let end: Int
    let sparseInterval: Int
    /// What a closed segment's header must be, as far as memory knows: a file that was lost is put
    /// right from it.
    var header: SegmentHeader?
    /// Set if header and footer are to be verified first.
    var frame: SegmentFrame?
    /// Whether the configuration in the header, if there is one, comes first.
    var withConfiguration = false
    /// Whether that may be all, if the first chunk is damaged.
    var mayLackChunks = false

    /// Reads and verifies chunks, up to the byte budget or the end of the file, at least one.
    ///
    /// The first one holds the index or the sequence that was asked for, or is the first
    /// after it; by time, it is the last one that begins earlier.
    ///
    /// Chunks before a damaged one are returned without it: it comes first the next time.
    ///
    /// - Throws: ``LogError``: the segment is damaged, or was removed by a trim meanwhile; where
    ///   it can be repaired, the damage says how.
    public func run(on disk: any Disk) throws(LogError) -> [Chunk] {
        let path = isUnlisted ? try unlistedFile(on: disk) : path
        var reader = try SegmentReader.open(path, on: disk)
        if !mayLackChunks { try reader.checkForm(of: group, header) }
        try frame?.check(&reader, of: group, trailer, sparseInterval: sparseInterval)
        let configuration = withConfiguration ? try reader.configuration() : nil
        var place: ChunkPlace
        do throws(LogError) {
            place = try firstPlace(&reader)
        } catch {
            guard mayLackChunks, let configuration else { throw error }
            return [configuration]
        }
        var chunks: [Chunk] = []
        var bytes = 0
        let end = min(end, isUnlisted ? reader.size : end)
        do throws(LogError) {
            while place.offset < end {
                let header = try reader.verify(place, of: group, isWhole: false)
                if !isBefore(header) {
                    if replacesLast(header, chunks) { chunks = [] }
                    let length = Int(header.storedLength)
                    guard chunks.isEmpty || bytes + length <= byteBudget else { break }
                    chunks.append(try reader.chunk(place, of: group))
                    bytes = chunks.count == 1 ? length : bytes + length
                }
                place = place.after(header)
            }
        } catch {
            let isEnough = !chunks.isEmpty || mayLackChunks && configuration != nil
            if !isEnough || isByTime { throw error }
        }
        return (configuration.map { [$0] } ?? []) + chunks
    }

    /// Whether what was read first may have to give way to a later chunk.
    private var isByTime: Bool {
        if case .time = start { return true }
        return false
    }

    private func firstPlace(_ reader: inout SegmentReader) throws(LogError) -> ChunkPlace {
        if let place { return place }
        guard let trailer else { return ChunkPlace(try reader.header()) }
        var rows: [SparseRow] = []
        do throws(LogError) {
            rows = try reader.tables(trailer).sparse
        } catch {
            throw try FooterRebuild(trailer, header, sparseInterval: sparseInterval).run(&reader)
        }
        guard let row = Self.row(of: start, in: rows) else {
            throw .damaged([Damage(path: path, what: "the sparse index is empty")])
        }
        return ChunkPlace(row, reader.spacing)
    }

    /// Where to start reading after a sparse index; `nil` if that is empty.
    static func row(of start: Start, in rows: [SparseRow]) -> SparseRow? {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if isEarly(rows[middle], start) { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? rows.first : rows[low - 1]
    }

    /// Whether a read may begin here.
    ///
    /// Two chunks can begin at one time, if one has no messages.
    private static func isEarly(_ row: SparseRow, _ start: Start) -> Bool {
        switch start {
        case .index(let index): row.index <= index
        case .sequence(let sequence): row.sequence <= sequence
        case .time(let time): row.time < time
        }
    }

    private func isBefore(_ header: ChunkHeader) -> Bool {
        switch start {
        case .index(let index): header.index < index
        case .sequence(let sequence): header.nextSequence <= sequence
        case .time: false
        }
    }

    /// By time: a later chunk that still begins before what was asked for.
    private func replacesLast(_ header: ChunkHeader, _ chunks: [Chunk]) -> Bool {
        guard case .time(let time) = start, chunks.count == 1 else { return false }
        return header.baseTime < time
    }
}
