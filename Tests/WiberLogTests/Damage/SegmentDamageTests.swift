import Testing
import WiberBase

@testable import WiberLog

@Suite("Every bit of segments (rules 4 and 10)")
struct SegmentDamageTests {
    /// What a flipped bit may lead to: refusal by the start or by the read, or a repair.
    ///
    /// `unchanged` is what becomes of bytes that the write-ahead log holds, too.
    private static let allowed: Set<Outcome> = [.waiting, .unreadable, .repaired, .unchanged]

    @Test func `a flipped bit is found, and never read as something else`() throws {
        let story = try Story(.sealed, .short)
        var sweep = Sweep(story)
        for path in Self.segments(story) {
            let kept = story.whole.files[path]?.count ?? 0
            sweep.flip(path) { byte in
                byte < kept ? Self.allowed.subtracting([.unchanged]) : Self.allowed
            }
        }
        #expect(sweep.failures == [])
        for outcome in [Outcome.waiting, .unreadable, .repaired] {
            #expect(sweep.counts[outcome] ?? 0 > 0, "\(outcome)")
        }
        sweep.show("segments, flips")
    }

    @Test func `a segment that ends early is found at every length`() throws {
        let story = try Story(.sealed, .short)
        var sweep = Sweep(story)
        for path in Self.segments(story) {
            let kept = story.whole.files[path]?.count ?? 0
            sweep.truncate(path) { count in
                count < kept ? Self.allowed.subtracting([.unchanged]) : Self.allowed
            }
        }
        #expect(sweep.failures == [])
        #expect(sweep.counts[.waiting] ?? 0 > 0 && sweep.counts[.repaired] ?? 0 > 0)
        sweep.show("segments, cut")
    }

    private static func segments(_ story: Story) -> [String] {
        story.files.keys.filter { $0.hasSuffix(".seg") }.sorted()
    }
}
