public import WiberBase
public import WiberTopic

/// Messages of a topic, in order; sequences between them that are not there are gone.
///
///     byte  size  field
///     0     8     after     the last message of the block before; 0 in a topic's first
///     8     4     count     of messages: 1 ... countMax
///     12    …     messages  sequence u64, time u64, length u32, body: see ``MessageBody``
public struct MessageBlock: Equatable, Sendable {
    /// The most messages of a block.
    public static let countMax = 1 << 16
    /// A block is closed once its payload has this many bytes.
    public static let target = 512 << 10
    static let rowSize = 20
    /// Sequences are below this.
    static let sequenceEnd = UInt64.max / 4

    /// The message before the first one; zero if it is the backup's first.
    public let after: Sequence
    /// The messages; never none.
    public let messages: [ImportedMessage]

    /// The last message.
    public var last: Sequence { messages.last?.sequence ?? after }

    /// The bytes of the messages' bodies.
    public var byteCount: UInt64 { messages.reduce(0) { $0 + UInt64($1.body.count) } }

    /// Reads a block's payload: order and bodies included.
    public init(_ block: Block) throws(BackupError) {
        guard block.kind == .messages else { throw .misplaced(block.kind) }
        do throws(CodecError) {
            (after, messages) = try Self.decode(block.payload)
        } catch {
            throw .damaged(error)
        }
    }

    private static func decode(
        _ payload: ArraySlice<UInt8>
    ) throws(CodecError) -> (Sequence, [ImportedMessage]) {
        try payload.read { (reader) throws(CodecError) in
            let after: Sequence = try reader.identifier()
            let count = try reader.integer(UInt32.self)
            guard count >= 1, count <= countMax, Int(count) * rowSize <= reader.remaining else {
                throw .invalid(field: "count", value: UInt64(count))
            }
            var messages: [ImportedMessage] = []
            messages.reserveCapacity(Int(count))
            var last = (sequence: after, time: Timestamp.zero)
            for _ in 0..<count {
                let message = try message(&reader, in: payload)
                guard message.sequence > last.sequence, message.sequence.rawValue < sequenceEnd
                else { throw .invalid(field: "sequence", value: message.sequence.rawValue) }
                guard message.time > last.time, message.time.rawValue < UInt64.max / 2 else {
                    throw .invalid(field: "time", value: message.time.rawValue)
                }
                last = (message.sequence, message.time)
                messages.append(message)
            }
            guard reader.remaining == 0 else {
                throw .invalid(field: "length", value: UInt64(reader.remaining))
            }
            return (after, messages)
        }
    }

    private static func message(
        _ reader: inout ByteReader,
        in payload: ArraySlice<UInt8>
    ) throws(CodecError) -> ImportedMessage {
        let sequence: Sequence = try reader.identifier()
        let time: Timestamp = try reader.identifier()
        let length = try reader.integer(UInt32.self)
        guard length <= TopicState.bodyLengthMax else {
            throw .invalid(field: "length", value: UInt64(length))
        }
        let start = payload.startIndex + reader.offset
        _ = try MessageBody.decode(try reader.slice(Int(length)))
        return ImportedMessage(
            sequence: sequence,
            time: time,
            body: payload[start..<start + Int(length)]
        )
    }
}

/// Collects the messages of a block.
public struct MessageBlockBuilder: Sendable {
    private var rows: [UInt8] = []
    private var after = Sequence.zero
    private var last = Sequence.zero
    /// The messages so far.
    public private(set) var count = 0

    /// Before the topic's first message.
    public init() {}

    /// Whether there is enough for a block.
    public var isFull: Bool {
        rows.count >= MessageBlock.target || count >= MessageBlock.countMax
    }

    /// Adds a message, which comes after the last one.
    ///
    /// - Returns: `false` if it does not fit beside those that are there.
    public mutating func append(
        _ sequence: Sequence,
        _ time: Timestamp,
        _ body: MessageBody
    ) -> Bool {
        let length = body.encodedLength
        let size = rows.count + MessageBlock.rowSize + length
        guard count < MessageBlock.countMax, size <= Block.lengthMax - 12 else { return false }
        rows.appendInteger(sequence.rawValue)
        rows.appendInteger(time.rawValue)
        rows.appendInteger(UInt32(length))
        body.encode(into: &rows)
        last = sequence
        count += 1
        return true
    }

    /// The payload of a block with the messages; starts over behind them.
    ///
    /// - Precondition: there are some.
    public mutating func finish() -> [UInt8] {
        invariant(count > 0, "a block without messages")
        var payload: [UInt8] = []
        payload.reserveCapacity(rows.count + 12)
        payload.appendInteger(after.rawValue)
        payload.appendInteger(UInt32(count))
        payload += rows
        rows = []
        count = 0
        after = last
        return payload
    }
}
