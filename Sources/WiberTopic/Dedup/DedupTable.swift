import WiberBase

/// Which messages the topic remembers, in the order of its log.
///
/// Follows the *appended* log, so that it includes what is not committed yet: a new leader knows the
/// ids in its uncommitted tail without a replay, and a truncation takes them back. Memory is given
/// back by *committed* log time only, which no truncation can turn back; whether a message is still
/// within the window is asked at each look-up. So the same id may be here twice, once expired and
/// once stored anew in the uncommitted tail; the newer one answers.
///
/// `entries` is the order; `slots` finds a digest in it by linear probing: 0 is free, otherwise bit
/// 31 and the low bits of the entry's number.
struct DedupTable {
    struct Place: Equatable {
        var sequence: Sequence
        var index: LogIndex
    }
    private struct Entry {
        var digest: Digest128
        var sequence: Sequence
        var time: Timestamp
        var index: LogIndex
        /// Whether an entry with the same digest was here when it came.
        var isRepeat: Bool
    }

    private static let occupied: UInt32 = 1 << 31
    private static let slotsMin = 16
    /// The bytes that one id costs at most: the ring and the slots have just doubled.
    static let entrySize = 112

    private let budget: DedupBudget
    private var entries = RingBuffer<Entry>()
    private var slots: [UInt32] = []
    /// How many entries have left at the front: the number of the first one.
    private var departed: UInt32 = 0

    init(budget: DedupBudget) { self.budget = budget }

    var count: Int { entries.count }
    /// The memory that the ids take, about.
    var byteCount: Int { entries.count * Self.entrySize }
    /// The log entry of the oldest id.
    var firstIndex: LogIndex? { entries.first?.index }
    /// The log entry of the newest id.
    var lastIndex: LogIndex? { entries.last?.index }
    /// The log time of the oldest id.
    var firstTime: Timestamp? { entries.first?.time }
    /// The log time of the newest id.
    var lastTime: Timestamp? { entries.last?.time }

    /// The newest message with this digest, unless it is older than `limit`.
    func place(of digest: Digest128, since limit: Timestamp) -> Place? {
        guard !slots.isEmpty else { return nil }
        let slot = slots[find(digest)]
        guard slot != 0 else { return nil }
        let entry = entries[offset(slot)]
        return entry.time < limit ? nil : Place(sequence: entry.sequence, index: entry.index)
    }

    /// Whether a message of a range is remembered.
    func remembers(from start: Sequence, to end: Sequence) -> Bool {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].sequence < start { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].sequence < end
    }

    func remembers(_ sequence: Sequence) -> Bool {
        remembers(from: sequence, to: sequence.next)
    }

    mutating func insert(
        _ digest: Digest128,
        _ sequence: Sequence,
        _ time: Timestamp,
        _ index: LogIndex
    ) {
        if (entries.count + 1) * 2 > slots.count { grow() }
        let slot = find(digest)
        let isRepeat = slots[slot] != 0
        slots[slot] = name(entries.count)
        entries.append(
            Entry(digest: digest, sequence: sequence, time: time, index: index, isRepeat: isRepeat)
        )
        budget.take()
    }

    /// Gives back the memory of what is older than `limit`, which must never fall again.
    mutating func expire(before limit: Timestamp) {
        while let first = entries.first, first.time < limit {
            let slot = find(first.digest)
            if slots[slot] == name(0) { free(slot) }
            entries.popFirst()
            departed &+= 1
            budget.give()
        }
        shrinkIfEmpty()
    }

    /// Takes back the entries from `index` on, and uncovers what they had replaced.
    mutating func truncate(from index: LogIndex) {
        while let last = entries.last, last.index >= index {
            let slot = find(last.digest)
            if last.isRepeat, let older = olderEntry(last.digest) {
                slots[slot] = name(older)
            } else {
                free(slot)
            }
            entries.popLast()
            budget.give()
        }
    }

    /// What was admitted and not sealed has the index `open` until it has its own.
    mutating func seal(_ index: LogIndex, open: LogIndex) {
        var place = entries.count - 1
        while place >= 0, entries[place].index == open {
            entries[place].index = index
            place -= 1
        }
    }

    // MARK: Slots

    private func name(_ offset: Int) -> UInt32 {
        (departed &+ UInt32(truncatingIfNeeded: offset)) | Self.occupied
    }

    private func offset(_ slot: UInt32) -> Int {
        Int((slot &- departed) & (Self.occupied - 1))
    }

    private func home(_ digest: Digest128) -> Int {
        var mixed = (digest.low ^ budget.seed) &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 32) ^ digest.high) &* 0xbf58_476d_1ce4_e5b9
        return Int(truncatingIfNeeded: mixed >> 32) & (slots.count - 1)
    }

    /// The slot that has the digest, or the free one where it belongs.
    private func find(_ digest: Digest128) -> Int {
        var slot = home(digest)
        while slots[slot] != 0, entries[offset(slots[slot])].digest != digest {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    /// Frees a slot and closes the gap behind it (Knuth, TAOCP 3, algorithm 6.4 R).
    private mutating func free(_ slot: Int) {
        let mask = slots.count - 1
        var hole = slot
        var next = (slot + 1) & mask
        while slots[next] != 0 {
            let home = home(entries[offset(slots[next])].digest)
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = 0
    }

    /// The newest entry but the last with this digest.
    ///
    /// Looks at all of them, because it is rare.
    private func olderEntry(_ digest: Digest128) -> Int? {
        var place = entries.count - 2
        while place >= 0 {
            if entries[place].digest == digest { return place }
            place -= 1
        }
        return nil
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: max(Self.slotsMin, slots.count * 2))
        for place in 0..<entries.count { slots[find(entries[place].digest)] = name(place) }
    }

    private mutating func shrinkIfEmpty() {
        guard entries.isEmpty, slots.count > 1_024 else { return }
        slots = []
        entries = RingBuffer()
    }
}
