import Testing
import WiberBase

@testable import WiberWire

@Suite("Operations in a NATS client's bytes")
struct NATSScannerTests {
    /// What was found, as text.
    private static func operations(_ bytes: [UInt8]) -> [String] {
        var client = NATSBytes()
        client.receive(bytes[...])
        return client.found
    }

    private let session = Array(
        ("CONNECT {\"verbose\":false}\r\npub a.b 2\r\nhi\r\nPUB  a\tr 0\r\n\r\nHPUB h q 12 14\r\n"
            + "NATS/1.0\r\n\r\nok\r\nSUB x.* 1\nSUB x.> workers abc-1 \r\nUNSUB 1\r\nunsub abc-1 5\r\n"
            + "PINGS\r\nPONG\r\n+OK\r\nINFO {}\r\nPUB a 002\r\n\r\n\r\n").utf8
    )
    private let expected = [
        "connect {\"verbose\":false}", "publish a.b - - hi", "publish a r - ",
        "publish h q NATS/1.0\r\n\r\n ok", "subscribe x.* - 1", "subscribe x.> workers abc-1",
        "unsubscribe 1 0", "unsubscribe abc-1 5", "ping", "pong", "ignored", "ignored",
        "publish a - - \r\n",
    ]

    @Test func `a session's bytes at once are its operations`() {
        #expect(Self.operations(session) == expected)
    }

    @Test func `so are they one at a time, and in two parts wherever they part`() {
        var client = NATSBytes()
        for byte in session { client.receive([byte]) }
        #expect(client.found == expected)
        for cut in 0...session.count {
            var client = NATSBytes()
            client.receive(session[..<cut])
            client.receive(session[cut...])
            #expect(client.found == expected, "cut at \(cut)")
        }
    }

    @Test func `with any bit flipped they are the same at once and one at a time`() {
        for place in session.indices {
            for bit in 0..<8 {
                var bytes = session
                bytes[place] ^= 1 << bit
                var client = NATSBytes()
                for byte in bytes { client.receive([byte]) }
                #expect(client.found == Self.operations(bytes), "bit \(bit) of byte \(place)")
            }
        }
    }

    @Test(arguments: [
        ("\r\n", "failed: Unknown Protocol Operation"),
        ("FOO", "failed: Unknown Protocol Operation"),
        ("PX", "failed: Unknown Protocol Operation"),
        ("PUBLISH", "failed: Unknown Protocol Operation"),
        ("-ERR 'x'\r\n", "failed: "), ("PUB a\r\n", "failed: "), ("PUB a b c 1\r\n", "failed: "),
        ("PUB a x\r\n", "failed: "), ("PUB a -1\r\n", "failed: "), ("HPUB a 3 2\r\n", "failed: "),
        ("HPUB a 2\r\n", "failed: "), ("SUB a\r\n", "failed: "), ("SUB a b c d\r\n", "failed: "),
        ("UNSUB \r\n", "failed: "),
        ("SUB a\rb 1\r\n", "failed: "), ("PUB a\r 1\r\nx\r\n", "failed: "),
        ("HPUB a \r 0 1\r\nx\r\n", "failed: "), ("UNSUB 1\r\r\n", "failed: "),
        ("UNSUB\r\n", "failed: Unknown Protocol Operation"),
        ("PUB a 1\r\nxy", "failed: Unknown Protocol Operation"),
        ("PUB a 1\r\nx\rz", "failed: Unknown Protocol Operation"),
        ("PUB a 1048577\r\n", "failed: Maximum Payload Violation"),
        ("PUB a 9999999999\r\n", "failed: "),
    ])
    func `what cannot be ends the connection, in nats-server's words`(text: String, failure: String)
    {
        #expect(Self.operations(Array(text.utf8)) == [failure])
    }

    @Test(arguments: ["HPUB a 0 1\r\nx\r\n", "hpub a 0 1\r\n", "HPUB a\r\n"])
    func `headers from a client that takes none end the connection, before the payload comes`(
        text: String
    ) {
        var client = NATSBytes()
        client.takesHeaders = false
        client.receive(Array(text.utf8)[...])
        #expect(client.found == ["failed: "])
    }

