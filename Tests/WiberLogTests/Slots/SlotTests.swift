import Testing
import WiberBase

@testable import WiberLog

@Suite("Records in two slots (rule 2)")
struct SlotTests {
    static let hard: HardSlot = {
        var slot = HardSlot(group: GroupID(7))
        slot.generation = 3
        slot.term = Term(5)
        slot.votedFor = NodeID(2)
        slot.segmentEnd = LogIndex(9)
        return slot
    }()

    static let group = GroupSlot(generation: 1, group: GroupID(7), number: 4, name: "orders-1")

    static let superblock: Superblock = {
        var block = Superblock(
            storeID: UniqueID(high: 1, low: 2),
            bootID: UniqueID(high: 3, low: 4),
            nodeID: NodeID(3),
            nodeName: "n3"
        )
        block.walFileCount = 2
        return block
    }()

    @Test func `every record reads back as it was written`() throws {
        try expectRoundTrip(Self.hard)
        try expectRoundTrip(Self.group)
        try expectRoundTrip(Self.superblock)
    }

    @Test func `every prefix and every flipped bit of a slot is refused`() {
        expectRefusals(Self.hard)
        expectRefusals(Self.group)
        expectRefusals(Self.superblock)
    }

    private func expectRoundTrip<Record: SlotRecord>(_ record: Record) throws {
        let bytes = record.encode()
        #expect(bytes.count == Record.slotSize)
        #expect(try bytes.withUnsafeBytes { try Record.decode($0) } == record)
    }

    private func expectRefusals<Record: SlotRecord>(_ record: Record) {
        let bytes = record.encode()
        for count in 0..<bytes.count {
            let prefix = Array(bytes[..<count])
            #expect((try? prefix.withUnsafeBytes { try Record.decode($0) }) == nil)
        }
        for flipped in bytes.flippedBits {
            #expect((try? flipped.withUnsafeBytes { try Record.decode($0) }) == nil)
        }
    }

    @Test func `the two copies of a record are never in one page`() {
        for number in 0..<300 {
            let first = HardSlot.offset(of: number, .first)
            let second = HardSlot.offset(of: number, .second)
            #expect(first / 4_096 + 1 == second / 4_096)
            #expect(HardSlot.capacity(ofFile: second + HardSlot.slotSize) > number)
        }
    }

    @Test func `of two copies the good and newer one counts`() {
        var newer = Self.hard
        newer.generation += 1
        newer.term = Term(6)
        var twin = Self.hard
        twin.term = Term(9)
        let old = Self.hard.encode()
        let bad = Array(old.flippedBits.prefix(1))[0]
        let zero = [UInt8](repeating: 0, count: HardSlot.slotSize)
        #expect(pair(old, old) == .good(Self.hard, repair: nil))
        #expect(pair(newer.encode(), old) == .good(newer, repair: .older))
        #expect(pair(old, newer.encode()) == .good(newer, repair: .older))
        #expect(pair(old, bad) == .good(Self.hard, repair: .damaged))
        #expect(pair(bad, old) == .good(Self.hard, repair: .damaged))
        #expect(pair(zero, old) == .good(Self.hard, repair: .damaged))
        #expect(pair(old, zero) == .firstOnly(Self.hard))
        #expect(pair(bad, zero) == .torn)
        #expect(pair(bad, bad) == .damaged)
        #expect(pair(zero, bad) == .torn)
        #expect(pair(zero, zero) == .absent)
        #expect(pair(old, twin.encode()) == .damaged)
    }

    @Test func `a copy that was written to a wrong place is a bad one`() {
        var other = Self.hard
        other.group = GroupID(99)
        let file = file(other.encode(), Self.hard.encode())
        let pair = SlotPair<HardSlot>(file, number: 0) { $0.group == Self.hard.group }
        #expect(pair == .good(Self.hard, repair: .damaged))
    }

    private func pair(_ first: [UInt8], _ second: [UInt8]) -> SlotPair<HardSlot> {
        SlotPair(file(first, second), number: 0)
    }

    private func file(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        var file = [UInt8](repeating: 0, count: 8_192)
        file.replaceSubrange(0..<first.count, with: first)
        file.replaceSubrange(4_096..<4_096 + second.count, with: second)
        return file
    }
}

extension [UInt8] {
    /// Every array that differs from this one in one bit.
    var flippedBits: some Swift.Sequence<[UInt8]> {
        (0..<count * 8).lazy.map { bit in
            var copy = self
            copy[bit / 8] ^= 1 << UInt8(bit % 8)
            return copy
        }
    }
}
