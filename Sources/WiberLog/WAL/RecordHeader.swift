import WiberBase

/// One row of a batch's table: which entry a payload is, so that a rotten one still has a name.
///
///     byte  size  field
///     0     8     group
///     8     8     index
///     16    8     term
///     24    4     length    of the entry, in bytes, below the kind in the two highest bits
///     28    4     checksum  CRC-32C of the entry
struct RecordHeader: Equatable, Sendable {
    /// What a row stands for.
    enum Kind: UInt32, Sendable {
        /// An entry; its bytes are the payload.
        case entry = 0
        /// An entry that was in the log and is damaged: a *hole*, without payload (rule 4).
        case hole = 1
        /// From here on nothing is known of what the group's log has lost: it is *suspect*
        /// (rule 5). What the log held of the group before is of no account.
        case suspect = 2
        /// The group is suspect no more.
        case trusted = 3
    }

    static let size = 32
    private static let kindShift: UInt32 = 30

    var kind = Kind.entry
    var group: GroupID
    var index: LogIndex
    var term: Term
    var length: UInt32
    var checksum: UInt32

    /// The bytes of the batch's payload that belong to this row.
    var payloadLength: Int { kind == .entry ? Int(length) : 0 }

    /// The row of an entry.
    init(_ chunk: Chunk) {
        group = chunk.header.group
        index = chunk.header.index
        term = chunk.header.term
        length = chunk.header.storedLength
        checksum = CRC32C.checksum(chunk.bytes)
    }

    /// A row about all of a group.
    init(_ kind: Kind, _ group: GroupID) {
        self.kind = kind
        self.group = group
        index = .zero
        term = .zero
        length = 0
        checksum = 0
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(index.rawValue)
        bytes.appendInteger(term.rawValue)
        bytes.appendInteger(kind.rawValue << Self.kindShift | length)
        bytes.appendInteger(checksum)
    }

    init(decoding reader: inout ByteReader) throws(CodecError) {
        group = try reader.identifier()
        index = try reader.identifier()
        term = try reader.identifier()
        let word = try reader.integer(UInt32.self)
        kind = Kind(rawValue: word >> Self.kindShift) ?? .entry
        length = word & (1 << Self.kindShift - 1)
        checksum = try reader.integer()
    }
}

/// What a batch says in one row.
enum BatchRow: Sendable {
    /// An entry.
    case entry(Chunk)
    /// An entry that is damaged, or a word about the group.
    case mark(RecordHeader)

    var group: GroupID {
        switch self {
        case .entry(let chunk): chunk.header.group
        case .mark(let header): header.group
        }
    }

    var index: LogIndex {
        switch self {
        case .entry(let chunk): chunk.header.index
        case .mark(let header): header.index
        }
    }

    /// The entry, if it is whole.
    var chunk: Chunk? {
        if case .entry(let chunk) = self { return chunk }
        return nil
    }

    /// The name of the entry, if it is lost.
    var hole: RecordHeader? {
        if case .mark(let header) = self, header.kind == .hole { return header }
        return nil
    }

    var header: RecordHeader {
        switch self {
        case .entry(let chunk): RecordHeader(chunk)
        case .mark(let header): header
        }
    }
}
