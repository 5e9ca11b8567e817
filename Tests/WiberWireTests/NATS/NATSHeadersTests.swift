import Testing
import WiberBase

@testable import WiberWire

@Suite("Headers, acknowledgements and routed messages")
struct NATSHeadersTests {
    private func value(_ headers: String) -> String? {
        Array(headers.utf8).withUnsafeBytes { bytes in
            NATSHeaders.value(of: "Nats-Msg-Id", in: bytes).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }

    @Test(
        arguments: [
            ("NATS/1.0\r\nNats-Msg-Id: a\r\n\r\n", "a"),
            ("NATS/1.0\r\nNats-Msg-Id:a b \r\n\r\n", "a b"),
            ("NATS/1.0\r\nX: 1\r\nNats-Msg-Id: \t1\nNats-Msg-Id: 2\r\n\r\n", "1"),
            ("NATS/1.0\r\nnats-msg-id: a\r\n\r\n", nil),
            ("NATS/1.0\r\nNats-Msg-Id2: a\r\n\r\n", nil),
            ("NATS/1.0\r\nNats-Msg-Id:\r\n\r\n", nil), ("NATS/1.0\r\nNats-Msg-Id", nil), ("", nil),
            ("Nats-Msg-Id: \n", nil),
        ] as [(String, String?)]
    )
    func `a header's value is found as it is spelled, without space around it`(
        headers: String,
        expected: String?
    ) {
        #expect(value(headers) == expected)
    }

    @Test func `acknowledgements have JetStream's form`() {
        var bytes: [UInt8] = []
        NATSWriter.acknowledgement("s", Sequence(7), isDuplicate: false, into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"stream\":\"s\",\"seq\":7}")
        bytes = []
        NATSWriter.refusal("s", .overloaded, "slow", into: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "{\"error\":{\"code\":429,\"err_code\":10167,\"description\":\"slow\"},"
                + "\"stream\":\"s\",\"seq\":0}"
        )
    }

    private static func routed(_ isFull: Bool) -> [UInt8] {
        let parts = ["a.b", "reply", "NATS/1.0\r\n\r\n", "payload"].map { Array($0.utf8) }
        var bytes: [UInt8] = []
        parts[0].withUnsafeBytes { subject in
            parts[1].withUnsafeBytes { reply in
                parts[2].withUnsafeBytes { headers in
                    parts[3].withUnsafeBytes { payload in
                        let message = NATSPublish(
                            subject: subject,
                            reply: isFull ? reply : nil,
                            headers: isFull ? headers : nil,
                            payload: payload
                        )
                        let queues: [[UInt8]] = isFull ? [[1], [2, 3]] : []
                        let routed = RoutedMessage(
                            message: message,
                            isPlain: !isFull,
                            queues: queues
                        )
                        routed.encode(into: &bytes)
                        #expect(bytes.count <= routed.encodedLength)
                    }
                }
            }
        }
        return bytes
    }

    @Test func `a routed message is read as it was written`() throws {
        let bytes = Self.routed(true) + Self.routed(false)
        try bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            let full = try RoutedMessage.decode(&reader)
            #expect(full.message.subject.elementsEqual("a.b".utf8))
            #expect(full.message.reply?.elementsEqual("reply".utf8) == true)
            #expect(full.message.headers?.count == 12)
            #expect(full.message.payload.elementsEqual("payload".utf8))
            #expect(!full.isPlain && full.queues == [[1], [2, 3]])
            let plain = try RoutedMessage.decode(&reader)
            #expect(plain.isPlain && plain.message.reply == nil && plain.message.headers == nil)
            #expect(reader.remaining == 0)
        }
    }

    @Test func `no prefix and no flipped bit of a routed message traps`() {
        let whole = Self.routed(true)
        for count in whole.indices {
            Array(whole[..<count]).withUnsafeBytes { bytes in
                var reader = ByteReader(bytes)
                #expect(throws: CodecError.self) {
                    let routed = try RoutedMessage.decode(&reader)
                    // A shorter payload has its own length.
                    #expect(routed.message.payload.count > whole.count)
                }
            }
        }
        for place in whole.indices {
            for bit in 0..<8 {
                var bytes = whole
                bytes[place] ^= 1 << bit
                bytes.withUnsafeBytes { bytes in
                    var reader = ByteReader(bytes)
                    _ = try? RoutedMessage.decode(&reader)
                }
            }
        }
    }
}
