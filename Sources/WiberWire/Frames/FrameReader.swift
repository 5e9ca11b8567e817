public import WiberBase

/// Finds the frames in a lane's bytes, whatever pieces they come in.
///
/// Holds at most one frame that is not whole, ``FrameHeader/lengthMax`` bytes and its header.
public struct FrameReader: Sendable {
    private var rest: [UInt8] = []
    /// The version of all frames but greetings.
    public var version = WireVersions.supported.highest
    /// What is wrong with the lane; `nil` while it is sound.
    public private(set) var damage: CodecError?

    /// At the start of a lane.
    public init() {}

    /// The version of the frame at which the lane was given up, if that was the reason.
    public var foreignVersion: UInt8? {
        guard case .invalid("version", let value)? = damage else { return nil }
        return UInt8(clamping: value)
    }

    /// The bytes of a frame that is not whole yet.
    public var pendingByteCount: Int { rest.count }

    /// Appends the frames that `bytes` complete.
    ///
    /// - Returns: `false` once something is damaged, see ``damage``: nothing after it can be
    ///   trusted, so nothing more is ever read.
    public mutating func read(_ bytes: UnsafeRawBufferPointer, into frames: inout [Frame]) -> Bool {
        guard damage == nil else { return false }
        do {
            try append(bytes, into: &frames)
            return true
        } catch {
            damage = error
            rest = []
            return false
        }
    }

    private mutating func append(
        _ bytes: UnsafeRawBufferPointer,
        into frames: inout [Frame]
    ) throws(CodecError) {
        if rest.isEmpty {
            let used = try Self.parse(bytes, version, into: &frames)
            rest.append(contentsOf: bytes[used...])
            return
        }
        rest.append(contentsOf: bytes)
        let version = version
        let used = try rest.withUnsafeBufferPointer { bytes throws(CodecError) in
            try Self.parse(UnsafeRawBufferPointer(bytes), version, into: &frames)
        }
        if used == rest.count {
            rest.removeAll(keepingCapacity: rest.capacity <= 256 << 10)
        } else if used > 0 {
            rest.removeFirst(used)
        }
    }

    /// - Returns: how many bytes the frames took.
    private static func parse(
        _ bytes: UnsafeRawBufferPointer,
        _ version: UInt8,
        into frames: inout [Frame]
    ) throws(CodecError) -> Int {
        var offset = 0
        while bytes.count - offset >= FrameHeader.size {
            let start = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let header = try FrameHeader.decode(start, agreed: version)
            let length = FrameHeader.size + Int(header.length)
            guard start.count >= length else { break }
            let body = UnsafeRawBufferPointer(rebasing: start[FrameHeader.size..<length])
            guard CRC32C.checksum(body) == header.bodyChecksum else {
                throw .checksumMismatch(field: "frame")
            }
            frames.append(try decode(header.kind, body))
            offset += length
        }
        return offset
    }

    private static func decode(
        _ kind: FrameKind,
        _ body: UnsafeRawBufferPointer
    ) throws(CodecError) -> Frame {
        var reader = ByteReader(body)
        let frame = try decode(kind, &reader)
        // A later version may say more in its greeting.
        guard reader.remaining == 0 || kind.isGreeting else {
            throw .invalid(field: "length", value: UInt64(body.count))
        }
        return frame
    }

