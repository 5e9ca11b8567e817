import Testing
import WiberBase

@testable import WiberWire

@Suite("Requests of the line protocol")
struct LineParserTests {
    @Test(arguments: [
        ("PING", "ping"),
        ("ping", "ping"),
        ("PUB t hello", "publish topic t id - hello"),
        ("pUb t hello world", "publish topic t id - hello world"),
        ("PUB t  two spaces", "publish topic t id -  two spaces"),
        ("PUB t  ", "publish topic t id -  "),
        ("  PUB   t hello", "publish topic t id - hello"),
        ("PUB orders.eu.new hello", "publish subject orders.eu.new id - hello"),
        ("PUBID t a-1 hello", "publish topic t id a-1 hello"),
        ("PUBID t é hello", "publish topic t id é hello"),
        ("SUB t", "subscribe t from -"),
        ("SUB t 12", "subscribe t from 12"),
        ("SUB t  0012 ", "subscribe t from 12"),
        ("UNSUB t", "unsubscribe t"),
        ("HISTORY t", "history t from - limit -"),
        ("HISTORY t 5", "history t from 5 limit -"),
        ("history t 5 10", "history t from 5 limit 10"),
        (
            "HISTORY t 922337203685477580 0",
            "history t from 922337203685477580 limit 0"
        ),
        ("TOPICS", "topics"),
        ("STATS", "stats -"),
        ("STATS t", "stats t"),
        ("HELP", "help"),
        ("QUIT", "quit"),
        ("CONNECT {\"verbose\":false}", "connect"),
        ("connect {}", "connect"),
    ])
    func `a request is what it says`(line: String, expected: String) {
        #expect(LineClient.outcome(line)?.description == expected)
    }

    @Test(arguments: [
        ("FROB", LineErrorCode.unknownCommand),
        ("   ", .unknownCommand),
        ("PUBLISH t x", .unknownCommand),
        ("ABCDEFGHIJ t x", .unknownCommand),
        ("PUB", .badArguments),
        ("PUB t", .badArguments),
        ("PUB t ", .badArguments),
        ("PUBID t", .badArguments),
        ("PUBID t id", .badArguments),
        ("PUBID t id ", .badArguments),
        ("SUB", .badArguments),
        ("SUB t 1 2", .badArguments),
        ("UNSUB", .badArguments),
        ("UNSUB t u", .badArguments),
        ("HISTORY", .badArguments),
        ("HISTORY t 1 2 3", .badArguments),
        ("PING now", .badArguments),
        ("TOPICS all", .badArguments),
        ("STATS t u", .badArguments),
        ("HELP me", .badArguments),
        ("QUIT now", .badArguments),
        ("PUB a/b x", .badName),
        ("PUB é x", .badName),
        ("PUB .a x", .badName),
        ("PUB a. x", .badName),
        ("PUB a..b x", .badName),
        ("PUB . x", .badName),
        ("SUB *", .badName),
        ("STATS >", .badName),
        ("UNSUB a\tb", .badName),
        ("PUBID t a\u{7f}b x", .badName),
        ("PUBID t a\tb x", .badName),
        ("HISTORY t -1", .badNumber),
        ("HISTORY t 1.5", .badNumber),
        ("HISTORY t 1e9", .badNumber),
        ("HISTORY t 0x10", .badNumber),
        ("HISTORY t 1 ten", .badNumber),
        ("SUB t ٣", .badNumber),
        ("SUB t 922337203685477581", .badNumber),
        ("SUB t 18446744073709551616", .badNumber),
        ("SUB t 99999999999999999999999999999999999999999", .badNumber),
    ])
    func `what is no request has a code, and says what to do`(line: String, code: LineErrorCode) {
        let error = LineClient.error(Array(line.utf8))
        #expect(error?.code == code)
        #expect(error?.text.isEmpty == false)
    }

    @Test func `an error names the usage or the range`() {
        #expect(LineClient.error(Array("PUB t".utf8))?.text == "write PUB <topic> <text>")
        #expect(
            LineClient.error(Array("SUB t x".utf8))?.text
                == "from is a whole number from 0 to 922337203685477580"
        )
        #expect(
            LineClient.error(Array("frob it".utf8))?.text
                == "there is no command frob: HELP lists them"
        )
    }

    @Test(arguments: [[0], [0, 0x50], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90]])
    func `bytes that are no text are refused in names, ids and numbers`(bytes: [UInt8]) {
        func code(_ before: String, _ after: String) -> LineErrorCode? {
            LineClient.error(Array(before.utf8) + bytes + Array(after.utf8))?.code
        }
        #expect(code("PUB ", " x") == .badName)
        #expect(code("PUB t.", " x") == .badName)
        #expect(code("STATS ", "") == .badName)
        #expect(code("PUBID t ", " x") == .badName)
        #expect(code("SUB t ", "") == .badNumber)
        #expect(code("HISTORY t 1 ", "") == .badNumber)
        #expect(code("PING ", "") == .badArguments)
        #expect(code("", "PING") == .unknownCommand)
        #expect(code("", "PUB t x") == .unknownCommand)
        #expect(code("PUB", " t x") == .unknownCommand)
    }

    @Test func `every byte but the line's end may stand in a text`() {
        let payload = (0...255).map { UInt8($0) }.filter { $0 != 10 } + [1]
        let outcomes = LineClient.outcomes(Array("PUB t ".utf8) + payload + [13, 10])
        #expect(
            outcomes == [
                .publish(topic: [0x74], isSubject: false, id: nil, payload: payload)
            ]
        )
    }

    @Test func `every single byte is one word or none`() {
        for byte in UInt8.min...UInt8.max where byte != 10 {
            let outcomes = LineClient.outcomes([byte, 10])
            #expect(outcomes == (byte == 13 ? [] : [.invalid(.unknownCommand)]), "\(byte)")
        }
    }

    @Test func `names have 255 bytes, ids 1024, what stands before a text 4096`() {
        let name = String(repeating: "n", count: 255)
        #expect(LineClient.outcome("PUB \(name) x")?.description.hasPrefix("publish") == true)
        #expect(LineClient.outcome("PUB n\(name) x") == .invalid(.badName))
        let id = String(repeating: "i", count: 1_024)
        #expect(LineClient.outcome("PUBID t \(id) x")?.description.hasPrefix("publish") == true)
        #expect(LineClient.outcome("PUBID t i\(id) x") == .invalid(.tooLong))
        let spaces = String(repeating: " ", count: 4_096 - 6)
        #expect(LineClient.outcome("PUB \(spaces)t x")?.description.hasPrefix("publish") == true)
        #expect(LineClient.outcome("PUB  \(spaces)t x") == .invalid(.tooLong))
        let digits = String(repeating: "0", count: 4_096 - 7)
        #expect(LineClient.outcome("SUB t \(digits)7") == .subscribe([0x74], from: 7))
        for command in ["SUB t", "UNSUB t", "HISTORY t", "STATS", "PING", "TOPICS", "CONNECT"] {
            let line = command + String(repeating: " ", count: 4_096)
            #expect(LineClient.outcome(line) == .invalid(.tooLong), "\(command)")
        }
    }
}
