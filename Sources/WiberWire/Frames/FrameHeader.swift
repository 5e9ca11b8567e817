import WiberBase

/// What stands before every frame between nodes.
///
///     byte  size  field
///     0     4     length    of the body, in bytes: 0 ... lengthMax
///     4     1     kind      see ``FrameKind``
///     5     1     version   as both sides have agreed on; 5 for greetings, for ever
///     6     2     lane      the sender's shard
///     8     4     sequence  counts the frames of a lane
///     12    4     body      CRC-32C of the body
///     16    4     checksum  CRC-32C of bytes 0 ..< 16; checked before the length is used
struct FrameHeader {
    static let size = 20
    /// Where the body's checksum stands.
    static let bodyChecksumOffset = 12
    /// Where the header's own checksum stands, and what it covers ends.
    static let checksumOffset = 16
    /// The largest body, in bytes: an append of 2 MiB and one chunk more.
    static let lengthMax = 4 << 20

    var length: UInt32
    var kind: FrameKind
    var sequence: UInt32
    var bodyChecksum: UInt32

    /// Reads a header; `agreed` is the version that the lane has.
    static func decode(
        _ bytes: UnsafeRawBufferPointer,
        agreed: UInt8
    ) throws(CodecError) -> FrameHeader {
        var reader = ByteReader(bytes)
        let length = try reader.integer(UInt32.self)
        let number = try reader.integer(UInt8.self)
        let version = try reader.integer(UInt8.self)
        _ = try reader.integer(UInt16.self)
        let sequence = try reader.integer(UInt32.self)
        let bodyChecksum = try reader.integer(UInt32.self)
        let checksum = try reader.integer(UInt32.self)
        let covered = UnsafeRawBufferPointer(rebasing: bytes[..<checksumOffset])
        guard CRC32C.checksum(covered) == checksum else {
            throw .checksumMismatch(field: "frame header")
        }
        guard length <= lengthMax else { throw .invalid(field: "length", value: UInt64(length)) }
        let kind = FrameKind(rawValue: number)
        guard version == (kind?.isGreeting == true ? WireVersions.greeting : agreed) else {
            throw .invalid(field: "version", value: UInt64(version))
        }
        guard let kind else { throw .invalid(field: "kind", value: UInt64(number)) }
        return FrameHeader(
            length: length,
            kind: kind,
            sequence: sequence,
            bodyChecksum: bodyChecksum
        )
    }
}

/// What a frame is; the numbers are the wire's.
enum FrameKind: UInt8 {
    case hello = 1
    case helloReply = 2
    case goodbye = 3
    case beat = 4
    case raft = 5
    case forwardPublish = 6
    case forwardReply = 7
    case readIndexRequest = 8
    case readIndexReply = 9
    case createTopic = 10
    case createTopicReply = 11
    case topicReport = 12
    case repairRequest = 13
    case repairReply = 14
    case lostEntriesRequest = 15
    case interest = 16
    case routed = 17
    case installSnapshot = 18
    case transferLeadership = 19
    case commandRequest = 20
    case commandReply = 21
    case topicUse = 22
    case catchUpOffer = 23

    /// Whether it comes before the two sides have agreed on a version.
    var isGreeting: Bool { self == .hello || self == .helloReply }
}
