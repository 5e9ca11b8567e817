import Testing
import WiberBase

@testable import WiberWire

@Suite("Operations in a NATS server's bytes")
struct NATSServerScannerTests {
    private static let status = "NATS/1.0 503\r\nNats-Subject: a\r\n\r\n"
    private let session = Array(
        ("INFO {\"a\":1} \r\n+OK\r\nMSG a.b 1 2\r\nhi\r\nMSG a  s-2 r.x 0\r\n\r\n"
            + "HMSG in.1 7 \(status.utf8.count) \(status.utf8.count)\r\n\(status)\r\n"
            + "HMSG a 1 reply 12 14\r\nNATS/1.0\r\n\r\nok\r\nPING\r\nPONG\r\n-ERR 'No Way'\r\n")
            .utf8
    )
    private let expected = [
        "info {\"a\":1} ", "ok", "a.b 1 - - hi", "a s-2 r.x - ", "in.1 7 - 503 \(status) ",
        "a 1 reply - NATS/1.0\r\n\r\n ok", "ping", "pong", "error No Way",
    ]

    private static func text(_ bytes: UnsafeRawBufferPointer?) -> String {
        bytes.map { String(decoding: $0, as: UTF8.self) } ?? "-"
    }

    /// What is found in bytes that come in these pieces.
    private static func found(_ pieces: [ArraySlice<UInt8>]) -> [String] {
        var rest: [UInt8] = []
        var found: [String] = []
        for piece in pieces {
            rest += piece
            var isWaiting = false
            while !isWaiting {
                let consumed = rest.withUnsafeBytes { bytes -> Int? in
                    switch NATSServerScanner.next(in: bytes) {
                    case .needMore: return nil
                    case .failed:
                        found.append("failed")
                        return -1
                    case .operation(let operation, let consumed):
                        found.append(describe(operation))
                        return consumed
                    }
                }
                if consumed == -1 { return found }
                if let consumed { rest.removeFirst(consumed) } else { isWaiting = true }
            }
        }
        return found
    }

    private static func describe(_ operation: NATSServerOperation) -> String {
        switch operation {
        case .info(let json): "info \(text(json))"
        case .ping: "ping"
        case .pong: "pong"
        case .ok: "ok"
        case .error(let words): "error \(text(words))"
        case .message(let message):
            "\(text(message.subject)) \(text(message.sid)) \(text(message.reply)) "
                + (message.status.map { "\($0) " } ?? (message.headers == nil ? "" : "- "))
                + (message.headers.map { text($0) + " " } ?? "- ") + text(message.payload)
        }
    }

    @Test func `a session's bytes are its operations, wherever they part`() {
        #expect(Self.found([session[...]]) == expected)
        #expect(Self.found(session.map { [$0] }) == expected)
        for cut in 0...session.count {
            #expect(Self.found([session[..<cut], session[cut...]]) == expected, "cut at \(cut)")
        }
    }

    @Test func `with any bit flipped they are the same at once and one at a time`() {
        for place in session.indices {
            for bit in 0..<8 {
                var bytes = session
                bytes[place] ^= 1 << bit
                #expect(Self.found(bytes.map { [$0] }) == Self.found([bytes[...]]))
            }
        }
    }

    @Test(arguments: [
        "MSG a 1\r\n", "MSG a 1 x\r\n", "MSG a 1 r 1 2 3\r\n", "HMSG a 1 3 2\r\nxx\r\n",
        "MSG a 1 1\r\nxyz", "MSG a 1 99999999999\r\n", "HELLO\r\n", "FOO", "-ER!", "\r\n\r\n\r\n",
        "MSG a 1 999999999\r\n",
    ])
    func `what no server says is refused`(text: String) {
        #expect(Self.found([Array(text.utf8)[...]]) == ["failed"])
    }
}
