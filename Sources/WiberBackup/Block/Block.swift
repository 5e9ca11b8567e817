import WiberBase

/// What a block of a backup is about.
public enum BlockKind: UInt16, Sendable {
    /// A topic begins, see ``TopicBlock``.
    case topic = 1
    /// Some of its messages, see ``MessageBlock``.
    case messages = 2
    /// It is complete, see ``EndBlock``.
    case end = 3
    /// All topics of the backup, see ``ContentsBlock``.
    case contents = 4

    /// The longest payload, in bytes.
    var lengthMax: Int { self == .contents ? 32 << 20 : Block.lengthMax }
}

/// A piece of a backup: a topic is a `topic` block, `messages` blocks and an `end` block; a stream is
/// topics one after the other, then `contents`.
///
/// Integers are little-endian.
///
///     byte  size  field
///     0     4     magic     "WBK1"
///     4     4     checksum  CRC-32C of bytes 8 ..< the end
///     8     4     previous  the checksum of the topic's block before; 0 for its first, and for contents
///     12    4     length    of the payload, in bytes
///     16    2     kind      see ``BlockKind``
///     18    2     version   1
///     20    4     number    in the topic, from 0; 0 for contents
///     24    n     payload
///
/// Each block names the one before it, so that the end block's checksum stands for the whole topic.
public struct Block: Equatable, Sendable {
    /// The size of what stands before the payload, in bytes.
    public static let headerSize = 24
    /// The longest payload of a topic's block, in bytes.
    public static let lengthMax = 2 << 20
    static let magic: UInt32 = 0x314b_4257
    static let version: UInt16 = 1

    /// What it is about.
    public let kind: BlockKind
    /// Its place in the topic.
    public let number: UInt32
    /// Names the block before it.
    public let previous: UInt32
    /// Names it.
    public let checksum: UInt32
    /// What it says.
    public let payload: ArraySlice<UInt8>

    /// How long the block is that begins with these bytes; `nil` if there are too few to tell.
    ///
    /// - Throws: ``BackupError`` if no block begins so; a checksum is not looked at.
    public static func length(_ bytes: ArraySlice<UInt8>) throws(BackupError) -> Int? {
        guard bytes.count >= headerSize else { return nil }
        do throws(CodecError) {
            return headerSize + (try frame(bytes).length)
        } catch {
            throw .damaged(error)
        }
    }

    /// Reads and verifies a block, which is all of `bytes`.
    public static func decode(_ bytes: ArraySlice<UInt8>) throws(BackupError) -> Block {
        do throws(CodecError) {
            let frame = try frame(bytes)
            guard bytes.count == headerSize + frame.length else {
                throw .truncated(offset: bytes.count)
            }
            let covered = bytes.dropFirst(8).withUnsafeBytes { CRC32C.checksum($0) }
            guard covered == frame.checksum else { throw .checksumMismatch(field: "a block") }
            return Block(
                kind: frame.kind,
                number: frame.number,
                previous: frame.previous,
                checksum: frame.checksum,
                payload: bytes.dropFirst(headerSize)
            )
        } catch {
            throw .damaged(error)
        }
    }

    private struct Frame {
        var checksum: UInt32
        var previous: UInt32
        var length: Int
        var kind: BlockKind
        var number: UInt32
    }

    private static func frame(_ bytes: ArraySlice<UInt8>) throws(CodecError) -> Frame {
        try bytes.read { (reader) throws(CodecError) in
            let magic = try reader.integer(UInt32.self)
            guard magic == Self.magic else { throw .invalid(field: "magic", value: UInt64(magic)) }
            let checksum = try reader.integer(UInt32.self)
            let previous = try reader.integer(UInt32.self)
            let length = try reader.integer(UInt32.self)
            let number = try reader.integer(UInt16.self)
            let version = try reader.integer(UInt16.self)
            guard version == Self.version else {
                throw .invalid(field: "version", value: UInt64(version))
            }
            guard let kind = BlockKind(rawValue: number) else {
                throw .invalid(field: "kind", value: UInt64(number))
            }
            guard length <= kind.lengthMax else {
                throw .invalid(field: "length", value: UInt64(length))
            }
            return Frame(
                checksum: checksum,
                previous: previous,
                length: Int(length),
                kind: kind,
                number: try reader.integer()
            )
        }
    }
}

/// Makes the blocks of a topic, each of which names the one before.
public struct BlockWriter: Sendable {
    private var previous: UInt32 = 0
    private var number: UInt32 = 0

    /// Before the first block.
    public init() {}

    /// The next block.
    public mutating func block(_ kind: BlockKind, _ payload: [UInt8]) -> [UInt8] {
        let bytes = Self.encode(kind, payload, number: number, previous: previous)
        previous = bytes[4..<8].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        number &+= 1
        return bytes
    }

    static func encode(
        _ kind: BlockKind,
        _ payload: [UInt8],
        number: UInt32,
        previous: UInt32
    ) -> [UInt8] {
        invariant(payload.count <= kind.lengthMax, "a block of \(payload.count) bytes")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Block.headerSize + payload.count)
        bytes.appendInteger(Block.magic)
        bytes.appendInteger(UInt32(0))
        bytes.appendInteger(previous)
        bytes.appendInteger(UInt32(payload.count))
        bytes.appendInteger(kind.rawValue)
        bytes.appendInteger(Block.version)
        bytes.appendInteger(number)
        bytes += payload
        bytes.setInteger(CRC32C.checksum(bytes, in: 8..<bytes.count), at: 4)
        return bytes
    }
}

extension ArraySlice<UInt8> {
    /// Reads fields from the bytes.
    func read<Value>(
        _ body: (inout ByteReader) throws(CodecError) -> Value
    ) throws(CodecError) -> Value {
        var result: Result<Value, CodecError> = .failure(.truncated(offset: 0))
        withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            do throws(CodecError) {
                result = .success(try body(&reader))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }
}
