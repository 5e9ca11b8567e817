/// What a Raft entry is about.
public enum ChunkKind: UInt16, Sendable {
    /// Messages of a topic.
    case messages = 1
    /// The entry that a new leader begins its term with (Raft §8).
    case noOp = 2
    /// A configuration of the group (Raft §6).
    case configuration = 3
    /// A command of the meta group.
    case meta = 4
    /// Moves the topic's first sequence, or takes messages out of the topic.
    case trim = 5
}

/// The fixed part of a chunk, the Raft entry that goes byte-identical to log, peers and segments.
///
/// Integers are little-endian. Control chunks (every kind but `messages`) have count 0 and carry
/// `control bytes` in place of table and bodies.
///
///     byte  size  field
///     0     4     magic             "WCH1"; "WCE1": some bodies are erased, see ``Chunk/erasing(_:)``
///     4     4     checksum          CRC-32C of bytes 8 ..< 96, then of table or control bytes
///     8     4     previousChecksum  of the chunk at the index before; 0 at index 1
///     12    4     length            of these bytes: 96 ... lengthMax
///     16    8     group
///     24    8     index
///     32    8     term
///     40    8     baseSequence      of the first message; the next one's if there is none
///     48    8     baseTime          of the first message; of the entry if there is none
///     56    8     baseLamport       of the first message, each later one is one more
///     64    8     firstSequence     of the topic, once this chunk is applied
///     72    8     liveBytes         bodies from firstSequence on, once this chunk is applied
///     80    2     count             of messages: 0 ... countMax
///     82    2     removalCount      of removals, of `messages` and `trim`: 0 ... removalsMax
///     84    2     kind              see ``ChunkKind``
///     86    2     flags             1: some message has an id, 2: some message has a time to live,
///                                   4: some removal asks for its bodies to be erased
///     88    8     liveMessages      from firstSequence on, once this chunk is applied
///     96    12·n  table             length u32, time - baseTime u32, CRC-32C of the body u32; in the
///                                   highest bit of length: the body is erased
///     …     12·m  removals          see ``Removal``; the checksum covers them
///     …           bodies            see ``MessageBody``
///
/// Statistics travel in the header because the leader decides them: a follower adopts them with
/// O(1) work a chunk, and recovery reads the last header instead of replaying the log.
public struct ChunkHeader: Equatable, Sendable {
    /// The size of the fixed part, in bytes.
    public static let size = 96
    /// The size of one row of the table, in bytes.
    public static let rowSize = 12
    /// The largest chunk, in bytes: one message at the payload limit and what surrounds it.
    public static let lengthMax = (1 << 20) + (128 << 10)
    /// The most messages in a chunk.
    public static let countMax = 4_096
    /// The most removals in a chunk.
    public static let removalsMax = 8_192
    /// A chunk is closed once its bodies hold this many bytes (1 MiB).
    public static let bodiesTarget = 1 << 20
    static let magic: UInt32 = 0x3148_4357
    static let erasedMagic: UInt32 = 0x3145_4357
    /// In the length of a row: its body is not here.
    public static let erasedRow: UInt32 = 1 << 31
    static let hasIDsFlag: UInt16 = 1
    static let hasTimesToLiveFlag: UInt16 = 2
    static let erasingFlag: UInt16 = 4

    /// The checksum of header and table; names the chunk's content.
    public var checksum: UInt32 = 0
    /// The checksum of the chunk before.
    public var previousChecksum: UInt32 = 0
    /// The whole chunk's size as it was made, in bytes.
    public var length: UInt32 = 0
    /// The size of its bytes as they are here; less if bodies are erased.
    public var storedLength: UInt32 = 0
    /// How many bodies are erased.
    public var erasedCount: UInt32 = 0
    /// The group whose log this is.
    public var group = GroupID.zero
    /// The place in that log.
    public var index = LogIndex.zero
    /// The term of the leader that made it.
    public var term = Term.zero
    /// The first message's sequence, or the next message's.
    public var baseSequence = Sequence(1)
    /// The first message's time.
    public var baseTime = Timestamp.zero
    /// The first message's Lamport time.
    public var baseLamport: UInt64 = 0
    /// The topic's first sequence once this is applied.
    public var firstSequence = Sequence(1)
    /// The bytes of bodies that the topic holds once this is applied.
    public var liveBytes: UInt64 = 0
    /// The messages in this chunk.
    public var count: UInt32 = 0
    /// The removals in this chunk.
    public var removalCount: UInt16 = 0
    /// What it is about.
    public var kind = ChunkKind.noOp
    /// Whether some message here has an id.
    public var hasIDs = false
    /// Whether some message here has a time to live.
    public var hasTimesToLive = false
    /// Whether some removal here says that bodies are to be erased.
    public var isErasing = false
    /// The messages that the topic holds once this is applied.
    public var liveMessages: UInt64 = 0
    /// Whether some bodies are erased; then only the table says what ``length`` was.
    var isErased = false

