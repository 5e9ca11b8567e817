/// Sizes and times as people write them.
public enum Quantities {
    /// Bytes: `1048576`, `1MiB`, `500 MB`, without fraction or sign; `nil` if it is no size.
    static func bytes(_ text: String) -> UInt64? {
        let units: [String: UInt64] = [
            "": 1, "b": 1, "kb": 1_000, "kib": 1 << 10, "k": 1 << 10, "mb": 1_000_000,
            "mib": 1 << 20, "m": 1 << 20, "gb": 1_000_000_000, "gib": 1 << 30, "g": 1 << 30,
            "tb": 1_000_000_000_000, "tib": 1 << 40, "t": 1 << 40,
        ]
        var rest = text[...]
        guard let size = term(&rest, units), rest.isEmpty else { return nil }
        return size
    }

    /// Nanoseconds: `100ms`, `2m`, `1h30m`, `7d`; a bare number has no unit and is none.
    public static func nanoseconds(_ text: String) -> UInt64? {
        let second: UInt64 = 1_000_000_000
        let units: [String: UInt64] = [
            "ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": second, "m": 60 * second,
            "min": 60 * second, "h": 3_600 * second, "d": 86_400 * second, "w": 604_800 * second,
        ]
        var rest = text[...]
        var sum: UInt64 = 0
        repeat {
            guard let part = term(&rest, units) else { return nil }
            sum += part  // Both are at most Int64.max: this cannot overflow.
            guard sum <= UInt64(Int64.max) else { return nil }
        } while !rest.isEmpty
        return sum
    }

    /// Takes one number with its unit from the front.
    private static func term(_ text: inout Substring, _ units: [String: UInt64]) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.prefix { $0.isLetter }
        guard let number = UInt64(digits), let factor = units[unit.lowercased()] else { return nil }
        text = text[unit.endIndex...]
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow || product > UInt64(Int64.max) ? nil : product
    }
}
