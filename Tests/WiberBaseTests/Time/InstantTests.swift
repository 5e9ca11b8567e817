import Testing
import WiberBase

@Suite("Monotonic time")
struct InstantTests {
    @Test func `sums and spans saturate`() {
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
        #expect(Instant.Span.seconds(.max).nanoseconds == .max)
        #expect(Instant.Span.milliseconds(.max).nanoseconds == .max)
        #expect(Instant.zero.since(.distantFuture) == Instant.Span(nanoseconds: 0))
    }

    @Test func `what was added is what has passed`() {
        let start = Instant(nanoseconds: 5)
        let end = start + .milliseconds(3)
        #expect(end.since(start) == .milliseconds(3))
        #expect(start < end)
        #expect("\(end)" == "3 ms")
        #expect(Instant.Span.milliseconds(1_000) == .seconds(1))
        #expect(Instant.Span.milliseconds(1) < .seconds(1))
    }
}
