import Testing
import WiberBase

@testable import WiberTopic

@Suite("The dedup table")
struct DedupTableTests {
    /// The dumb version: a list.
    struct Item {
        var digest: Digest128
        var sequence: Sequence
        var time: Timestamp
        var index: LogIndex
    }

    @Test(arguments: UInt64(1)...20)
    func `it answers as a list does`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let budget = DedupBudget(seed: random.next())
        var table = DedupTable(budget: budget)
        var list: [Item] = []
        var now: UInt64 = 1
        var expired: UInt64 = 0
        for step in 0..<3_000 {
            now += UInt64.random(in: 0...3, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<7:
                let digest = Digest128(high: 0, low: UInt64.random(in: 0..<200, using: &random))
                let item = Item(
                    digest: digest,
                    sequence: Sequence(UInt64(step)),
                    time: Timestamp(now),
                    index: LogIndex(UInt64(step / 8))
                )
                list.append(item)
                table.insert(item.digest, item.sequence, item.time, item.index)
            case 7..<9:
                expired = max(expired, now > 150 ? now - 150 : 0)
                table.expire(before: Timestamp(expired))
                list.removeAll { $0.time.rawValue < expired }
            default:
                let index = LogIndex(UInt64(max(0, step / 8 - 5)))
                table.truncate(from: index)
                list.removeAll { $0.index >= index }
            }
            #expect(table.count == list.count)
            #expect(budget.used == list.count * DedupTable.entrySize)
            check(table, list, random.next() % 200, since: now > 100 ? now - 100 : 0)
        }
    }

    private func check(_ table: DedupTable, _ list: [Item], _ low: UInt64, since: UInt64) {
        let digest = Digest128(high: 0, low: low)
        let found = list.last { $0.digest == digest }
            .flatMap { $0.time.rawValue < since ? nil : $0 }
        let place = table.place(of: digest, since: Timestamp(since))
        #expect(place?.sequence == found?.sequence)
        #expect(place?.index == found?.index)
    }

    @Test func `an empty table gives its memory back`() {
        let budget = DedupBudget()
        var table = DedupTable(budget: budget)
        for number in 0..<UInt64(5_000) {
            let digest = Digest128(high: number, low: number)
            table.insert(digest, Sequence(number), Timestamp(number), LogIndex(1))
        }
        #expect(table.byteCount == 5_000 * DedupTable.entrySize)
        table.expire(before: Timestamp(5_000))
        #expect(table.count == 0)
        #expect(budget.used == 0)
        #expect(table.place(of: Digest128(high: 1, low: 1), since: .zero) == nil)
        table.insert(Digest128(high: 1, low: 1), Sequence(9), Timestamp(9_000), LogIndex(2))
        #expect(table.place(of: Digest128(high: 1, low: 1), since: .zero)?.sequence == Sequence(9))
    }
}
