import Histogram

/// Counts durations, with three significant digits.
public struct LatencyHistogram: Sendable {
    /// In nanoseconds, up to an hour.
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: 3_600_000_000_000,
        numberOfSignificantValueDigits: .three
    )

    /// Nothing yet.
    public init() {}

    /// How many were counted.
    public var count: UInt64 { histogram.totalCount }
    /// The longest, in nanoseconds.
    public var longest: UInt64 { histogram.maxRecorded }

    /// Counts a duration; more than an hour counts as an hour.
    public mutating func record(nanoseconds: UInt64) {
        _ = histogram.record(min(nanoseconds, histogram.highestTrackableValue))
    }

    /// Counts all that another one has counted.
    public mutating func add(_ other: LatencyHistogram) { histogram.add(other.histogram) }

    /// The duration in nanoseconds that a share of all, from 0 to 1, does not exceed.
    public func percentile(_ share: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        return min(longest, histogram.valueAtPercentile(min(max(share, 0), 1) * 100))
    }
}
