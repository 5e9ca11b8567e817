import Testing
import WiberBase

@testable import WiberLog

@Suite("Every bit of hard state, groups and superblock (rules 2 and 9)")
struct SlotDamageTests {
    @Test(arguments: ["super", "groups", "hard"])
    func `a flipped bit in one copy, or in one of no record, is put right`(path: String) throws {
        let story = try Story(.open, .short)
        var sweep = Sweep(story)
        sweep.flip(path) { _ in [.repaired] }
        #expect(sweep.failures == [])
        #expect(sweep.counts[.repaired] ?? 0 > 0)
        sweep.show("\(path), flips")
    }

    @Test(arguments: ["super", "groups", "hard"])
    func `a file that ends early is refused, or put right from its first page`(
        path: String
    ) throws {
        let story = try Story(.open, .short)
        var sweep = Sweep(story)
        sweep.truncate(path) { count in
            count < HardSlot.pageSize ? [.refused, .repaired] : [.repaired, .unchanged]
        }
        #expect(sweep.failures == [])
        #expect(sweep.counts[.refused] ?? 0 > 0 && sweep.counts[.repaired] ?? 0 > 0)
        sweep.show("\(path), cut")
    }
}
