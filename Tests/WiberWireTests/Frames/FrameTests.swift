import Testing
import WiberBase

@testable import WiberWire

@Suite("Frames between nodes")
struct FrameTests {
    @Test func `every frame comes back as it was sent`() {
        let lane = Lane.receiving(FrameSamples.bytes())
        #expect(lane.frames == FrameSamples.all)
        #expect(lane.damage == nil)
        #expect(lane.pendingByteCount == 0)
    }

    @Test func `so it does one byte at a time`() {
        var lane = Lane()
        for byte in FrameSamples.bytes() { lane.receive([byte]) }
        #expect(lane.frames == FrameSamples.all)
        #expect(lane.pendingByteCount == 0)
    }

    @Test func `so it does in two parts, wherever they part`() {
        let bytes = FrameSamples.bytes()
        for cut in bytes.indices {
            var lane = Lane.receiving(bytes[..<cut])
            lane.receive(bytes[cut...])
            #expect(lane.frames == FrameSamples.all, "cut at \(cut)")
        }
    }

    @Test func `every prefix has the frames that are whole, and waits`() {
        let bytes = FrameSamples.bytes()
        var ends: [Int] = []
        for count in 1...FrameSamples.all.count {
            ends.append(FrameSamples.bytes(Array(FrameSamples.all[..<count])).count)
        }
        for count in bytes.indices {
            let lane = Lane.receiving(bytes[..<count])
            let whole = ends.prefix { $0 <= count }
            #expect(lane.frames == Array(FrameSamples.all[..<whole.count]), "\(count) bytes")
            #expect(lane.damage == nil)
            #expect(lane.pendingByteCount == count - (whole.last ?? 0))
        }
    }

    @Test(arguments: FrameSamples.all.indices)
    func `a frame with any bit flipped is refused`(place: Int) {
        let sample = FrameSamples.bytes([FrameSamples.all[place]])
        for bit in 0..<sample.count * 8 {
            var bytes = sample
            bytes[bit / 8] ^= 1 << (bit % 8)
            let lane = Lane.receiving(bytes)
            #expect(lane.frames == [], "bit \(bit)")
            #expect(lane.damage != nil, "bit \(bit)")
        }
    }

    @Test func `a header with any bit flipped is refused before its body comes`() {
        let sample = FrameSamples.bytes([.raft(GroupID(1), [1, 2, 3])])[..<FrameHeader.size]
        #expect(Lane.receiving(sample).damage == nil)
        for bit in 0..<FrameHeader.size * 8 {
            var bytes = sample
            bytes[bit / 8] ^= 1 << (bit % 8)
            let lane = Lane.receiving(bytes)
            #expect(lane.damage == .checksumMismatch(field: "frame header"), "bit \(bit)")
        }
    }

