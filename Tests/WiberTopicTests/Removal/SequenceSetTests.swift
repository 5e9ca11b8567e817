import Testing
import WiberBase

@testable import WiberTopic

@Suite("A set of sequences")
struct SequenceSetTests {
    @Test(arguments: UInt64(1)...20)
    func `it does what a plain set does`(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var set = SequenceSet()
        var plain: Set<UInt64> = []
        var floor: UInt64 = 0
        for step in 0..<400 {
            let value = UInt64.random(in: 0..<20_000, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<3:
                set.insert(Sequence(value))
                if value >= floor { plain.insert(value) }
            case 3..<6:
                let count = UInt32.random(in: 1...9_000, using: &random)
                set.insert(Removal(first: Sequence(value), count: count))
                plain.formUnion((value..<value + UInt64(count)).filter { $0 >= floor })
            case 6..<8:
                let removal = Removal(
                    first: Sequence(value),
                    count: UInt32.random(in: 1...500, using: &random)
                )
                set.remove(removal)
                plain.subtract(value..<value + UInt64(removal.count))
            case 8 where step.isMultiple(of: 5):
                floor = max(floor, value / 4)
                set.drop(before: Sequence(value / 4))
                plain = plain.filter { $0 >= floor }
            default: break
            }
            check(set, plain, value, "seed \(seed), step \(step)")
        }
    }

    private func check(
        _ set: SequenceSet,
        _ plain: Set<UInt64>,
        _ value: UInt64,
        _ comment: Comment
    ) {
        #expect(set.count == UInt64(plain.count), comment)
        #expect(set.isEmpty == plain.isEmpty, comment)
        #expect(set.contains(Sequence(value)) == plain.contains(value), comment)
        var absent = value
        while plain.contains(absent) { absent += 1 }
        #expect(set.firstAbsent(from: Sequence(value)) == Sequence(absent), comment)
        let end = value + 5_000
        let between = plain.count { $0 >= value && $0 < end }
        #expect(set.count(from: Sequence(value), to: Sequence(end)) == UInt64(between), comment)
    }

    @Test func `a million in a row take no bits`() {
        var set = SequenceSet()
        set.insert(Removal(first: Sequence(4_096), count: 1 << 20))
        #expect(set.count == 1 << 20)
        #expect(set.firstAbsent(from: Sequence(4_096)) == Sequence(4_096 + 1 << 20))
        #expect(set.byteCount < 256 << 10)
    }
}
