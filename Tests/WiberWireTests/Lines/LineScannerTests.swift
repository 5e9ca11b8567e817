import Testing
import WiberBase

@testable import WiberWire

@Suite("Lines in a client's bytes")
struct LineScannerTests {
    private let session = Array(
        "PING\r\nPUB t a\n\r\n\nPUBID t 1 b c \r\nfrob\nHISTORY t 1 x\nSUB a.b 3\r\n\rQUIT\r\n".utf8
    )
    private let expected: [Outcome] = [
        .ping,
        .publish(topic: [0x74], isSubject: false, id: nil, payload: [0x61]),
        .publish(topic: [0x74], isSubject: false, id: [0x31], payload: Array("b c ".utf8)),
        .invalid(.unknownCommand),
        .invalid(.badNumber),
        .subscribe(Array("a.b".utf8), from: 3),
        .invalid(.unknownCommand),
    ]

    @Test func `a session's bytes at once are its requests`() {
        #expect(LineClient.outcomes(session) == expected)
    }

    @Test func `so are they one at a time`() {
        var client = LineClient()
        for byte in session { client.receive([byte]) }
        #expect(client.outcomes == expected)
    }

    @Test func `so are they in two parts, wherever they part`() {
        for cut in 0...session.count {
            var client = LineClient()
            client.receive(session[..<cut])
            client.receive(session[cut...])
            #expect(client.outcomes == expected, "cut at \(cut)")
        }
    }

    @Test func `every prefix has the requests whose lines have ended`() {
        for count in 0...session.count {
            let prefix = Array(session[..<count])
            #expect(LineClient.outcomes(prefix) == LineModel.outcomes(prefix), "\(count) bytes")
        }
    }

    @Test func `with any bit flipped they are still what a plain reading says`() {
        for place in session.indices {
            for bit in 0..<8 {
                var bytes = session
                bytes[place] ^= 1 << bit
                #expect(
                    LineClient.outcomes(bytes) == LineModel.outcomes(bytes),
                    "bit \(bit) of byte \(place)"
                )
            }
        }
    }

    @Test func `a request that waits for its turn is found again`() {
        var client = LineClient()
        client.refusesFirst = true
        client.receive(session)
        #expect(client.outcomes == expected)
    }

    @Test func `the longest line is a request`() {
        let payload = [UInt8](repeating: 0x78, count: LineLimits.payloadLengthMax)
        for end in ["\n", "\r\n"] {
            var client = LineClient()
            client.receive(Array("PUB t ".utf8) + payload + Array(end.utf8))
            #expect(client.outcomes.count == 1)
            #expect(client.errors == [])
        }
        #expect(
            LineClient.outcomes(Array("PUB t ".utf8) + payload + [0x78, 10])
                == [.invalid(.tooLong)]
        )
    }

    @Test(arguments: [-1, 0, 1, 2, 3, 100_000])
    func `a line of any length is the same in pieces of any size`(extra: Int) {
        let line = [UInt8](repeating: 0x78, count: LineLimits.lineLengthMax + extra)
        for end in ["\n", "\r\n"] {
            let bytes = line + Array(end.utf8) + Array("PING\n".utf8)
            let whole = LineClient.outcomes(bytes)
            #expect(whole == [.invalid(extra > 0 ? .tooLong : .unknownCommand), .ping])
            for size in [LineLimits.lineLengthMax, LineLimits.lineLengthMax + 1, 65_536, 9_973] {
                var client = LineClient()
                for start in stride(from: 0, to: bytes.count, by: size) {
                    client.receive(bytes[start..<min(bytes.count, start + size)])
                }
                #expect(client.outcomes == whole, "\(extra) more, in pieces of \(size)")
                #expect(client.inboxMax <= LineLimits.lineLengthMax + 1)
            }
        }
    }

    @Test func `an endless line is answered once and kept nowhere`() {
        var client = LineClient()
        let piece = [UInt8](repeating: 0x78, count: 256 << 10)
        for _ in 0..<32 { client.receive(piece) }
        #expect(client.outcomes == [.invalid(.tooLong)])
        #expect(client.inboxMax <= LineLimits.lineLengthMax + 1)
        client.receive(Array("x PING\nPING\n".utf8))
        #expect(client.outcomes == [.invalid(.tooLong), .ping])
    }

    @Test func `what waits behind a skipped line is not read with it`() {
        var client = LineClient()
        client.receive([UInt8](repeating: 0x78, count: LineLimits.lineLengthMax + 2))
        client.refusesFirst = true
        client.receive(Array("PUB t no\nHISTORY t\n".utf8))
        #expect(
            client.outcomes == [
                .invalid(.tooLong), .history([0x74], from: nil, limit: nil),
            ]
        )
    }

    @Test func `empty lines are nothing, however many`() {
        let bytes = [UInt8](repeating: 10, count: 100_000) + Array("PING\n".utf8)
        #expect(LineClient.outcomes(bytes) == [.ping])
    }

    @Test func `a byte is found wherever it is`() {
        for count in 0..<40 {
            for place in 0..<count {
                for start in 0...count {
                    var bytes = [UInt8](repeating: 11, count: count)
                    bytes[place] = 10
                    let found = bytes.withUnsafeBytes {
                        ByteSearch.firstIndex(of: 10, in: $0, from: start)
                    }
                    #expect(found == (start <= place ? place : nil))
                }
            }
        }
    }
}
