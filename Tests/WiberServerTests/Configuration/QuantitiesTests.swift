import Testing

@testable import WiberServer

@Suite("Sizes and times")
struct QuantitiesTests {
    @Test(arguments: [
        ("0", 0), ("1048576", 1_048_576), ("1KiB", 1_024), ("500MB", 500_000_000),
        ("1 GiB", 1 << 30), ("2gib", 2 << 30), ("3k", 3_072), ("1TB", 1_000_000_000_000),
    ])
    func `a size has a number and perhaps a unit`(text: String, bytes: UInt64) {
        #expect(Quantities.bytes(text) == bytes)
    }

    @Test(arguments: [
        "", "GiB", "-1", "+1", "1.5GiB", "NaN", ".inf", "1e9", "0x10", "1GiB2", "1 GiB x", "１KB",
        "99999999999999999999", "9999999999TiB", "1m s",
    ])
    func `what is no size is refused`(text: String) {
        #expect(Quantities.bytes(text) == nil)
    }

    @Test(arguments: [
        ("100ms", 100_000_000), ("2m", 120_000_000_000), ("24h", 86_400_000_000_000),
        ("7d", 604_800_000_000_000), ("1h30m", 5_400_000_000_000), ("5 us", 5_000), ("1ns", 1),
    ])
    func `a time has numbers with units`(text: String, nanoseconds: UInt64) {
        #expect(Quantities.nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "5", "m", "-2m", "1.5h", "2 minutes ago", "NaN", "1h30", "999999999999w",
        "290y", "9223372036s9223372036s",
    ])
    func `what is no time is refused`(text: String) {
        #expect(Quantities.nanoseconds(text) == nil)
    }
}
