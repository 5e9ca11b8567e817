public import WiberBase

/// Asks another replica for entries that this one cannot read any more.
public struct RepairRequest: Sendable, Equatable {
    /// Names the request, among those of the sender.
    public var request: UInt64
    /// Whose log.
    public var group: GroupID
    /// The first entry that is wanted.
    public var first: LogIndex
    /// The last entry that is wanted.
    public var last: LogIndex
    /// How many bytes of chunks the answer may have; the first chunk comes in any case.
    public var byteBudget: UInt32
    /// A request.
    public init(
        request: UInt64,
        group: GroupID,
        first: LogIndex,
        last: LogIndex,
        byteBudget: UInt32
    ) {
        self.request = request
        self.group = group
        self.first = first
        self.last = last
        self.byteBudget = byteBudget
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> RepairRequest {
        RepairRequest(
            request: try reader.integer(),
            group: try reader.identifier(),
            first: try reader.identifier(),
            last: try reader.identifier(),
            byteBudget: try reader.integer()
        )
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(request)
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(first.rawValue)
        bytes.appendInteger(last.rawValue)
        bytes.appendInteger(byteBudget)
    }
}

/// The answer to a ``RepairRequest``.
public struct RepairReply: Sendable, Equatable {
    /// The most bytes of chunks in an answer.
    public static let bytesMax = 3 << 20

    /// Which request.
    public var request: UInt64
    /// Whose log.
    public var group: GroupID
    /// Chunks, one after the other; none if the sender cannot help.
    ///
    /// If what was asked for has left the sender's log: the log's first chunk.
    public var chunks: [UInt8]
    /// An answer.
    public init(request: UInt64, group: GroupID, chunks: [UInt8]) {
        self.request = request
        self.group = group
        self.chunks = chunks
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> RepairReply {
        RepairReply(
            request: try reader.integer(),
            group: try reader.identifier(),
            chunks: try reader.blob(limit: bytesMax)
        )
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(request)
        bytes.appendInteger(group.rawValue)
        bytes.appendBlob(chunks)
    }
}

/// Asks a replica for entries that this node's log has lost and knows by name.
public struct LostEntriesRequest: Sendable, Equatable {
    /// The most entries in a request.
    public static let countMax = 256

    /// An entry's name.
    public struct Entry: Sendable, Equatable {
        /// Where it was.
        public var index: LogIndex
        /// Its term.
        public var term: Term
        /// The CRC-32C of its bytes.
        public var checksum: UInt32
        /// A name.
        public init(index: LogIndex, term: Term, checksum: UInt32) {
            self.index = index
            self.term = term
            self.checksum = checksum
        }
    }

    /// Names the request, among those of the sender.
    public var request: UInt64
    /// Whose log.
    public var group: GroupID
    /// What is wanted.
    public var entries: [Entry]
    /// A request.
    public init(request: UInt64, group: GroupID, entries: [Entry]) {
        self.request = request
        self.group = group
        self.entries = entries
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> LostEntriesRequest {
        let request = try reader.integer(UInt64.self)
        let group: GroupID = try reader.identifier()
        let count = try reader.integer(UInt32.self)
        guard count <= countMax else { throw .invalid(field: "entries", value: UInt64(count)) }
        var entries: [Entry] = []
        for _ in 0..<count {
            entries.append(
                Entry(
                    index: try reader.identifier(),
                    term: try reader.identifier(),
                    checksum: try reader.integer()
                )
            )
        }
        return LostEntriesRequest(request: request, group: group, entries: entries)
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(request)
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(UInt32(entries.count))
        for entry in entries {
            bytes.appendInteger(entry.index.rawValue)
            bytes.appendInteger(entry.term.rawValue)
            bytes.appendInteger(entry.checksum)
        }
    }
}
