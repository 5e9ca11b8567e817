import WiberBase
import WiberNode

/// What one machine takes for the time: its monotonic clock may run fast or slow, its wall clock
/// may be wrong by any amount and jump.
struct MachineClock {
    /// True time zero, in nanoseconds since 1970: 2026-01-01.
    static let epoch: UInt64 = 1_767_225_600_000_000_000

    /// How much faster than true time the monotonic clock runs, in parts a million.
    var drift: Int64 = 0
    /// How far the wall clock is ahead, in nanoseconds.
    var wallAhead: Int64 = 0

    /// What the machine's clocks say at a true time.
    func time(at now: UInt64) -> ShardTime {
        let wall = Int64(bitPattern: Self.epoch &+ now) &+ wallAhead
        return ShardTime(
            now: Instant(nanoseconds: monotonic(at: now)),
            wall: Timestamp(UInt64(max(0, wall)))
        )
    }

    func monotonic(at now: UInt64) -> UInt64 {
        let ahead = Int64(now / 1_000_000) * drift
        return UInt64(max(0, Int64(now) + ahead))
    }

    /// The first true time at which the monotonic clock has reached `moment`, or shortly after.
    func trueTime(of moment: Instant, now: UInt64) -> UInt64 {
        let reading = monotonic(at: now)
        guard moment.nanoseconds > reading else { return now }
        let span = moment.nanoseconds - reading
        guard span < 1 << 42 else { return now + (1 << 42) }
        let scaled = span * 1_000_000 / UInt64(1_000_000 + drift)
        return now + scaled + 1_000
    }
}
