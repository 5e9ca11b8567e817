import Foundation
import Testing
import WiberBase

@testable import WiberWire

@Suite("Replies of the line protocol")
struct LineWriterTests {
    @Test(arguments: [
        (UInt64(0), "0"), (1, "1"), (10, "10"), (99, "99"), (1_234_567_890, "1234567890"),
        (.max, "18446744073709551615"),
    ])
    func `a stored message has its sequence`(sequence: UInt64, text: String) {
        func ok(_ isDuplicate: Bool) -> String {
            written { LineWriter.ok(Sequence(sequence), isDuplicate: isDuplicate, into: &$0) }
        }
        #expect(ok(false) == "OK \(text)\r\n")
        #expect(ok(true) == "OK \(text) duplicate\r\n")
    }

    @Test func `an error is one line, whatever its text holds`() {
        let text = written { LineWriter.error(.noTopic, "no\r\ntopic\u{0} é: make it", into: &$0) }
        #expect(text == "ERR NO_TOPIC no  topic  é: make it\r\n")
    }

    @Test func `every code is one word in upper case`() {
        for code in LineErrorCode.allCases {
            #expect(!code.rawValue.isEmpty)
            #expect(code.rawValue.utf8.allSatisfy { $0 == 95 || (65...90).contains($0) })
        }
    }

    @Test func `a message has topic, sequence, time and text`() {
        withMessage(sequence: 42, payload: Array("hello world".utf8)) { message in
            let line = written {
                LineWriter.message(topic: Array("news".utf8), message, into: &$0)
            }
            #expect(line == "MSG news 42 2026-11-23T00:36:04.000000001Z hello world\r\n")
        }
    }

    @Test(arguments: [
        ("", ""),
        ("plain text!", "plain text!"),
        ("a\\b", "a\\\\b"),
        ("a\nb\r\nc", "a\\nb\\r\\nc"),
        ("é – 漢字 😀", "é – 漢字 😀"),
        ("tab\tand\u{0}", "tab\tand\u{0}"),
        ("é\\\n", "é\\\\\\n"),
    ])
    func `text is escaped so that it stays in one line`(text: String, expected: String) {
        #expect(escaped(Array(text.utf8)) == Array(expected.utf8))
    }

    @Test func `bytes that are not UTF-8 are written in hexadecimal`() {
        #expect(escaped([0x61, 0xff, 0x62]) == Array("a\\xFFb".utf8))
        #expect(escaped([0xc3]) == Array("\\xC3".utf8))
        #expect(escaped([0xf0, 0x9f, 0x98]) == Array("\\xF0\\x9F\\x98".utf8))
        #expect(escaped([0xed, 0xa0, 0x80]) == Array("\\xED\\xA0\\x80".utf8))
    }

    @Test func `any bytes stay one line of UTF-8 that can be read back`() {
        for seed in 0..<UInt64(2_000) {
            var random = RandomSource(seed: seed)
            let count = Int.random(in: 0...40, using: &random)
            let kinds: [ClosedRange<UInt8>] = [0...255, 8...15, 88...94, 0xc0...0xff, 0x80...0xbf]
            let bytes = (0..<count).map { _ in
                UInt8.random(in: kinds[Int.random(in: 0..<5, using: &random)], using: &random)
            }
            let line = escaped(bytes)
            #expect(!line.contains(10) && !line.contains(13), "seed \(seed)")
            #expect(String(validating: line, as: UTF8.self) != nil, "seed \(seed)")
            #expect(unescaped(line) == bytes, "seed \(seed)")
        }
    }

    @Test func `HELP lists every command`() throws {
        let line = written { LineWriter.help(into: &$0) }
        #expect(line.hasPrefix("OK {") && line.hasSuffix("}\r\n"))
        let help = try parsed(line.dropFirst(3))
        let commands = try #require(help["commands"] as? [[String: String]])
        let names = commands.compactMap { $0["command"]?.split(separator: " ").first }
        #expect(
            Set(names) == [
                "PING", "PUB", "PUBID", "SUB", "UNSUB", "HISTORY", "TOPICS", "STATS", "HELP",
                "QUIT",
            ]
        )
    }

    private func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var line: [UInt8] = []
        bytes.withUnsafeBytes { LineWriter.escape($0, into: &line) }
        return line
    }

    /// What a client does with the text of a `MSG` line.
    private func unescaped(_ line: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = line[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                rest = rest.dropFirst(2)
                bytes.append(UInt8(digits, radix: 16) ?? 0)
            case let other?: bytes.append(other)
            case nil: break
            }
        }
        return bytes
    }
}

/// What another reader makes of an object.
func parsed(_ json: some StringProtocol) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(json.utf8))
    return try #require(value as? [String: Any])
}
