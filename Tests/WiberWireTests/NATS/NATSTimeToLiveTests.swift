import Testing
import WiberBase
import WiberWire

@Suite("Nats-TTL")
struct NATSTimeToLiveTests {
    private static let second: UInt64 = 1_000_000_000

    private func read(_ text: String) -> NATSTimeToLive? { NATSTimeToLive(Array(text.utf8)) }

    @Test(arguments: [
        ("1", 1), ("60", 60), ("0060", 60), ("90s", 90), ("1h30m", 5_400), ("1m0s", 60),
        ("1000ms", 1), ("1000000us", 1), ("1000000µs", 1), ("1.0h", 3_600), (".5h", 1_800),
        ("2.s", 2), ("0.5m0.5m", 60), ("1000000000ns", 1), ("2562047h", 9_223_369_200),
    ])
    func `seconds and durations are read`(text: String, seconds: UInt64) {
        #expect(read(text) == .nanoseconds(seconds * Self.second))
    }

    @Test func `parts of a second count`() {
        #expect(read("1.5s") == .nanoseconds(1_500_000_000))
        #expect(read("1s1ns") == .nanoseconds(1_000_000_001))
        #expect(read("1.0000000001s") == .nanoseconds(1_000_000_000))
    }

    @Test(arguments: ["never", "NEVER", "Never"])
    func `a message may have no end`(text: String) { #expect(read(text) == .never) }

    @Test(arguments: [
        "", "0", "999ms", "0s", "-1", "+60", "1d", "60 s", " 60", "s", "1h-30m", ".s", "1.5",
        "9223372037", "99999999999999999999", "18446744073709551615s", "1e9", "h1", "1hh", "1h30",
        "nevers", "2562048h", String(repeating: "0", count: 64) + "1",
    ])
    func `what is none is refused`(text: String) {
        #expect(read(text) == nil)
    }

    @Test func `noise never traps`() {
        var random = RandomSource(seed: 5)
        let bytes = Array("0123456789.smhnuµ-+e ".utf8)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...40, using: &random)
            _ = NATSTimeToLive((0..<count).compactMap { _ in bytes.randomElement(using: &random) })
        }
    }
}
