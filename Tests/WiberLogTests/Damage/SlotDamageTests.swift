import Testing
import WiberBase

@testable import WiberLog

@Suite("Every bit of hard state, groups and superblock (rules 2 and 9)")
struct SlotDamageTests {
    @Test(arguments: ["super", "groups", "hard"])
    func `a flipped bit in one copy is put right from the other`(path: String) throws {
        let story = try Story(.open, .short)
        var sweep = Sweep(story)
        let records = path == "super" ? 1 : story.whole.contents.groups.count
        sweep.flip(path) { byte in
            Self.isUsed(path, byte, records) ? [.repaired] : [.refused, .repaired]
        }
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

    /// Whether a byte belongs to one of the first `records` records, which exist.
    private static func isUsed(_ path: String, _ byte: Int, _ records: Int) -> Bool {
        let size = [GroupSlot.path: GroupSlot.slotSize, HardSlot.path: HardSlot.slotSize][path]
        return byte % HardSlot.pageSize < records * (size ?? Superblock.slotSize)
    }
}
