import WiberBase

/// Makes a closed segment's tables and trailer again from its chunks.
///
/// Both follow from the chunks alone, and the trailer that memory knows says whether they are
/// right.
struct FooterRebuild {
    private let trailer: SegmentTrailer
    /// What the header must be; `nil` if memory does not know.
    private let header: SegmentHeader?
    private let sparseInterval: Int

    init(_ trailer: SegmentTrailer, _ header: SegmentHeader?, sparseInterval: Int) {
        self.trailer = trailer
        self.header = header
        self.sparseInterval = sparseInterval
    }

    /// - Returns: The damage with the bytes that cure it, if all chunks are intact.
    /// - Throws: ``LogError/damaged(_:)``: a chunk or the header is damaged, which comes first.
    func run(_ reader: inout SegmentReader) throws(LogError) -> LogError {
        let header = try intactHeader(&reader)
        let end = Int(trailer.chunksEnd)
        var segment = ActiveSegment(header, directory: "")
        segment.erasedThrough = trailer.erasedThrough  // No chunk says it.
        var place = ChunkPlace(header)
        while place.offset < end {
            let chunk = try reader.verify(place, of: trailer.group, isWhole: true)
            segment.add(chunk, sparseInterval: sparseInterval)
            place = place.after(chunk)
        }
        var damage = Damage(path: reader.path, offset: end, what: "its tables are damaged")
        if let (bytes, rebuilt) = segment.footer(), rebuilt == trailer {
            damage.cure = reader.cure(of: trailer.group, at: end, with: bytes)
        }
        if damage.cure == nil, reader.isCompressed {
            damage.cure = .entry(trailer.group, ChunkPlace(header))  // All of it is written anew.
        }
        return .damaged([damage])
    }

    /// The file's own header, which a file that was lost has not.
    private func intactHeader(_ reader: inout SegmentReader) throws(LogError) -> SegmentHeader {
        do throws(LogError) {
            return try reader.header()
        } catch {
            guard let header else { throw error }
            guard let cure = reader.cure(of: trailer.group, at: 0, with: header.encode()) else {
                throw error
            }
            throw error.cured(by: cure, path: reader.path, offset: 0)
        }
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
