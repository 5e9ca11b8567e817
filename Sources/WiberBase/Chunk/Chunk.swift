/// A sealed Raft entry: its header, and the bytes that log, peers and segments hold.
public struct Chunk: Sendable {
    /// The decoded fixed part.
    public let header: ChunkHeader
    /// The whole chunk, header included.
    public let bytes: [UInt8]

    init(header: ChunkHeader, bytes: [UInt8]) {
        invariant(Int(header.storedLength) == bytes.count, "a chunk of \(bytes.count) bytes")
        self.header = header
        self.bytes = bytes
    }

    /// Index and term.
    public var id: EntryID { header.id }

    /// Makes a chunk without messages.
    ///
    /// - Precondition: `header.kind` is not `messages`, and all fits ``ChunkHeader/lengthMax``.
    public static func control(_ header: ChunkHeader, bytes control: [UInt8] = []) -> Chunk {
        invariant(header.kind != .messages && header.count == 0, "control of \(header.kind)")
        return seal(header, checked: control, bodies: [])
    }

    /// Fills in length and checksum, and joins the parts.
    static func seal(_ header: ChunkHeader, checked: [UInt8], bodies: [UInt8]) -> Chunk {
        let length = ChunkHeader.size + checked.count + bodies.count
        invariant(length <= ChunkHeader.lengthMax, "a chunk of \(length) bytes")
        var header = header
        header.length = UInt32(length)
        header.storedLength = header.length
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        header.encode(into: &bytes)
        bytes += checked
        header.checksum = CRC32C.checksum(bytes, in: 8..<bytes.count)
        bytes.setInteger(header.checksum, at: 4)
        bytes += bodies
        return Chunk(header: header, bytes: bytes)
    }

    /// Reads and verifies the chunk that starts at `offset` and copies it out.
    ///
    /// - Throws: ``CodecError`` if anything about it is wrong, bodies included.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int = 0
    ) throws(CodecError) -> Chunk {
        let header = try verify(bytes, at: offset)
        let end = offset + Int(header.storedLength)
        return Chunk(header: header, bytes: [UInt8](bytes[offset..<end]))
    }

    /// Checks header, table and bodies of the chunk that starts at `offset`, without a copy.
    public static func verify(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int = 0
    ) throws(CodecError) -> ChunkHeader {
        let header = try verifyIdentity(bytes, at: offset)
        var reader = ByteReader(bytes, at: offset)
        let whole = try reader.slice(Int(header.storedLength))
        try verifyBodies(whole, header)
        return header
    }

    /// Checks header and table, not the bodies: what names the chunk.
    public static func verifyIdentity(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int = 0
    ) throws(CodecError) -> ChunkHeader {
        var reader = ByteReader(bytes, at: offset)
        let header = try ChunkHeader.decode(&reader)
        if header.isErased { return try verifyErased(bytes, at: offset, header) }
        var checked = ByteReader(bytes, at: offset)
        _ = try checked.advance(8)
        let covered = try checked.slice(header.checkedLength - 8)
        guard CRC32C.checksum(covered) == header.checksum else {
            throw .checksumMismatch(field: "chunk \(header.id) of group \(header.group)")
        }
        return header
    }

    private static func verifyBodies(
        _ chunk: UnsafeRawBufferPointer,
        _ header: ChunkHeader
    ) throws(CodecError) {
        _ = try removals(in: chunk, header)
        guard header.kind == .messages else { return }
        var table = ByteReader(chunk, at: ChunkHeader.size)
        var bodies = ByteReader(chunk, at: header.bodiesOffset)
        for place in 0..<header.count {
            let length = try table.integer(UInt32.self)
            _ = try table.integer(UInt32.self)
            let checksum = try table.integer(UInt32.self)
            if header.isErased, length & ChunkHeader.erasedRow != 0 { continue }
            let body = try bodies.slice(Int(length))
            guard CRC32C.checksum(body) == checksum || Mutant.payloadNotVerified.isOn else {
                throw .checksumMismatch(field: "message \(place) of chunk \(header.id)")
            }
            _ = try MessageBody.decode(body)
        }
        guard bodies.remaining == 0 else {
            throw .invalid(field: "length", value: UInt64(header.storedLength))
        }
    }

    /// Calls `visit` with each message in order, until it returns `false`; not with erased ones.
    ///
    /// - Precondition: the chunk was verified or made here.
    public func forEachMessage(_ visit: (Message) throws -> Bool) rethrows {
        try bytes.withUnsafeBytes { chunk in
            try Self.forEachMessage(in: chunk, header, visit)
        }
    }

    /// The same over a chunk in borrowed memory; stops at the first row that does not fit.
    public static func forEachMessage(
        in chunk: UnsafeRawBufferPointer,
        _ header: ChunkHeader,
        _ visit: (Message) throws -> Bool
    ) rethrows {
        guard header.kind == .messages else { return }
        var table = ByteReader(chunk, at: ChunkHeader.size)
        var bodies = ByteReader(chunk, at: header.bodiesOffset)
        for place in 0..<UInt64(header.count) {
            guard let length = try? table.integer(UInt32.self),
                let delta = try? table.integer(UInt32.self),
                (try? table.integer(UInt32.self)) != nil
            else { return }
            if length & ChunkHeader.erasedRow != 0 { continue }
            guard let body = try? bodies.slice(Int(length)),
                let fields = try? MessageBody.decode(body)
            else { return }
            let message = Message(
                sequence: Sequence(header.baseSequence.rawValue &+ place),
                time: Timestamp(header.baseTime.rawValue &+ UInt64(delta)),
                lamport: header.baseLamport &+ place,
                length: body.count,
                body: fields
            )
            guard try visit(message) else { return }
        }
    }
}