    /// A no-op with every other field at its start.
    public init() {}

    /// Index and term.
    public var id: EntryID { EntryID(index: index, term: term) }
    /// The sequence after this chunk's last message.
    public var nextSequence: Sequence { Sequence(baseSequence.rawValue &+ UInt64(count)) }
    /// Where the removals start, in bytes from the chunk's start.
    public var removalsOffset: Int { Self.size + Int(count) * Self.rowSize }
    /// Where the bodies start, in bytes from the chunk's start.
    public var bodiesOffset: Int { removalsOffset + Int(removalCount) * Removal.size }
    /// How far the checksum reaches, in bytes from the chunk's start.
    public var checkedLength: Int { kind == .messages ? bodiesOffset : Int(length) }

    /// Reads a header and checks the ranges of its fields, not the checksum.
    ///
    /// Where bodies are erased, ``length`` and ``erasedCount`` are known only once the table is read.
    ///
    /// - Throws: ``CodecError`` if the bytes end early or a field is out of its range.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> ChunkHeader {
        var header = ChunkHeader()
        let magic = try reader.integer(UInt32.self)
        guard magic == Self.magic || magic == Self.erasedMagic else {
            throw .invalid(field: "magic", value: UInt64(magic))
        }
        header.checksum = try reader.integer()
        header.previousChecksum = try reader.integer()
        header.storedLength = try reader.integer()
        header.length = header.storedLength
        header.group = try reader.identifier()
        header.index = try reader.identifier()
        header.term = try reader.identifier()
        header.baseSequence = try reader.identifier()
        header.baseTime = try reader.identifier()
        header.baseLamport = try reader.integer()
        header.firstSequence = try reader.identifier()
        header.liveBytes = try reader.integer()
        header.count = UInt32(try reader.integer(UInt16.self))
        header.removalCount = try reader.integer()
        let kind = try reader.integer(UInt16.self)
        let flags = try reader.integer(UInt16.self)
        header.liveMessages = try reader.integer()
        guard let known = ChunkKind(rawValue: kind) else {
            throw .invalid(field: "kind", value: UInt64(kind))
        }
        header.kind = known
        header.hasIDs = flags & hasIDsFlag != 0
        header.isErased = magic == Self.erasedMagic
        header.hasTimesToLive = flags & hasTimesToLiveFlag != 0
        header.isErasing = flags & erasingFlag != 0
        try header.checkRanges()
        return header
    }

    private func checkRanges() throws(CodecError) {
        guard length >= Self.size, length <= Self.lengthMax else {
            throw .invalid(field: "length", value: UInt64(length))
        }
        guard count <= Self.countMax, bodiesOffset <= Int(length),
            (kind == .messages) == (count > 0)
        else { throw .invalid(field: "count", value: UInt64(count)) }
        guard !isErased || kind == .messages else {
            throw .invalid(field: "magic", value: UInt64(Self.erasedMagic))
        }
        guard removalCount == 0 || mayRemove, removalCount <= Self.removalsMax else {
            throw .invalid(field: "removalCount", value: UInt64(removalCount))
        }
        guard baseSequence.rawValue >= 1, baseSequence.rawValue < UInt64.max / 2 else {
            throw .invalid(field: "baseSequence", value: baseSequence.rawValue)
        }
        guard firstSequence.rawValue >= 1, firstSequence <= nextSequence else {
            throw .invalid(field: "firstSequence", value: firstSequence.rawValue)
        }
        guard index.rawValue < UInt64.max / 2 else {
            throw .invalid(field: "index", value: index.rawValue)
        }
    }

    /// Whether removals can be here; a trim has nothing else then.
    private var mayRemove: Bool {
        kind == .messages || kind == .trim && bodiesOffset == Int(length)
    }

    /// Appends the 96 bytes, of a chunk of which no body is erased.
    public func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(Self.magic)
        bytes.appendInteger(checksum)
        bytes.appendInteger(previousChecksum)
        bytes.appendInteger(length)
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(index.rawValue)
        bytes.appendInteger(term.rawValue)
        bytes.appendInteger(baseSequence.rawValue)
        bytes.appendInteger(baseTime.rawValue)
        bytes.appendInteger(baseLamport)
        bytes.appendInteger(firstSequence.rawValue)
        bytes.appendInteger(liveBytes)
        bytes.appendInteger(UInt16(truncatingIfNeeded: count))
        bytes.appendInteger(removalCount)
        bytes.appendInteger(kind.rawValue)
        let timesFlag = hasTimesToLive ? Self.hasTimesToLiveFlag : 0
        let erasingFlag = isErasing ? Self.erasingFlag : 0
        bytes.appendInteger((hasIDs ? Self.hasIDsFlag : 0) | timesFlag | erasingFlag)
        bytes.appendInteger(liveMessages)
    }
}
