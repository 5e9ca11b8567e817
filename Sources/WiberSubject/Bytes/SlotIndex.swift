import WiberBase

/// Finds numbered things by the hash of their key: open addressing with linear probing.
///
/// A slot is 0 if it is free; otherwise its upper half is the upper half of the hash, which also
/// says where the slot belongs, and its lower half the number plus 1. At most three quarters are
/// taken, and a slot costs 8 bytes. It grows and shrinks with what is in it, by copying: a change
/// is O(1) on average.
struct SlotIndex: Sendable {
    private static let slotsMin = 16

    private var slots: [UInt64] = []
    private(set) var count = 0

    /// The number under this hash that `isSame` accepts.
    @inline(__always)
    func find(_ hash: UInt64, where isSame: (Int) -> Bool) -> Int? {
        guard !slots.isEmpty else { return nil }
        var slot = home(hash)
        while slots[slot] != 0 {
            if slots[slot] >> 32 == hash >> 32 {
                let number = Self.number(slots[slot])
                if isSame(number) { return number }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds a number that is not there.
    mutating func insert(_ hash: UInt64, _ number: Int) {
        invariant(number < Int(UInt32.max), "a slot has no room for number \(number)")
        if (count + 1) * 4 > slots.count * 3 { resize(to: max(Self.slotsMin, slots.count * 2)) }
        place(Self.entry(hash, number))
        count += 1
    }

    /// Takes out a number that is there.
    mutating func remove(_ hash: UInt64, _ number: Int) {
        free(slot(of: hash, number))
        count -= 1
        if count == 0 {
            slots = []
        } else if slots.count > Self.slotsMin, count * 8 < slots.count {
            resize(to: slots.count / 2)
        }
    }

    /// Gives a number that is there another name.
    mutating func renumber(_ hash: UInt64, from old: Int, to new: Int) {
        slots[slot(of: hash, old)] = Self.entry(hash, new)
    }

    // MARK: Slots

    private static func entry(_ hash: UInt64, _ number: Int) -> UInt64 {
        hash & 0xffff_ffff_0000_0000 | UInt64(number + 1)
    }

    private static func number(_ slot: UInt64) -> Int { Int(slot & 0xffff_ffff) - 1 }

    private func home(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
    }

    private func slot(of hash: UInt64, _ number: Int) -> Int {
        let entry = Self.entry(hash, number)
        var slot = home(hash)
        while slots[slot] != entry {
            invariant(slots[slot] != 0, "number \(number) is not where its hash says")
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private mutating func place(_ entry: UInt64) {
        var slot = home(entry)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
    }

    /// Frees a slot and closes the gap behind it (Knuth, TAOCP 3, algorithm 6.4 R).
    private mutating func free(_ slot: Int) {
        let mask = slots.count - 1
        var hole = slot
        var next = (slot + 1) & mask
        while slots[next] != 0 {
            if (next - home(slots[next])) & mask >= (next - hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = 0
    }

    private mutating func resize(to slotCount: Int) {
        let entries = slots
        slots = Array(repeating: 0, count: slotCount)
        for entry in entries where entry != 0 { place(entry) }
    }
}
