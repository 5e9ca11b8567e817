/// Counts durations in buckets that are 1/64 of their value wide.
public struct LatencyHistogram: Sendable {
    /// 64 buckets for each power of two.
    private var buckets = [UInt64](repeating: 0, count: 64 * 40)
    /// How many were counted.
    public private(set) var count: UInt64 = 0
    /// The longest, in microseconds.
    public private(set) var longest: UInt64 = 0

    /// Nothing yet.
    public init() {}

    /// Counts a duration, `times` times.
    public mutating func record(microseconds: UInt64, times: UInt64 = 1) {
        buckets[min(Self.bucket(microseconds), buckets.count - 1)] += times
        count += times
        longest = max(longest, microseconds)
    }

    /// The duration in microseconds that a share of all, from 0 to 1, does not exceed.
    public func percentile(_ share: Double) -> UInt64 {
        let wanted = UInt64((Double(count) * min(max(share, 0), 1)).rounded(.up))
        var seen: UInt64 = 0
        for (place, bucket) in buckets.enumerated() {
            seen += bucket
            if seen >= wanted, seen > 0 { return min(longest, Self.end(of: place)) }
        }
        return longest
    }

    /// Values below 128 have a bucket each; then 64 buckets share each power of two.
    private static func bucket(_ value: UInt64) -> Int {
        guard value >= 128 else { return Int(value) }
        let shift = 57 - value.leadingZeroBitCount
        return shift * 64 + Int(value >> UInt64(shift))
    }

    /// The largest value in a bucket.
    private static func end(of place: Int) -> UInt64 {
        guard place >= 128 else { return UInt64(place) }
        let shift = UInt64(place / 64 - 1)
        return (UInt64(place % 64 + 64 + 1) << shift) - 1
    }
}