    @Test(arguments: FrameSamples.all.indices)
    func `a body of any other length is refused, though its checksum is right`(place: Int) {
        let sample = FrameSamples.bytes([FrameSamples.all[place]])
        let body = Array(sample[FrameHeader.size...])
        let isOpen = sample[4] == FrameKind.raft.rawValue
        for count in 0..<body.count where !isOpen || count < 8 {
            let lane = Lane.receiving(sealed(kind: sample[4], Array(body[..<count])))
            #expect(lane.frames == [], "\(count) of \(body.count) bytes")
            #expect(lane.damage != nil)
        }
        let lane = Lane.receiving(sealed(kind: sample[4], body + [0]))
        let isGreeting = FrameKind(rawValue: sample[4])?.isGreeting ?? false
        #expect(lane.frames.isEmpty || isOpen || isGreeting)
        if isGreeting { #expect(lane.frames == [FrameSamples.all[place]], "a later one says more") }
    }

    @Test(arguments: FrameSamples.all.indices)
    func `a body with any bit flipped never traps, though its checksum is right`(place: Int) {
        let sample = FrameSamples.bytes([FrameSamples.all[place]])
        let body = Array(sample[FrameHeader.size...])
        for bit in 0..<body.count * 8 {
            var bytes = body
            bytes[bit / 8] ^= 1 << (bit % 8)
            let lane = Lane.receiving(sealed(kind: sample[4], bytes))
            #expect(lane.frames.count == (lane.damage == nil ? 1 : 0), "bit \(bit)")
        }
    }

    @Test func `a lane has the version that both sides agreed on, and greetings have theirs`() {
        var bytes: [UInt8] = []
        let greeting = FrameSamples.all[0]
        FrameWriter.write(greeting, sequence: 0, version: 6, into: &bytes)
        FrameWriter.write(.goodbye, sequence: 1, version: 6, into: &bytes)
        #expect(bytes[5] == WireVersions.greeting)
        var lane = Lane.receiving(bytes)
        #expect(lane.frames == [greeting])
        #expect(lane.foreignVersion == 6)
        lane = Lane(version: 6)
        lane.receive(bytes)
        #expect(lane.frames == [greeting, .goodbye])
        #expect(lane.foreignVersion == nil)
    }

    @Test func `a refusal of a later version is one, and one for version 4 is as that has it`()
        throws
    {
        var reply = HelloReply(
            refusal: .version,
            text: "no",
            cluster: UniqueID(high: 1, low: 2),
            node: "n1",
            store: UniqueID(high: 3, low: 4),
            incarnation: 5
        )
        var bytes: [UInt8] = []
        FrameWriter.writeForVersion4(reply, into: &bytes)
        #expect(bytes[5] == 4)
        // Code, text, cluster, node, store, incarnation, nodes: nothing more.
        #expect(bytes.count == FrameHeader.size + 1 + 6 + 16 + 6 + 16 + 8 + 4)
        var body = Array(FrameSamples.bytes([.helloReply(reply)])[FrameHeader.size...])
        #expect(body[0] == HelloRefusal.version.rawValue)
        body[0] = 77
        reply.refusal = .unknown
        #expect(Lane.receiving(sealed(kind: 2, body)).frames == [.helloReply(reply)])
    }

    @Test func `frames before the damage count, none after it does`() {
        let sample = FrameSamples.bytes([.goodbye])
        let damaged = sealed(kind: 200, [])
        var lane = Lane.receiving(sample + damaged + sample)
        #expect(lane.frames == [.goodbye])
        #expect(lane.damage == .invalid(field: "kind", value: 200))
        let isSound = lane.receive(sample)
        #expect(!isSound)
        #expect(lane.frames == [.goodbye])
        #expect(lane.pendingByteCount == 0)
    }

    @Test func `what is wrong has a name`() {
        func damage(length: Int = 0, version: UInt8 = 5) -> CodecError? {
            let header = header(length: length, kind: 3, version: version, bodyChecksum: 0)
            return Lane.receiving(header).damage
        }
        #expect(damage(length: 1 << 24) == .invalid(field: "length", value: 1 << 24))
        #expect(damage(version: 9) == .invalid(field: "version", value: 9))
        var sample = FrameSamples.bytes([.createTopic(CreateTopic(request: 1, topic: []))])
        sample[FrameHeader.size] ^= 1
        #expect(Lane.receiving(sample).damage == .checksumMismatch(field: "frame"))
        sample[6] ^= 1
        #expect(Lane.receiving(sample).damage == .checksumMismatch(field: "frame header"))
    }

    @Test func `the largest frame is read, in pieces too, and a larger one refused at its header`()
    {
        let frame = Frame.raft(GroupID(1), [UInt8](repeating: 7, count: FrameHeader.lengthMax - 8))
        let bytes = FrameSamples.bytes([frame])
        var lane = Lane()
        for start in stride(from: 0, to: bytes.count, by: 60_000) {
            lane.receive(bytes[start..<min(bytes.count, start + 60_000)])
        }
        #expect(lane.frames == [frame])
        let larger = header(length: FrameHeader.lengthMax + 1, kind: 5, bodyChecksum: 0)
        #expect(
            Lane.receiving(larger).damage
                == .invalid(field: "length", value: UInt64(FrameHeader.lengthMax) + 1)
        )
    }

    @Test func `a report has at most as many replicas as its limit`() {
        let most = Frame.topicReport(FrameSamples.report(replicas: TopicReport.replicasMax))
        #expect(Lane.receiving(FrameSamples.bytes([most])).frames == [most])
        let more = Frame.topicReport(FrameSamples.report(replicas: TopicReport.replicasMax + 1))
        #expect(
            Lane.receiving(FrameSamples.bytes([more])).damage
                == .invalid(field: "replicas", value: UInt64(TopicReport.replicasMax) + 1)
        )
    }

    @Test func `chunks beside a message are the message's end`() throws {
        var builder = ChunkBuilder()
        Array("hello".utf8).withUnsafeBytes { bytes in
            _ = builder.append(MessageBody(payload: bytes), time: Timestamp(5))
        }
        let chunk = builder.seal(ChunkHeader())
        var bytes: [UInt8] = []
        FrameWriter.writeRaft(
            group: GroupID(9),
            message: [1, 2, 3],
            chunks: [chunk, chunk],
            sequence: 1,
            into: &bytes
        )
        let expected = [1, 2, 3] + chunk.bytes + chunk.bytes
        #expect(Lane.receiving(bytes).frames == [.raft(GroupID(9), expected)])
    }
}

/// A frame whose header is right, whatever its body is.
func sealed(kind: UInt8, _ body: [UInt8]) -> [UInt8] {
    header(length: body.count, kind: kind, bodyChecksum: CRC32C.checksum(body)) + body
}

/// A header whose own checksum is right.
func header(
    length: Int,
    kind: UInt8,
    version: UInt8 = WireVersions.supported.highest,
    bodyChecksum: UInt32
) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendInteger(UInt32(length))
    bytes += [kind, version, 0, 0, 1, 0, 0, 0]
    bytes.appendInteger(bodyChecksum)
    bytes.appendInteger(CRC32C.checksum(bytes))
    return bytes
}
