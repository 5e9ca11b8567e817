import Testing
import WiberBase
import WiberTopic

@Suite("The rate meter")
struct RateMeterTests {
    private func second(_ count: UInt64) -> Instant {
        Instant(nanoseconds: count * 1_000_000_000)
    }

    @Test func `it says the mean of ten seconds`() {
        var meter = RateMeter()
        for now in UInt64(100)..<110 { meter.add(50, now: second(now)) }
        #expect(meter.thousandths(now: second(109)) == 50_000)
        #expect(meter.thousandths(now: second(114)) == 25_000)
    }

    @Test func `it is nought after ten seconds of silence`() {
        var meter = RateMeter()
        meter.add(50, now: second(3))
        #expect(meter.thousandths(now: second(12)) == 5_000)
        #expect(meter.thousandths(now: second(13)) == 0)
        #expect(meter.thousandths(now: Instant.distantFuture) == 0)
    }

    @Test func `a clock that stands still or goes back does no harm`() {
        var meter = RateMeter()
        meter.add(10, now: second(20))
        meter.add(10, now: second(19))
        #expect(meter.thousandths(now: second(20)) == 2_000)
    }
}
