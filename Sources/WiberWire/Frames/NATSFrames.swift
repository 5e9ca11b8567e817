public import WiberBase

/// A change of what a node's clients want; its parts are bytes as clients sent them.
public struct InterestChange: Sendable, Equatable {
    /// The most bytes of changes that one frame should hold.
    public static let frameBytes = 256 << 10

    /// Whether it is wanted from now on, or no more.
    public var isWanted: Bool
    /// The subject, perhaps with wildcards.
    public var subject: [UInt8]
    /// The queue group; `nil` for a plain subscription.
    public var queue: [UInt8]?

    /// A change.
    public init(isWanted: Bool, subject: [UInt8], queue: [UInt8]?) {
        self.isWanted = isWanted
        self.subject = subject
        self.queue = queue
    }

    /// About how many bytes it takes in a frame.
    public var encodedLength: Int { 9 + subject.count + (queue?.count ?? 0) }

    func encode(into bytes: inout [UInt8]) {
        bytes.append((isWanted ? 1 : 0) | (queue == nil ? 0 : 2))
        bytes.appendBlob(subject)
        if let queue { bytes.appendBlob(queue) }
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> InterestChange {
        let flags = try reader.integer(UInt8.self)
        guard flags < 4 else { throw .invalid(field: "flags", value: UInt64(flags)) }
        return InterestChange(
            isWanted: flags & 1 != 0,
            subject: try reader.blob(limit: NATSLimits.controlLineMax),
            queue: flags & 2 != 0 ? try reader.blob(limit: NATSLimits.controlLineMax) : nil
        )
    }

    static func decodeAll(_ reader: inout ByteReader) throws(CodecError) -> [InterestChange] {
        let count = try reader.integer(UInt32.self)
        var changes: [InterestChange] = []
        for _ in 0..<count { changes.append(try decode(&reader)) }
        return changes
    }
}

/// A message on its way to another node, whose clients want it.
///
///     byte  size  field
///     0     1     flags     1 plain, 2 reply, 4 headers
///     1     4+n   subject   length u32, bytes
///     …     4+n   reply
///     …     4+n   headers
///     …     4     queues    how many; each 4+n
///     …     4+n   payload
public struct RoutedMessage {
    /// The most queue groups of one message, and the most bytes of their names: more go in another.
    public static let queuesMax = 4_096
    /// See ``queuesMax``.
    public static let queueBytesMax = 1 << 20

    /// What a client published.
    public var message: NATSPublish
    /// Whether all plain subscriptions of the node get it.
    public var isPlain: Bool
    /// The queue groups of which a member on that node gets it.
    public var queues: [[UInt8]]

    /// A message and who gets it.
    public init(message: NATSPublish, isPlain: Bool, queues: [[UInt8]]) {
        self.message = message
        self.isPlain = isPlain
        self.queues = queues
    }

    /// About how many bytes it takes in a frame.
    public var encodedLength: Int {
        queues.reduce(32) { $0 + 4 + $1.count } + message.subject.count
            + (message.reply?.count ?? 0) + (message.headers?.count ?? 0) + message.payload.count
    }

    /// Appends the message to a frame's body.
    public func encode(into bytes: inout [UInt8]) {
        let flags: UInt8 =
            (isPlain ? 1 : 0) | (message.reply == nil ? 0 : 2) | (message.headers == nil ? 0 : 4)
        bytes.append(flags)
        Self.append(message.subject, &bytes)
        if let reply = message.reply { Self.append(reply, &bytes) }
        if let headers = message.headers { Self.append(headers, &bytes) }
        bytes.appendInteger(UInt32(queues.count))
        for queue in queues { bytes.appendBlob(queue) }
        Self.append(message.payload, &bytes)
    }

    private static func append(_ part: UnsafeRawBufferPointer, _ bytes: inout [UInt8]) {
        bytes.appendInteger(UInt32(part.count))
        bytes.append(contentsOf: part)
    }

    /// Reads the next message of a frame's body; its parts are borrowed from it.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> RoutedMessage {
        let flags = try reader.integer(UInt8.self)
        guard flags < 8 else { throw .invalid(field: "flags", value: UInt64(flags)) }
        let subject = try slice(&reader)
        let reply = flags & 2 != 0 ? try slice(&reader) : nil
        let headers = flags & 4 != 0 ? try slice(&reader) : nil
        let count = try reader.integer(UInt32.self)
        guard count <= queuesMax else {
            throw .invalid(field: "queues", value: UInt64(count))
        }
        var queues: [[UInt8]] = []
        for _ in 0..<count { queues.append(try reader.blob(limit: NATSLimits.controlLineMax)) }
        let message = NATSPublish(
            subject: subject,
            reply: reply,
            headers: headers,
            payload: try slice(&reader)
        )
        return RoutedMessage(message: message, isPlain: flags & 1 != 0, queues: queues)
    }

    private static func slice(
        _ reader: inout ByteReader
    ) throws(CodecError) -> UnsafeRawBufferPointer {
        try reader.slice(Int(try reader.integer(UInt32.self)))
    }
}
