import Testing
import WiberBase

@Suite("Building a chunk")
struct ChunkBuilderTests {
    private func append(_ count: Int, to builder: inout ChunkBuilder, time: UInt64 = 1) -> Int {
        [UInt8](repeating: 0x61, count: count).withUnsafeBytes { payload in
            builder.append(MessageBody(payload: payload), time: Timestamp(time))
        }
    }

    @Test func `it starts over when it is sealed`() {
        var builder = ChunkBuilder()
        #expect(append(3, to: &builder) == 4)
        #expect(builder.byteCount == 4 && builder.count == 1)
        let first = builder.seal(ChunkHeader())
        #expect(builder.isEmpty && builder.byteCount == 0 && !builder.hasIDs)
        _ = append(5, to: &builder, time: 9)
        let second = builder.seal(ChunkHeader())
        #expect(first.header.baseTime == Timestamp(1))
        #expect(second.header.baseTime == Timestamp(9))
        #expect(second.header.count == 1)
    }

    @Test func `a body that is encoded already gives the same chunk`() {
        var (one, two) = (ChunkBuilder(), ChunkBuilder())
        [UInt8]("hello".utf8).withUnsafeBytes { payload in
            var body = MessageBody(payload: payload)
            body.id = payload
            one.append(body, time: Timestamp(3))
            var bytes: [UInt8] = []
            body.encode(into: &bytes)
            bytes.withUnsafeBytes {
                two.append(encoded: $0, hasID: true, hasTimeToLive: false, time: Timestamp(3))
            }
        }
        #expect(one.seal(ChunkHeader()).bytes == two.seal(ChunkHeader()).bytes)
    }

    @Test func `it is full by count, by bytes and by time`() {
        var builder = ChunkBuilder()
        #expect(builder.fits(length: ChunkHeader.lengthMax, time: Timestamp(.max)))
        for _ in 0..<ChunkHeader.countMax { _ = append(0, to: &builder) }
        #expect(!builder.fits(length: 1, time: Timestamp(1)))

        builder = ChunkBuilder()
        _ = append(ChunkHeader.bodiesTarget - 11, to: &builder)
        #expect(builder.fits(length: 10, time: Timestamp(1)))
        #expect(!builder.fits(length: 11, time: Timestamp(1)))

        builder = ChunkBuilder()
        _ = append(1, to: &builder, time: 5)
        #expect(builder.fits(length: 1, time: Timestamp(5 + UInt64(UInt32.max))))
        #expect(!builder.fits(length: 1, time: Timestamp(6 + UInt64(UInt32.max))))
    }

    @Test func `a full chunk is within its limit`() {
        var builder = ChunkBuilder()
        let length = ChunkHeader.bodiesTarget / ChunkHeader.countMax
        while builder.fits(length: length, time: Timestamp(1)) {
            _ = append(length - 1, to: &builder)
        }
        #expect(builder.count == ChunkHeader.countMax)
        let chunk = builder.seal(ChunkHeader())
        #expect(chunk.bytes.count <= ChunkHeader.lengthMax)
        chunk.bytes.withUnsafeBytes { raw in
            #expect(throws: Never.self) { _ = try Chunk.verify(raw) }
        }
    }

    @Test func `time that goes back ends the process`() async {
        await #expect(processExitsWith: .failure) {
            var builder = ChunkBuilder()
            let nothing = MessageBody(payload: UnsafeRawBufferPointer(start: nil, count: 0))
            builder.append(nothing, time: Timestamp(2))
            builder.append(nothing, time: Timestamp(1))
        }
    }
}
