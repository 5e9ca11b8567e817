import WiberBase

/// Lengths of time as nats-server writes them, for the tools that read its pages.
enum ElapsedText {
    /// Whole units from the largest that is not 0: `3s`, `2m3s`, `1h2m3s`, `4d1h2m3s`.
    static func uptime(_ span: Instant.Span) -> String {
        let seconds = span.nanoseconds / 1_000_000_000
        let units: [(UInt64, String)] = [
            (seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"),
        ]
        let shown = units.drop { $0.0 == 0 }.map { "\($0.0)\($0.1)" }
        return shown.joined() + "\(seconds % 60)s"
    }

    /// With a fraction in the unit that fits: `419µs`, `1.5ms`, `2.003s`.
    static func exact(_ span: Instant.Span) -> String {
        let count = span.nanoseconds
        switch count {
        case 0: return "0s"
        case ..<1_000: return "\(count)ns"
        case ..<1_000_000: return fraction(count, of: 1_000) + "µs"
        case ..<1_000_000_000: return fraction(count, of: 1_000_000) + "ms"
        default: return fraction(count, of: 1_000_000_000) + "s"
        }
    }

    /// A decimal fraction without zeros at its end; `unit` is a power of ten.
    private static func fraction(_ count: UInt64, of unit: UInt64) -> String {
        var rest = count % unit
        guard rest > 0 else { return "\(count / unit)" }
        var digits = ""
        var place = unit / 10
        while rest > 0, place > 0 {
            digits += "\(rest / place)"
            rest %= place
            place /= 10
        }
        return "\(count / unit).\(digits)"
    }
}
