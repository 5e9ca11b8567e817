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
