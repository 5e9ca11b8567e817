import Testing
import WiberBase

@testable import WiberWire

@Suite("Random bytes as lines")
struct LineRandomTests {
    /// What hostile and friendly clients are made of.
    private static let pieces: [[UInt8]] =
        [
            "PUB", "PUBID", "SUB", "UNSUB", "HISTORY", "TOPICS", "STATS", "HELP", "QUIT", "PING",
            "CONNECT", "pub", "Sub", " ", " ", " ", "  ", "\n", "\n", "\r\n", "\r", "t", "a.b",
            "a..b",
            "0", "17", "99999999999999999999", "-1", "1e5", "text", "é", "\u{0}", "\t", "{\"a\":1}",
        ].map { Array($0.utf8) } + [[0xff], [0xc0, 0x80], [0xf0, 0x9f]]

    @Test(arguments: 0..<10)
    func `random streams in random parts are what a plain reading of the whole says`(part: UInt64) {
        for number in 0..<UInt64(10_000) {
            let seed = part * 10_000 + number
            var random = RandomSource(seed: seed)
            let bytes = Self.stream(&random)
            let expected = LineModel.outcomes(bytes)
            guard LineClient.outcomes(bytes) == expected,
                Self.inParts(bytes, &random) == expected
            else {
                Issue.record("seed \(seed): \(bytes) should be \(expected)")
                return
            }
        }
    }

    @Test func `random streams are of every kind`() {
        var kinds: Set<String> = []
        for seed in 0..<UInt64(10_000) {
            var random = RandomSource(seed: seed)
            for outcome in LineModel.outcomes(Self.stream(&random)) {
                let words = outcome.description.split(separator: " ")
                kinds.insert(words.prefix(words.first == "invalid" ? 2 : 1).joined(separator: " "))
            }
        }
        #expect(
            kinds.isSuperset(of: [
                "publish", "subscribe", "unsubscribe", "history", "topics", "stats", "help",
                "quit", "ping", "connect", "invalid UNKNOWN_COMMAND", "invalid BAD_NAME",
                "invalid BAD_NUMBER", "invalid BAD_ARGUMENTS",
            ])
        )
    }

    private static func stream(_ random: inout RandomSource) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...16, using: &random) {
            if Int.random(in: 0..<12, using: &random) == 0 {
                bytes.append(UInt8.random(in: 0...255, using: &random))
            } else {
                bytes += pieces[Int.random(in: 0..<pieces.count, using: &random)]
                if Bool.random(using: &random) { bytes.append(32) }
            }
        }
        bytes.append(10)
        return bytes
    }

    private static func inParts(_ bytes: [UInt8], _ random: inout RandomSource) -> [Outcome] {
        var client = LineClient()
        client.refusesFirst = Bool.random(using: &random)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 1...24, using: &random))
            client.receive(bytes[start..<end])
            start = end
        }
        return client.outcomes
    }
}
