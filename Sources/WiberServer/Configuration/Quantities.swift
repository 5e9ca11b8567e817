/// Sizes and times as people write them.
enum Quantities {
    /// Bytes: `1048576`, `1MiB`, `500 MB`, `1.5GiB` is not; `nil` if it is none.
    static func bytes(_ text: String) -> UInt64? {
        let units: [(String, UInt64)] = [
            ("", 1), ("B", 1), ("KB", 1_000), ("KiB", 1 << 10), ("K", 1 << 10),
            ("MB", 1_000_000), ("MiB", 1 << 20), ("M", 1 << 20), ("GB", 1_000_000_000),
            ("GiB", 1 << 30), ("G", 1 << 30), ("TB", 1_000_000_000_000), ("TiB", 1 << 40),
            ("T", 1 << 40),
        ]
        return quantity(text, units)
    }

    /// Nanoseconds: `100ms`, `2m`, `24h`, `7d`; a bare number has no unit and is none.
    static func nanoseconds(_ text: String) -> UInt64? {
        let second: UInt64 = 1_000_000_000
        return quantity(
            text,
            [
                ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", second), ("m", 60 * second),
                ("h", 3_600 * second), ("d", 86_400 * second), ("w", 604_800 * second),
            ]
        )
    }

    private static func quantity(_ text: String, _ units: [(String, UInt64)]) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let number = UInt64(digits),
            let factor = units.first(where: { $0.0.lowercased() == unit.lowercased() })?.1
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow || product > UInt64(Int64.max) ? nil : product
    }
}
