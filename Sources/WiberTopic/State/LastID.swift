public import WiberBase

/// The id of a topic's last message.
///
/// It is in the log, and not in the statistics of a chunk: whoever begins to read the log behind that
/// message does not know it until it looks.
struct LastID {
    /// The message whose id it is.
    private(set) var sequence = Sequence.zero
    private var bytes: [UInt8] = []
    /// Whether the message has one.
    private var isThere = false

    /// Whether the id is these bytes.
    func `is`(_ other: [UInt8]) -> Bool { isThere && bytes == other }

    mutating func set(_ id: UnsafeRawBufferPointer?, of sequence: Sequence) {
        self.sequence = sequence
        isThere = id != nil
        bytes.removeAll(keepingCapacity: true)
        if let id { bytes.append(contentsOf: id) }
    }

    /// The last message is another one now, and not known.
    mutating func forget() { sequence = Sequence(.max) }
}

extension Chunk {
    /// Calls `visit` with the last message's id; costs nothing if no message has one.
    func withLastID(_ visit: (UnsafeRawBufferPointer?) -> Void) {
        guard header.kind == .messages, header.hasIDs, header.count > 0 else { return visit(nil) }
        bytes.withUnsafeBytes { raw in
            let row = ChunkHeader.size + (Int(header.count) - 1) * ChunkHeader.rowSize
            var table = ByteReader(raw, at: row)
            // The bodies end with the chunk.
            guard let length = try? table.integer(UInt32.self), length <= raw.count else {
                return visit(nil)
            }
            let body = UnsafeRawBufferPointer(rebasing: raw[(raw.count - Int(length))...])
            visit((try? MessageBody.decode(body))?.id)
        }
    }
}

extension TopicState {
    /// Whether the id of the last message is known, what is open included.
    public var knowsLastID: Bool { openID.sequence == openNext.previous }

    /// Looks the last message's id up in the chunk that has it.
    ///
    /// - Parameter chunk: `nil` if no chunk of the log has that message any more: it has no id then.
    public mutating func findLastID(in chunk: Chunk?) {
        let last = tail.nextSequence.previous
        guard !knowsLastID, builder.isEmpty else { return }
        if let chunk {
            guard chunk.header.count > 0, chunk.header.nextSequence == tail.nextSequence else {
                return
            }
            chunk.withLastID { tailID.set($0, of: last) }
        } else {
            tailID.set(nil, of: last)
        }
        openID = tailID
    }

    /// The log goes on with this chunk.
    mutating func followLastID(_ chunk: Chunk) {
        guard chunk.header.kind == .messages, chunk.header.count > 0 else { return }
        let last = chunk.header.nextSequence.previous
        chunk.withLastID { tailID.set($0, of: last) }
    }

    /// The log ends with this chunk, or is empty.
    mutating func truncateLastID(_ last: Chunk?) {
        if let last {
            tailID.forget()
            followLastID(last)
        } else {
            tailID = LastID()
        }
    }
}
