/// One message's own bytes, borrowed from the chunk that holds them.
///
///     byte  size  field
///     0     1     flags        1 subject, 2 event time, 4 message id, 8 headers, 16 time to live
///     1     2+n   subject      length u16, bytes; absent: the topic's name
///     …     8     event time   nanoseconds since 1970
///     …     2+n   message id   length u16, bytes
///     …     4+n   headers      length u32, bytes
///     …     8     time to live nanoseconds of log time
///     …           payload      the rest
public struct MessageBody {
    /// The subject, or `nil` if it is the topic's name.
    public var subject: UnsafeRawBufferPointer?
    /// The producer's own time.
    public var eventTime: Timestamp?
    /// What identifies the message for deduplication.
    public var id: UnsafeRawBufferPointer?
    /// The header block, as the producer sent it.
    public var headers: UnsafeRawBufferPointer?
    /// How long the message stays, in nanoseconds of log time from its own on; `nil`: it has no such end.
    public var timeToLive: UInt64?
    /// What the message says.
    public var payload: UnsafeRawBufferPointer

    /// What a time to live takes, in bytes.
    public static let timeToLiveSize = 8

    /// A message that is only a payload.
    public init(payload: UnsafeRawBufferPointer) { self.payload = payload }

    /// Reads a body.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer
    ) throws(CodecError) -> MessageBody {
        var reader = ByteReader(bytes)
        let flags = try reader.integer(UInt8.self)
        guard flags < 32 else { throw .invalid(field: "flags", value: UInt64(flags)) }
        var body = MessageBody(payload: bytes)
        if flags & 1 != 0 { body.subject = try reader.slice(Int(try reader.integer(UInt16.self))) }
        if flags & 2 != 0 { body.eventTime = try reader.identifier() }
        if flags & 4 != 0 { body.id = try reader.slice(Int(try reader.integer(UInt16.self))) }
        if flags & 8 != 0 { body.headers = try reader.slice(Int(try reader.integer(UInt32.self))) }
        if flags & 16 != 0 { body.timeToLive = try reader.integer() }
        body.payload = try reader.slice(reader.remaining)
        return body
    }

    /// How many bytes ``encode(into:)`` appends.
    public var encodedLength: Int {
        1 + (subject.map { 2 + $0.count } ?? 0) + (eventTime == nil ? 0 : 8)
            + (id.map { 2 + $0.count } ?? 0) + (headers.map { 4 + $0.count } ?? 0)
            + (timeToLive == nil ? 0 : 8) + payload.count
    }

    /// Appends the body.
    ///
    /// - Precondition: subject and id are shorter than 64 KiB, which admission checks.
    public func encode(into bytes: inout [UInt8]) {
        let flags: UInt8 =
            (subject == nil ? 0 : 1) | (eventTime == nil ? 0 : 2) | (id == nil ? 0 : 4)
            | (headers == nil ? 0 : 8) | (timeToLive == nil ? 0 : 16)
        bytes.append(flags)
        if let subject {
            bytes.appendInteger(UInt16(subject.count))
            bytes.append(contentsOf: subject)
        }
        if let eventTime { bytes.appendInteger(eventTime.rawValue) }
        if let id {
            bytes.appendInteger(UInt16(id.count))
            bytes.append(contentsOf: id)
        }
        if let headers {
            bytes.appendInteger(UInt32(headers.count))
            bytes.append(contentsOf: headers)
        }
        if let timeToLive { bytes.appendInteger(timeToLive) }
        bytes.append(contentsOf: payload)
    }
}

/// A message in its place, borrowed from the chunk that holds it.
public struct Message {
    /// Its place in the topic.
    public var sequence: Sequence
    /// Its log time.
    public var time: Timestamp
    /// Its Lamport time.
    public var lamport: UInt64
    /// The size of its body, in bytes: what it counts in `liveBytes`.
    public var length: Int
    /// What the producer sent.
    public var body: MessageBody
}
