import Testing
import WiberBase

@Suite("A message's body")
struct MessageBodyTests {
    private static let subject = Array("orders.eu".utf8)
    private static let id = Array("id-1".utf8)
    private static let headers = Array("NATS/1.0\r\n\r\n".utf8)
    private static let payload = Array("hello".utf8)

    /// Encodes a body with the fields that the flags name, as the format's table says.
    private func encoded(_ flags: UInt8, payload: [UInt8] = payload) -> [UInt8] {
        var bytes: [UInt8] = []
        Self.subject.withUnsafeBytes { subject in
            Self.id.withUnsafeBytes { id in
                Self.headers.withUnsafeBytes { headers in
                    payload.withUnsafeBytes { payload in
                        var body = MessageBody(payload: payload)
                        if flags & 1 != 0 { body.subject = subject }
                        if flags & 2 != 0 { body.eventTime = Timestamp(77) }
                        if flags & 4 != 0 { body.id = id }
                        if flags & 8 != 0 { body.headers = headers }
                        if flags & 16 != 0 { body.timeToLive = 88 }
                        body.encode(into: &bytes)
                        #expect(bytes.count == body.encodedLength)
                    }
                }
            }
        }
        return bytes
    }

    @Test(arguments: UInt8(0)..<32)
    func `every choice of fields comes back`(flags: UInt8) throws {
        let bytes = encoded(flags)
        #expect(bytes[0] == flags)
        try bytes.withUnsafeBytes { raw in
            let body = try MessageBody.decode(raw)
            #expect(body.subject.map(Array.init) == (flags & 1 == 0 ? nil : Self.subject))
            #expect(body.eventTime == (flags & 2 == 0 ? nil : Timestamp(77)))
            #expect(body.id.map(Array.init) == (flags & 4 == 0 ? nil : Self.id))
            #expect(body.headers.map(Array.init) == (flags & 8 == 0 ? nil : Self.headers))
            #expect(body.timeToLive == (flags & 16 == 0 ? nil : 88))
            #expect(Array(body.payload) == Self.payload)
        }
    }

    @Test(arguments: UInt8(0)..<32)
    func `every prefix that cuts a field is refused`(flags: UInt8) {
        let bytes = encoded(flags)
        for count in 0..<bytes.count {
            bytes.withUnsafeBytes { raw in
                let prefix = UnsafeRawBufferPointer(rebasing: raw[..<count])
                let isPayloadOnly = count >= bytes.count - Self.payload.count
                #expect(((try? MessageBody.decode(prefix)) != nil) == isPayloadOnly)
            }
        }
    }

    @Test(arguments: UInt8(32)...255)
    func `a flag of the future is refused`(flags: UInt8) {
        [flags, 0, 0, 0, 0].withUnsafeBytes { raw in
            _ = #expect(throws: CodecError.invalid(field: "flags", value: UInt64(flags))) {
                try MessageBody.decode(raw)
            }
        }
    }

    @Test func `an empty payload is one`() throws {
        let bytes = encoded(0, payload: [])
        #expect(bytes == [0])
        let isEmpty = try bytes.withUnsafeBytes { try MessageBody.decode($0).payload.isEmpty }
        #expect(isEmpty)
    }
}
