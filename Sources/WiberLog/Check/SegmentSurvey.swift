import WiberBase

/// Lists every chunk of a segment that is not intact, as far as the file can be followed.
///
/// After a damaged chunk it goes on where that one says that it ends, if what stands there follows
/// it; otherwise at the next row of the sparse index, if that is intact. Only for people: what
/// repairs goes from chunk to chunk.
struct SegmentSurvey {
    private let disk: any Disk
    private let path: String
    private let group: GroupID
    /// The first entry that the write-ahead log has.
    private let limit: LogIndex?

    init(_ disk: any Disk, _ path: String, _ group: GroupID, limit: LogIndex? = nil) {
        self.disk = disk
        self.path = path
        self.group = group
        self.limit = limit
    }

    func run() throws(LogError) -> [Damage] {
        var reader = try SegmentReader.open(path, on: disk)
        var place: ChunkPlace
        do throws(LogError) {
            place = ChunkPlace(try reader.header())
        } catch .damaged {
            return []  // The recovery has named it.
        }
        let trailer = try reader.trailer()
        let rows = try sparse(trailer, &reader)
        let end = trailer.map { Int($0.chunksEnd) } ?? reader.size
        var damages: [Damage] = []
        while place.offset < end, limit.map({ place.index < $0 }) ?? true {
            do throws(LogError) {
                place = place.after(try reader.verify(place, of: group, isWhole: true))
            } catch .damaged(let list) {
                damages += list
                guard let next = try after(place, rows, &reader) else { break }
                place = next
            }
        }
        return damages
    }

    private func sparse(
        _ trailer: SegmentTrailer?,
        _ reader: inout SegmentReader
    ) throws(LogError) -> [SparseRow] {
        guard let trailer else { return [] }
        do throws(LogError) {
            return try reader.tables(trailer).sparse
        } catch .damaged {
            return []
        }
    }

    private func after(
        _ place: ChunkPlace,
        _ rows: [SparseRow],
        _ reader: inout SegmentReader
    ) throws(LogError) -> ChunkPlace? {
        if let length = reader.claimedLength(at: place.offset) {
            let next = ChunkPlace(
                offset: place.offset + length,
                index: place.index.next,
                spacing: place.spacing
            )
            do throws(LogError) {
                _ = try reader.verify(next, of: group, isWhole: false)
                return next
            } catch .damaged {}  // Then the length is not to be believed, or two are damaged.
        }
        return rows.first { $0.index > place.index }.map { ChunkPlace($0, place.spacing) }
    }
}
