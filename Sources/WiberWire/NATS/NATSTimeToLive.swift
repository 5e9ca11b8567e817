/// How long a message stays, as the header `Nats-TTL` says it.
public enum NATSTimeToLive: Equatable, Sendable {
    /// As long as the topic keeps it, whatever its default is.
    case never
    /// So many nanoseconds.
    case nanoseconds(UInt64)

    private static let second: UInt64 = 1_000_000_000

    /// Reads whole seconds, as `60`, a duration as Go writes it, as `1h30m` or `1.5s`, or `never`.
    ///
    /// - Returns: `nil` if it is none of them, shorter than a second, or longer than 292 years.
    public init?(_ text: some Collection<UInt8>) {
        guard text.count <= 64 else { return nil }
        let bytes = Array(text)
        if bytes.map({ $0 | 0x20 }).elementsEqual("never".utf8) {
            self = .never
            return
        }
        let isNumber = !bytes.isEmpty && bytes.allSatisfy(Self.isDigit)
        guard let length = isNumber ? Self.seconds(bytes[...]) : Self.duration(bytes),
            length >= Self.second, length <= UInt64(Int64.max)
        else { return nil }
        self = .nanoseconds(length)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static func seconds(_ digits: ArraySlice<UInt8>) -> UInt64? {
        scaled(digits, fraction: [], unit: second)
    }

    private static func duration(_ bytes: [UInt8]) -> UInt64? {
        var rest = bytes[...]
        var sum: UInt64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix(while: isDigit)
            rest = rest[digits.endIndex...]
            var fraction: ArraySlice<UInt8> = []
            if rest.first == UInt8(ascii: ".") {
                fraction = rest.dropFirst().prefix(while: isDigit)
                rest = rest[(rest.startIndex + 1 + fraction.count)...]
            }
            let name = rest.prefix { !isDigit($0) && $0 != UInt8(ascii: ".") }
            rest = rest[name.endIndex...]
            guard !(digits.isEmpty && fraction.isEmpty), let unit = unit(name),
                let part = scaled(digits, fraction: fraction, unit: unit)
            else { return nil }
            let (total, isOver) = sum.addingReportingOverflow(part)
            guard !isOver else { return nil }
            sum = total
        }
        return sum
    }

    private static func unit(_ name: ArraySlice<UInt8>) -> UInt64? {
        switch String(decoding: name, as: UTF8.self) {
        case "ns": 1
        case "us", "\u{b5}s", "\u{3bc}s": 1_000
        case "ms": 1_000_000
        case "s": second
        case "m": 60 * second
        case "h": 3_600 * second
        case _: nil
        }
    }

    /// A decimal number of units; what is less than a nanosecond is left out.
    private static func scaled(
        _ digits: ArraySlice<UInt8>,
        fraction: ArraySlice<UInt8>,
        unit: UInt64
    ) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            let (tens, isOver) = number.multipliedReportingOverflow(by: 10)
            let (sum, isMore) = tens.addingReportingOverflow(UInt64(digit - 48))
            guard !isOver, !isMore else { return nil }
            number = sum
        }
        let (whole, isOver) = number.multipliedReportingOverflow(by: unit)
        var (part, scale): (UInt64, UInt64) = (0, unit)
        for digit in fraction {
            scale /= 10
            part += UInt64(digit - 48) * scale  // Less than ten units of at most an hour.
        }
        let (sum, isMore) = whole.addingReportingOverflow(part)
        return isOver || isMore ? nil : sum
    }
}
