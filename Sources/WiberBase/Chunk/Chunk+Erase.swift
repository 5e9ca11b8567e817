/// Chunks of which some bodies are erased, since their messages have left the topic.
///
/// Header and table stay, and with them everything that the checksum covers: it is verified as ever,
/// and the chunk is the same entry of the log. Rows of erased bodies are marked, and `length` says
/// how long the bytes are without them.
extension Chunk {
    /// The same chunk without the bodies of messages that are gone.
    ///
    /// - Returns: `nil` if there is no such body.
    public func erasing(_ isGone: (Sequence) -> Bool) -> Chunk? {
        guard header.kind == .messages, header.erasedCount < header.count else { return nil }
        let made = header
        var erased = Array(bytes[..<made.bodiesOffset])
        var count = made.erasedCount
        bytes.withUnsafeBytes { raw in
            var offset = made.bodiesOffset
            for place in 0..<Int(made.count) {
                let at = ChunkHeader.size + place * ChunkHeader.rowSize
                let length = raw.loadUnaligned(fromByteOffset: at, as: UInt32.self).littleEndian
                if length & ChunkHeader.erasedRow != 0 { continue }
                let end = offset + Int(length)
                if isGone(Sequence(made.baseSequence.rawValue &+ UInt64(place))) {
                    erased.setInteger(length | ChunkHeader.erasedRow, at: at)
                    count += 1
                } else {
                    erased.append(contentsOf: raw[offset..<end])
                }
                offset = end
            }
        }
        guard count > made.erasedCount else { return nil }
        var header = made
        header.isErased = true
        header.erasedCount = count
        header.storedLength = UInt32(erased.count)
        erased.setInteger(ChunkHeader.erasedMagic, at: 0)
        erased.setInteger(header.storedLength, at: 12)
        return Chunk(header: header, bytes: erased)
    }

    /// Checks header and table of a chunk with erased bodies against the checksum that it was made with.
    static func verifyErased(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int,
        _ header: ChunkHeader
    ) throws(CodecError) -> ChunkHeader {
        var header = header
        var reader = ByteReader(bytes, at: offset)
        var made = [UInt8](try reader.slice(header.bodiesOffset))
        var table = ByteReader(bytes, at: offset)
        _ = try table.advance(ChunkHeader.size)
        var length = header.bodiesOffset
        var storedLength = header.bodiesOffset
        for place in 0..<Int(header.count) {
            let row = try table.integer(UInt32.self)
            _ = try table.advance(ChunkHeader.rowSize - 4)
            let bodyLength = row & ~ChunkHeader.erasedRow
            length += Int(bodyLength)
            if row == bodyLength {
                storedLength += Int(bodyLength)
            } else {
                made.setInteger(bodyLength, at: ChunkHeader.size + place * ChunkHeader.rowSize)
                header.erasedCount += 1
            }
        }
        guard length <= ChunkHeader.lengthMax, storedLength == Int(header.storedLength),
            header.erasedCount > 0
        else { throw .invalid(field: "length", value: UInt64(header.storedLength)) }
        header.length = UInt32(length)
        made.setInteger(ChunkHeader.magic, at: 0)
        made.setInteger(header.length, at: 12)
        guard CRC32C.checksum(made, in: 8..<made.count) == header.checksum else {
            throw .checksumMismatch(field: "chunk \(header.id) of group \(header.group)")
        }
        return header
    }
}
