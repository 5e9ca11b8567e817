import WiberBase

/// Draws from a seeded source, all by whole numbers, so that they are the same on every machine.
extension RandomSource {
    /// Whether something happens that does so `count` times in a thousand.
    mutating func chance(perMille count: UInt64) -> Bool { next() % 1_000 < count }

    /// A number in a range, its ends included.
    mutating func draw(_ range: ClosedRange<UInt64>) -> UInt64 {
        let span = range.upperBound - range.lowerBound
        return span == .max ? next() : range.lowerBound + next() % (span + 1)
    }

    /// A place in a collection of `count` elements, which is not empty.
    mutating func place(_ count: Int) -> Int { Int(next() % UInt64(max(1, count))) }

    /// One of several elements; `nil` if there is none.
    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[place(elements.count)]
    }
}