    @Test func `CONNECT and INFO need no space before their JSON, and INFO an object`() {
        #expect(
            Self.operations(Array("CONNECT{}\r\ninfo{ }\nINFO \t{\"a\":[1]}\r\nCONNECT\r\n".utf8))
                == ["connect {}", "ignored", "ignored", "connect "]
        )
        for text in ["INFO\r\n", "INFO x\r\n", "INFO []\r\n", "INFO {}x\r\n"] {
            #expect(Self.operations(Array(text.utf8)) == ["failed: "])
        }
    }

    @Test func `a publish is the same however its line is written`() {
        var random = RandomSource(seed: 11)
        let alphabet = Array("ab. \r\n0123\u{1}>".utf8)
        let starts = ["PUB a 1", "PUB a r 2", "HPUB a 1 2", "HPUB a r 2 3", "PUB a\t2"]
        for _ in 0..<50_000 {
            var bytes = Array((starts.randomElement(using: &random) ?? "").utf8)
            bytes += Array("\r\nabcd\r\n".utf8)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let place = Int.random(in: 4..<bytes.count, using: &random)
                bytes[place] = alphabet.randomElement(using: &random) ?? 0
            }
            var lower = bytes
            lower[1] |= 0x20  // Only capital letters are read the quick way.
            #expect(Self.operations(bytes) == Self.operations(lower), "\(bytes)")
        }
    }

    @Test func `a control line has a limit, whether it ends or not`() {
        let most = String(repeating: "x", count: NATSLimits.controlLineMax)
        #expect(Self.operations(Array("CONNECT \(most)\r\n".utf8)) == ["connect \(most)"])
        let failure = ["failed: maximum control line exceeded"]
        #expect(Self.operations(Array("CONNECT \(most)y\r\n".utf8)) == failure)
        #expect(Self.operations(Array("CONNECT \(most)yy".utf8)) == failure)
        #expect(Self.operations(Array("PING\(most)yyyyyyyyyyyy".utf8)) == failure)
        let spaces = String(repeating: " ", count: NATSLimits.controlLineMax + 1)
        #expect(Self.operations(Array("SUB\(spaces)".utf8)) == failure)
    }

    @Test func `random bytes behind an operation never trap`() {
        var random = RandomSource(seed: 7)
        let alphabet = Array("PUBSHNCOGI \r\n\t019.>*{}\"+-".utf8)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0..<60, using: &random)
            let bytes = (0..<count).compactMap { _ in alphabet.randomElement(using: &random) }
            var client = NATSBytes()
            for byte in bytes { client.receive([byte]) }
            #expect(client.found == Self.operations(bytes))
        }
    }

    @Test(
        arguments: [
            ("CONNECT {", true), ("connect\t", true), ("CONNECT", nil), ("", nil), ("CON", nil),
            ("CONNECTED", false), ("CONNECT{", true), ("CONNECT\r\n", false), ("PUB a b", false),
            ("C0", false), ("\u{3}ONNECT ", false),
        ] as [(String, Bool?)]
    )
    func `the first word tells a NATS client from a person`(text: String, isNATS: Bool?) {
        #expect(Array(text.utf8).withUnsafeBytes(NATSScanner.isNATS) == isNATS)
    }
}

/// A client's bytes, in whatever pieces, and what is found in them.
private struct NATSBytes {
    private var rest: [UInt8] = []
    private(set) var found: [String] = []
    var takesHeaders = true
    private var isOver = false

    mutating func receive(_ bytes: ArraySlice<UInt8>) {
        rest += bytes
        while !isOver {
            let consumed = rest.withUnsafeBytes { bytes -> Int? in
                switch NATSScanner.next(in: bytes, takesHeaders: takesHeaders) {
                case .needMore: return nil
                case .operation(let operation, let consumed):
                    found.append(Self.describe(operation))
                    return consumed
                case .failed(let failure):
                    found.append("failed: \(failure.text ?? "")")
                    isOver = true
                    return nil
                }
            }
            guard let consumed else { return }
            rest.removeFirst(consumed)
        }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer?) -> String {
        bytes.map { String(decoding: $0, as: UTF8.self) } ?? "-"
    }

    private static func describe(_ operation: NATSOperation) -> String {
        switch operation {
        case .connect(let json): "connect \(text(json))"
        case .publish(let publish):
            "publish \(text(publish.subject)) \(text(publish.reply)) \(text(publish.headers)) "
                + text(publish.payload)
        case .subscribe(let request):
            "subscribe \(text(request.subject)) \(text(request.queue)) \(text(request.sid))"
        case .unsubscribe(let sid, let max): "unsubscribe \(text(sid)) \(max)"
        case .ping: "ping"
        case .pong: "pong"
        case .ignored: "ignored"
        }
    }
}
