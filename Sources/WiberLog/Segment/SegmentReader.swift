import WiberBase

/// Reads headers and chunks of one segment file and verifies them.
struct SegmentReader {
    private(set) var file: SegmentFile
    let path: String
    let spacing: ChunkSpacing
    /// The size of the file, as it is if it is not compressed.
    var size: Int { file.size }
    /// The size of the file itself.
    var storedSize: Int { file.storedSize }

    init(_ disk: any Disk, _ path: String, size: Int) {
        file = SegmentFile(disk, path, size: size)
        self.path = path
        spacing = SegmentName(path: path).map { $0.rewrite > 0 } ?? false ? .asStored : .asMade
    }

    mutating func header() throws(LogError) -> SegmentHeader {
        let fixed = try load(at: 0, count: SegmentHeader.fixedLength)
        let length = try verified(at: 0, fixed) { bytes throws(CodecError) in
            try SegmentHeader.claimedLength(bytes)
        }
        let whole = try load(at: 0, count: length)
        return try verified(at: 0, whole) { bytes throws(CodecError) in
            try SegmentHeader.decode(bytes)
        }
    }

    /// The configuration that the header repeats, if there is one.
    mutating func configuration() throws(LogError) -> Chunk? {
        let bytes = try header().configuration
        guard !bytes.isEmpty else { return nil }
        guard let chunk = bytes.withUnsafeBytes({ try? Chunk.decode($0) }) else {
            throw .damaged([Damage(path: path, offset: 0, what: "the configuration is no chunk")])
        }
        return chunk
    }

    /// The trailer, or `nil` if the file does not end with a good one.
    mutating func trailer() throws(LogError) -> SegmentTrailer? {
        guard size >= SegmentTrailer.size else { return nil }
        let offset = size - SegmentTrailer.size
        var range = 0..<0
        do throws(LogError) {
            range = try load(at: offset, count: SegmentTrailer.size)
        } catch .damaged {
            return nil
        }
        return try? verified(at: offset, range) { bytes throws(CodecError) in
            try SegmentTrailer.decode(bytes, fileSize: size)
        }
    }

    mutating func tables(_ trailer: SegmentTrailer) throws(LogError) -> SegmentTables {
        let offset = Int(trailer.chunksEnd)
        let range = try load(at: offset, count: trailer.tablesLength)
        return try verified(at: offset, range) { bytes throws(CodecError) in
            try SegmentTables.decode(bytes, trailer)
        }
    }

    /// Verifies the chunk at `offset`, bodies included.
    mutating func verifyChunk(at offset: Int) throws(LogError) -> ChunkHeader {
        let range = try loadChunk(at: offset)
        return try verified(at: offset, range) { bytes throws(CodecError) in
            try Chunk.verify(bytes)
        }
    }

    /// Verifies the header of the chunk at `offset`, not the bodies.
    mutating func verifyIdentity(at offset: Int) throws(LogError) -> ChunkHeader {
        let range = try loadChunk(at: offset)
        return try verified(at: offset, range) { bytes throws(CodecError) in
            try Chunk.verifyIdentity(bytes)
        }
    }

    /// Verifies the chunk at `offset` and copies it out.
    mutating func chunk(at offset: Int) throws(LogError) -> Chunk {
        let range = try loadChunk(at: offset)
        return try verified(at: offset, range) { bytes throws(CodecError) in
            try Chunk.decode(bytes)
        }
    }

    /// Verifies the chunk that should stand at `place`, bodies too if `isWhole`.
    ///
    /// - Throws: ``LogError/damaged(_:)`` whose cure names the entry.
    mutating func verify(
        _ place: ChunkPlace,
        of group: GroupID,
        isWhole: Bool
    ) throws(LogError) -> ChunkHeader {
        do throws(LogError) {
            let header =
                isWhole
                ? try verifyChunk(at: place.offset) : try verifyIdentity(at: place.offset)
            guard header.group == group, header.index == place.index else {
                let what = "chunk \(header.id) of group \(header.group) is out of place"
                throw .damaged([Damage(path: path, offset: place.offset, what: what)])
            }
            guard place.previousChecksum == nil || header.previousChecksum == place.previousChecksum
            else {
                let what = "chunk \(header.id) does not follow the one before it"
                throw .damaged([Damage(path: path, offset: place.offset, what: what)])
            }
            return header
        } catch {
            throw error.cured(by: .entry(group, place), path: path, offset: place.offset)
        }
    }

    /// Verifies all of the chunk that should stand at `place` and copies it out.
    mutating func chunk(_ place: ChunkPlace, of group: GroupID) throws(LogError) -> Chunk {
        _ = try verify(place, of: group, isWhole: false)
        do throws(LogError) {
            return try chunk(at: place.offset)
        } catch {
            throw error.cured(by: .entry(group, place), path: path, offset: place.offset)
        }
    }

    /// The length that the chunk at `offset` claims; `nil` if not even that can be read.
    mutating func claimedLength(at offset: Int) -> Int? {
        guard let fixed = try? load(at: offset, count: ChunkHeader.size) else { return nil }
        let header = try? verified(at: offset, fixed) { bytes throws(CodecError) in
            var fields = ByteReader(bytes)
            return try ChunkHeader.decode(&fields)
        }
        return header.map { Int($0.storedLength) }
    }

    private mutating func loadChunk(at offset: Int) throws(LogError) -> Range<Int> {
        let fixed = try load(at: offset, count: ChunkHeader.size)
        let length = try verified(at: offset, fixed) { bytes throws(CodecError) in
            var fields = ByteReader(bytes)
            return Int(try ChunkHeader.decode(&fields).storedLength)
        }
        return try load(at: offset, count: length)
    }

    private mutating func load(at offset: Int, count: Int) throws(LogError) -> Range<Int> {
        try file.load(at: offset, count: count)
    }

    private func verified<Value>(
        at offset: Int,
        _ range: Range<Int>,
        _ decode: (UnsafeRawBufferPointer) throws(CodecError) -> Value
    ) throws(LogError) -> Value {
        let result = file.buffer.withUnsafeBytes { bytes -> Result<Value, CodecError> in
            do throws(CodecError) {
                return .success(try decode(UnsafeRawBufferPointer(rebasing: bytes[range])))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error):
            throw .damaged([Damage(path: path, offset: offset, what: "\(error)")])
        }
    }
}
