public import WiberBase

/// Writes frames; fields stand in the order in which they are declared, little-endian, strings and
/// blobs after their 32-bit length.
public enum FrameWriter {
    /// Appends a frame, in the version that the lane has.
    public static func write(
        _ frame: Frame,
        sequence: UInt32,
        version: UInt8 = WireVersions.supported.highest,
        into bytes: inout [UInt8]
    ) {
        let start = begin(kind(of: frame), sequence, version, &bytes)
        body(of: frame, into: &bytes)
        end(start, &bytes)
    }

    /// Appends an answer that says no, for a node of version 4, which knows nothing of ranges.
    public static func writeForVersion4(_ refusal: HelloReply, into bytes: inout [UInt8]) {
        let start = begin(.helloReply, 0, 4, &bytes)
        refusal.encodeForVersion4(into: &bytes)
        end(start, &bytes)
    }

    /// Appends a group's message with the chunks that belong to it, without joining them first.
    public static func writeRaft(
        group: GroupID,
        message: [UInt8],
        chunks: [Chunk],
        sequence: UInt32,
        version: UInt8 = WireVersions.supported.highest,
        into bytes: inout [UInt8]
    ) {
        let start = begin(.raft, sequence, version, &bytes)
        bytes.appendInteger(group.rawValue)
        bytes += message
        for chunk in chunks { bytes += chunk.bytes }
        end(start, &bytes)
    }

    private static func begin(
        _ kind: FrameKind,
        _ sequence: UInt32,
        _ version: UInt8,
        _ bytes: inout [UInt8]
    ) -> Int {
        let start = bytes.count
        bytes.appendInteger(UInt32(0))
        bytes.append(kind.rawValue)
        bytes.append(kind.isGreeting && version > 4 ? WireVersions.greeting : version)
        bytes.appendInteger(UInt16(0))
        bytes.appendInteger(sequence)
        bytes.appendInteger(UInt32(0))
        bytes.appendInteger(UInt32(0))
        return start
    }

    private static func end(_ start: Int, _ bytes: inout [UInt8]) {
        let length = bytes.count - start - FrameHeader.size
        invariant(length <= FrameHeader.lengthMax, "a frame of \(length) bytes")
        bytes.setInteger(UInt32(length), at: start)
        let end = start + FrameHeader.checksumOffset
        bytes.setInteger(
            checksum(bytes, from: start + FrameHeader.size),
            at: start + FrameHeader.bodyChecksumOffset
        )
        bytes.setInteger(checksum(bytes, from: start, to: end), at: end)
    }

    private static func checksum(_ bytes: [UInt8], from start: Int, to end: Int? = nil) -> UInt32 {
        bytes.withUnsafeBytes { raw in
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[start..<(end ?? raw.count)]))
        }
    }

    private static func kind(of frame: Frame) -> FrameKind {
        switch frame {
        case .hello: .hello
        case .helloReply: .helloReply
        case .goodbye: .goodbye
        case .beat: .beat
        case .raft: .raft
        case .forwardPublish: .forwardPublish
        case .forwardReply: .forwardReply
        case .readIndexRequest: .readIndexRequest
        case .readIndexReply: .readIndexReply
        case .createTopic: .createTopic
        case .createTopicReply: .createTopicReply
        case .topicReport: .topicReport
        case .repairRequest: .repairRequest
        case .repairReply: .repairReply
        case .lostEntriesRequest: .lostEntriesRequest
        case .interest: .interest
        case .routed: .routed
        case .installSnapshot: .installSnapshot
        case .transferLeadership: .transferLeadership
        case .commandRequest: .commandRequest
        case .commandReply: .commandReply
        case .topicUse: .topicUse
        case .catchUpOffer: .catchUpOffer
        }
    }

    private static func body(of frame: Frame, into bytes: inout [UInt8]) {
        switch frame {
        case .hello(let hello): hello.encode(into: &bytes)
        case .helloReply(let reply): reply.encode(into: &bytes)
        case .goodbye: break
        case .beat(let beat): write(beat, &bytes)
        case .raft(let group, let message):
            bytes.appendInteger(group.rawValue)
            bytes += message
        case .forwardPublish(let forward):
            bytes.appendInteger(forward.request)
            bytes.appendInteger(forward.group.rawValue)
            bytes.appendInteger(forward.term.rawValue)
            bytes.appendInteger(forward.count)
            bytes.appendBlob(forward.bodies)
        case .forwardReply(let reply): write(reply, &bytes)
        case .readIndexRequest(let request):
            bytes.appendInteger(request.request)
            bytes.appendInteger(request.group.rawValue)
        case .readIndexReply(let reply):
            bytes.appendInteger(reply.request)
            bytes.appendInteger(reply.group.rawValue)
            bytes.append(reply.index == nil ? 0 : 1)
            bytes.appendInteger(reply.index?.rawValue ?? 0)
        case .createTopic(let request):
            bytes.appendInteger(request.request)
            bytes.appendBlob(request.topic)
        case .createTopicReply(let reply):
            bytes.appendInteger(reply.request)
            bytes.appendString(reply.text)
        case .topicReport(let report): report.encode(into: &bytes)
        case .repairRequest(let request): request.encode(into: &bytes)
        case .repairReply(let reply): reply.encode(into: &bytes)
        case .lostEntriesRequest(let request): request.encode(into: &bytes)
        case .installSnapshot(let snapshot): snapshot.encode(into: &bytes)
        case .transferLeadership(let request):
            bytes.appendInteger(request.group.rawValue)
            bytes.appendInteger(request.node.rawValue)
        case .commandRequest(let request): request.encode(into: &bytes)
        case .commandReply(let reply): reply.encode(into: &bytes)
        case .topicUse(let group): bytes.appendInteger(group.rawValue)
        case .catchUpOffer(let offer): offer.encode(into: &bytes)
        case .interest(let changes):
            bytes.appendInteger(UInt32(changes.count))
            for change in changes { change.encode(into: &bytes) }
        case .routed(let messages): bytes.appendBlob(messages)
        }
    }

    private static func write(_ beat: Beat, _ bytes: inout [UInt8]) {
        bytes.appendInteger(beat.incarnation)
        bytes.appendInteger(beat.sentAt)
        bytes.appendInteger(beat.wall.rawValue)
        bytes.append(beat.isDiskStalled ? 1 : 0)
        bytes.append(beat.formation.rawValue)
        bytes.appendInteger(beat.level.rawValue)
        bytes.appendInteger(beat.echo)
        bytes.appendInteger(beat.echoAge)
    }

    private static func write(_ reply: ForwardReply, _ bytes: inout [UInt8]) {
        bytes.appendInteger(reply.request)
        bytes.append(reply.status.rawValue)
        bytes.appendString(reply.text)
        bytes.appendInteger(UInt32(reply.runs.count))
        for run in reply.runs {
            bytes.appendInteger(run.first.rawValue)
            bytes.appendInteger(run.count)
            bytes.append(run.outcome.rawValue)
        }
    }
}
