public import WiberBase

/// Messages a second over the last ten, in one-second slots.
public struct RateMeter: Sendable {
    private var slots: [UInt64] = Array(repeating: 0, count: 10)
    private var second: UInt64 = 0

    /// Nothing counted yet.
    public init() {}

    /// Counts messages.
    public mutating func add(_ count: UInt64, now: Instant) {
        advance(now)
        slots[Int(second % 10)] &+= count
    }

    /// Messages a thousand seconds.
    public mutating func thousandths(now: Instant) -> UInt64 {
        advance(now)
        return slots.reduce(0, &+) &* 100
    }

    private mutating func advance(_ now: Instant) {
        let current = now.nanoseconds / 1_000_000_000
        guard current > second else { return }
        if current - second >= 10 {
            slots = Array(repeating: 0, count: 10)
        } else {
            for passed in second + 1...current { slots[Int(passed % 10)] = 0 }
        }
        second = current
    }
}
