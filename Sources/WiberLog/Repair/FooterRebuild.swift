import WiberBase

/// Makes a closed segment's tables and trailer again from its chunks.
///
/// Both follow from the chunks alone, and the trailer that memory knows says whether they are
/// right.
struct FooterRebuild {
    private let trailer: SegmentTrailer
    private let sparseInterval: Int

    init(_ trailer: SegmentTrailer, sparseInterval: Int) {
        self.trailer = trailer
        self.sparseInterval = sparseInterval
    }

    /// - Returns: The damage with the bytes that cure it, if all chunks are intact.
    /// - Throws: ``LogError/damaged(_:)``: a chunk or the header is damaged, which comes first.
    func run(_ reader: inout SegmentReader) throws(LogError) -> LogError {
        let header = try reader.header()
        let end = Int(trailer.chunksEnd)
        var segment = ActiveSegment(header, directory: "")
        var place = ChunkPlace(header)
        while place.offset < end {
            let chunk = try reader.verify(place, of: trailer.group, isWhole: true)
            segment.add(chunk, sparseInterval: sparseInterval)
            place = place.after(chunk)
        }
        var damage = Damage(path: reader.path, offset: end, what: "its tables are damaged")
        if let (bytes, rebuilt) = segment.footer(), rebuilt == trailer {
            damage.cure = .bytes(trailer.group, offset: end, bytes)
        }
        return .damaged([damage])
    }
}

extension SegmentReader {
    /// Opens a file; one that is missing has no bytes.
    static func open(_ path: String, on disk: any Disk) throws(LogError) -> SegmentReader {
        do throws(DiskError) {
            return SegmentReader(disk, path, size: try disk.size(path) ?? 0)
        } catch {
            throw .disk(error)
        }
    }
}