    private static func decode(
        _ kind: FrameKind,
        _ reader: inout ByteReader
    ) throws(CodecError) -> Frame {
        switch kind {
        case .hello: return .hello(try Hello.decode(&reader))
        case .helloReply: return .helloReply(try HelloReply.decode(&reader))
        case .goodbye: return .goodbye
        case .beat: return .beat(try beat(&reader))
        case .raft:
            let group: GroupID = try reader.identifier()
            return .raft(group, [UInt8](try reader.slice(reader.remaining)))
        case .forwardPublish:
            return .forwardPublish(
                ForwardPublish(
                    request: try reader.integer(),
                    group: try reader.identifier(),
                    term: try reader.identifier(),
                    count: try reader.integer(),
                    bodies: try reader.blob()
                )
            )
        case .forwardReply: return .forwardReply(try forwardReply(&reader))
        case .readIndexRequest:
            return .readIndexRequest(
                ReadIndexRequest(request: try reader.integer(), group: try reader.identifier())
            )
        case .readIndexReply: return .readIndexReply(try readIndexReply(&reader))
        case .createTopic:
            return .createTopic(
                CreateTopic(request: try reader.integer(), topic: try reader.blob(limit: 1 << 20))
            )
        case .topicReport: return .topicReport(try TopicReport.decode(&reader))
        case .repairRequest: return .repairRequest(try RepairRequest.decode(&reader))
        case .repairReply: return .repairReply(try RepairReply.decode(&reader))
        case .lostEntriesRequest:
            return .lostEntriesRequest(try LostEntriesRequest.decode(&reader))
        case .interest: return .interest(try InterestChange.decodeAll(&reader))
        case .installSnapshot: return .installSnapshot(try InstallSnapshot.decode(&reader))
        case .transferLeadership:
            return .transferLeadership(
                TransferLeadership(group: try reader.identifier(), node: try reader.identifier())
            )
        case .commandRequest: return .commandRequest(try CommandRequest.decode(&reader))
        case .commandReply: return .commandReply(try CommandReply.decode(&reader))
        case .topicUse: return .topicUse(try reader.identifier())
        case .catchUpOffer: return .catchUpOffer(try CatchUpOffer.decode(&reader))
        case .routed: return .routed(try reader.blob())
        case .createTopicReply:
            return .createTopicReply(
                CreateTopicReply(request: try reader.integer(), text: try reader.string())
            )
        }
    }

    private static func beat(_ reader: inout ByteReader) throws(CodecError) -> Beat {
        let incarnation = try reader.integer(UInt64.self)
        let sentAt = try reader.integer(UInt64.self)
        let wall: Timestamp = try reader.identifier()
        let isDiskStalled = try reader.integer(UInt8.self) != 0
        let code = try reader.integer(UInt8.self)
        guard let formation = Beat.Formation(rawValue: code) else {
            throw .invalid(field: "formation", value: UInt64(code))
        }
        return Beat(
            incarnation: incarnation,
            sentAt: sentAt,
            wall: wall,
            isDiskStalled: isDiskStalled,
            formation: formation,
            level: FeatureLevel(rawValue: try reader.integer()),
            echo: try reader.integer(),
            echoAge: try reader.integer()
        )
    }

    private static func forwardReply(
        _ reader: inout ByteReader
    ) throws(CodecError) -> ForwardReply {
        let request = try reader.integer(UInt64.self)
        let code = try reader.integer(UInt8.self)
        guard let status = ForwardStatus(rawValue: code) else {
            throw .invalid(field: "status", value: UInt64(code))
        }
        let text = try reader.string()
        let count = try reader.integer(UInt32.self)
        guard count <= ChunkHeader.countMax else {
            throw .invalid(field: "runs", value: UInt64(count))
        }
        var runs: [ForwardRun] = []
        for _ in 0..<count {
            let first: Sequence = try reader.identifier()
            guard first.rawValue < UInt64.max / 2 else {
                throw .invalid(field: "sequence", value: first.rawValue)
            }
            let count = try reader.integer(UInt32.self)
            let code = try reader.integer(UInt8.self)
            guard let outcome = PublishOutcome(rawValue: code) else {
                throw .invalid(field: "outcome", value: UInt64(code))
            }
            runs.append(ForwardRun(first: first, count: count, outcome: outcome))
        }
        return ForwardReply(request: request, status: status, text: text, runs: runs)
    }

    private static func readIndexReply(
        _ reader: inout ByteReader
    ) throws(CodecError) -> ReadIndexReply {
        let request = try reader.integer(UInt64.self)
        let group: GroupID = try reader.identifier()
        let isKnown = try reader.integer(UInt8.self) != 0
        let index: LogIndex = try reader.identifier()
        return ReadIndexReply(request: request, group: group, index: isKnown ? index : nil)
    }
}
