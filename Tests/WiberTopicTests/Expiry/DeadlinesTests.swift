import Testing
import WiberBase

@testable import WiberTopic

@Suite("The ends of messages, earliest first")
struct DeadlinesTests {
    private func entry(_ time: UInt64, _ sequence: UInt64) -> Deadlines.Entry {
        Deadlines.Entry(time: Timestamp(time), sequence: Sequence(sequence), length: 1)
    }

    private func popAll(_ deadlines: inout Deadlines, before time: UInt64) -> [UInt64] {
        var found: [UInt64] = []
        while let entry = deadlines.popDue(before: Timestamp(time)) {
            found.append(entry.sequence.rawValue)
        }
        return found
    }

    @Test func `the earliest comes first, of the same end the first in the topic`() {
        var deadlines = Deadlines(from: Sequence(1))
        for (place, life) in ([5, 3, nil, 5, 1] as [UInt64?]).enumerated() {
            deadlines.append(Sequence(UInt64(place + 1)), Timestamp(10), life, 1)
        }
        #expect(deadlines.count == 4 && deadlines.next == Sequence(6))
        #expect(popAll(&deadlines, before: 13) == [5])
        #expect(popAll(&deadlines, before: 14) == [2])
        #expect(popAll(&deadlines, before: .max) == [1, 4])
    }

    @Test func `an end beyond all time is the end of time`() {
        var deadlines = Deadlines(from: Sequence(1))
        deadlines.append(Sequence(1), Timestamp(.max - 3), .max, 1)
        #expect(popAll(&deadlines, before: .max) == [])
    }

    @Test(arguments: UInt64(1)...30)
    func `it says what a list says, whatever is decided, given up, truncated and gone`(
        seed: UInt64
    ) {
        var random = RandomSource(seed: seed)
        var deadlines = Deadlines(from: Sequence(1))
        var model: [Deadlines.Entry] = []
        var decided: [Deadlines.Entry] = []
        var (next, time) = (UInt64(1), UInt64(100))
        for _ in 0..<3_000 {
            time += 1
            switch Int.random(in: 0...99, using: &random) {
            case 0..<70:
                let hasLife = Int.random(in: 0...3, using: &random) > 0
                let life = hasLife ? UInt64.random(in: 0...200, using: &random) : nil
                deadlines.append(Sequence(next), Timestamp(time), life, 1)
                if let life { model.append(entry(time + life, next)) }
                next += 1
            case 70..<90:
                guard let due = deadlines.popDue(before: Timestamp(time)) else {
                    #expect(model.allSatisfy { $0.time.rawValue >= time }, "seed \(seed)")
                    continue
                }
                let expected = model.min { ($0.time, $0.sequence) < ($1.time, $1.sequence) }
                #expect(due == expected, "seed \(seed)")
                model.removeAll { $0 == due }
                deadlines.decide(due)
                decided.append(due)
            case 90..<93:
                deadlines.giveUp()
                model += decided
                decided = []
            case 93..<95:
                next -= min(next - 1, UInt64.random(in: 0...9, using: &random))
                deadlines.truncate(from: Sequence(next))
                model = (model + decided).filter { $0.sequence.rawValue < next }
                decided = []
            case _:
                // Everything that was decided is gone for good.
                let gone = Set(decided.map(\.sequence))
                deadlines.prune { gone.contains($0) }
                decided = []
            }
            #expect(deadlines.count == model.count + decided.count, "seed \(seed)")
            #expect(deadlines.next == Sequence(next))
        }
    }

    @Test func `what is gone is forgotten once there is much of it`() {
        var deadlines = Deadlines(from: Sequence(1))
        for number in 1...20_000 as ClosedRange<UInt64> {
            // The first one has the latest end, so that what is gone hides behind it.
            deadlines.append(Sequence(number), Timestamp(number), 1_000_000, 1)
            deadlines.prune { $0 > Sequence(1) && $0.rawValue + 10 < number }
            #expect(deadlines.count <= 3_000)
        }
        var held = Deadlines(from: Sequence(1))
        held.append(Sequence(1), Timestamp(1), 1, 1)
        if let entry = held.popDue(before: Timestamp(9)) { held.hold(entry) }
        #expect(held.popDue(before: Timestamp(9)) == nil)
        held.release()
        #expect(held.popDue(before: Timestamp(9))?.sequence == Sequence(1))
    }
}
