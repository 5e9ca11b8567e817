import Testing
import WiberBase

@Suite("A chunk")
struct ChunkTests {
    static let messages = chunk(["hello", "", "world"], id: "id")
    static let control: Chunk = {
        var header = ChunkHeader()
        header.kind = .meta
        header.index = LogIndex(4)
        header.term = Term(2)
        header.baseTime = Timestamp(99)
        return Chunk.control(header, bytes: [1, 2, 3, 4, 5])
    }()
    static let empty = Chunk.control(ChunkHeader())

    static let removing = chunk(["a", "b"], id: nil, removals: removals)
    static let trim: Chunk = {
        var header = ChunkHeader()
        header.kind = .trim
        header.baseSequence = Sequence(90)
        header.removalCount = UInt16(removals.count)
        var bytes: [UInt8] = []
        for removal in removals { removal.encode(into: &bytes) }
        return Chunk.control(header, bytes: bytes)
    }()
    static let removals = [
        Removal(first: Sequence(3), count: 2), Removal(first: Sequence(11), count: 1),
    ]

    static let erasing: Chunk = {
        var header = ChunkHeader()
        header.kind = .trim
        header.baseSequence = Sequence(90)
        header.removalCount = 1
        header.isErasing = true
        var bytes: [UInt8] = []
        erasure.encode(into: &bytes)
        return Chunk.control(header, bytes: bytes)
    }()
    static let erasure = Removal(first: Sequence(3), count: 2, isErasing: true)

    static func chunk(_ texts: [String], id: String?, removals: [Removal] = []) -> Chunk {
        var builder = ChunkBuilder()
        for (place, text) in texts.enumerated() {
            var (text, name) = (text, id ?? "")
            text.withUTF8 { payload in
                name.withUTF8 { id in
                    var body = MessageBody(payload: UnsafeRawBufferPointer(payload))
                    if place == 1, !id.isEmpty { body.id = UnsafeRawBufferPointer(id) }
                    builder.append(body, time: Timestamp(1_000 + UInt64(place) * 5))
                }
            }
        }
        var header = ChunkHeader()
        header.previousChecksum = 0x0102_0304
        header.group = GroupID(7)
        header.index = LogIndex(8)
        header.term = Term(9)
        header.baseSequence = Sequence(10)
        header.baseLamport = 11
        header.firstSequence = Sequence(2)
        header.liveBytes = 1_234
        header.liveMessages = 11
        return builder.seal(header, removals: removals)
    }

    @Test(arguments: [messages, control, empty, removing, trim, erasing])
    func `what was sealed is read`(chunk: Chunk) throws {
        try chunk.bytes.withUnsafeBytes { raw in
            let read = try Chunk.decode(raw)
            #expect(read.header == chunk.header)
            #expect(read.bytes == chunk.bytes)
        }
    }

    @Test(arguments: [messages, control, empty, removing, trim, erasing])
    func `a chunk is found at its place among others`(chunk: Chunk) throws {
        let bytes = [1, 2, 3] + chunk.bytes + [4, 5, 6]
        let read = try bytes.withUnsafeBytes { try Chunk.decode($0, at: 3) }
        #expect(read.bytes == chunk.bytes)
    }

    @Test(arguments: [messages, control, empty, removing, trim, erasing])
    func `every prefix is refused`(chunk: Chunk) {
        for count in 0..<chunk.bytes.count {
            #expect(!isValid(Array(chunk.bytes.prefix(count))), "\(count) bytes")
        }
    }

    @Test(arguments: [messages, control, empty, removing, trim, erasing])
    func `every flipped bit is found, whatever comes behind`(chunk: Chunk) {
        for tail in [[], [UInt8](repeating: 0, count: 500), chunk.bytes] {
            for bit in 0..<chunk.bytes.count * 8 {
                var bytes = chunk.bytes + tail
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(!isValid(bytes), "bit \(bit)")
            }
        }
    }

    @Test func `removals are read as they were given`() {
        #expect(Self.removing.removals == Self.removals)
        #expect(Self.trim.removals == Self.removals)
        #expect(Self.messages.removals == [] && Self.control.removals == [])
    }

    @Test func `what is to be erased is told apart, and only where the header says so`() {
        #expect(Self.erasing.removals == [Self.erasure])
        var header = Self.erasing.header
        header.isErasing = false
        var bytes: [UInt8] = []
        Self.erasure.encode(into: &bytes)
        #expect(!isValid(Chunk.control(header, bytes: bytes).bytes))
        header.isErasing = true
        #expect(isValid(Chunk.control(header, bytes: bytes).bytes))
    }

    @Test(arguments: [
        Removal(first: .zero, count: 1), Removal(first: Sequence(.max), count: 1),
        Removal(first: Sequence(1), count: 0), Removal(first: Sequence(12), count: 1),
        Removal(first: Sequence(1), count: .max), Removal(first: Sequence(11), count: 2),
    ])
    func `what is not there cannot be removed`(removal: Removal) {
        #expect(!isValid(Self.chunk(["a", "b"], id: nil, removals: [removal]).bytes))
    }

    @Test(arguments: [messages, removing])
    func `its name covers header and table, not the bodies`(chunk: Chunk) {
        for bit in 0..<chunk.bytes.count * 8 {
            var bytes = chunk.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let isNamed = bytes.withUnsafeBytes { (try? Chunk.verifyIdentity($0)) != nil }
            #expect(isNamed == (bit / 8 >= chunk.header.bodiesOffset), "bit \(bit)")
        }
    }

    @Test func `offsets beyond the bytes are refused`() {
        Self.messages.bytes.withUnsafeBytes { raw in
            for offset in [1, raw.count, raw.count + 1, Int.max] {
                _ = #expect(throws: CodecError.self) { try Chunk.verify(raw, at: offset) }
            }
        }
    }

    @Test func `messages come in order with sequence, time and Lamport time`() {
        var seen: [String] = []
        Self.messages.forEachMessage { message in
            let text = String(decoding: message.body.payload, as: UTF8.self)
            let id = message.body.id.map { String(decoding: $0, as: UTF8.self) } ?? "-"
            seen.append("\(message.sequence) \(message.time) \(message.lamport) \(text) \(id)")
            return true
        }
        #expect(seen == ["10 1000 11 hello -", "11 1005 12  id", "12 1010 13 world -"])
        #expect(Self.messages.header.nextSequence == Sequence(13))
        #expect(Self.messages.header.hasIDs)
        #expect(!Self.chunk(["a"], id: nil).header.hasIDs)
    }

    @Test func `a visit ends when it is told to`() {
        var count = 0
        Self.messages.forEachMessage { _ in
            count += 1
            return count < 2
        }
        #expect(count == 2)
        Self.control.forEachMessage { _ in
            Issue.record("a message in a control chunk")
            return true
        }
    }

    @Test func `a visit of bytes that were not verified never traps`() {
        var random = RandomSource(seed: 5)
        for _ in 0..<2_000 {
            var bytes = Self.messages.bytes
            for _ in 0..<3 {
                let place = Int.random(in: ChunkHeader.size..<bytes.count, using: &random)
                bytes[place] = UInt8(truncatingIfNeeded: random.next())
            }
            bytes.removeLast(Int.random(in: 0..<40, using: &random))
            bytes.withUnsafeBytes { raw in
                Chunk.forEachMessage(in: raw, Self.messages.header) { $0.length >= 0 }
            }
        }
    }

    private func isValid(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { (try? Chunk.verify($0)) != nil }
    }
}
