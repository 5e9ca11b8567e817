import WiberBase

/// A set of sequences that are mostly near each other: 4,096 in a row share a block of bits, and a block
/// of which all are in the set has none.
struct SequenceSet {
    fileprivate struct Block {
        /// Empty if none or all are in the set.
        var words: [UInt64] = []
        var count = 0

        func contains(_ bit: Int) -> Bool {
            words.isEmpty ? count > 0 : words[bit / 64] & (1 << (bit % 64)) != 0
        }

        mutating func insert(_ bit: Int) -> Bool {
            guard !contains(bit) else { return false }
            if words.isEmpty { words = Array(repeating: 0, count: SequenceSet.size / 64) }
            words[bit / 64] |= 1 << (bit % 64)
            count += 1
            if count == SequenceSet.size { words = [] }
            return true
        }

        mutating func remove(_ bit: Int) {
            if words.isEmpty { words = Array(repeating: .max, count: SequenceSet.size / 64) }
            words[bit / 64] &= ~(1 << (bit % 64))
            count -= 1
        }
    }

    private static let shift: UInt64 = 12
    fileprivate static let size = 1 << 12
    private var blocks: [UInt64: Block] = [:]
    /// Nothing is here before this.
    private var floor = Sequence.zero
    /// How many sequences are in the set.
    private(set) var count: UInt64 = 0

    var isEmpty: Bool { count == 0 }
    /// The memory that it takes, about, in bytes.
    var byteCount: Int { blocks.count * (64 + Self.size / 8) }

    func contains(_ sequence: Sequence) -> Bool {
        guard !isEmpty, let block = blocks[sequence.rawValue >> Self.shift] else { return false }
        return block.contains(Self.bit(sequence))
    }

    /// - Returns: whether it was not there.
    @discardableResult
    mutating func insert(_ sequence: Sequence) -> Bool {
        guard sequence >= floor else { return false }
        let key = sequence.rawValue >> Self.shift
        let isNew = blocks[key, default: Block()].insert(Self.bit(sequence))
        if isNew { count += 1 }
        return isNew
    }

    mutating func insert(_ removal: Removal) {
        var next = max(removal.first.rawValue, floor.rawValue)
        let end = removal.end.rawValue
        while next < end {
            let key = next >> Self.shift
            let blockEnd = (key + 1) << Self.shift
            if next & UInt64(Self.size - 1) == 0, end >= blockEnd {
                count += UInt64(Self.size - (blocks[key]?.count ?? 0))
                blocks[key] = Block(words: [], count: Self.size)
                next = blockEnd
            } else {
                insert(Sequence(next))
                next += 1
            }
        }
    }

    mutating func remove(_ sequence: Sequence) {
        guard contains(sequence) else { return }
        let key = sequence.rawValue >> Self.shift
        blocks[key, default: Block()].remove(Self.bit(sequence))
        count -= 1
        if blocks[key]?.count == 0 { blocks[key] = nil }
    }

    mutating func remove(_ removal: Removal) {
        var next = removal.first.rawValue
        let end = removal.end.rawValue
        while next < end, !isEmpty {
            let key = next >> Self.shift
            let blockEnd = (key + 1) << Self.shift
            guard let block = blocks[key] else {
                next = blockEnd
                continue
            }
            if next & UInt64(Self.size - 1) == 0, end >= blockEnd {
                count -= UInt64(block.count)
                blocks[key] = nil
                next = blockEnd
            } else {
                remove(Sequence(next))
                next += 1
            }
        }
    }

    /// Forgets what is before `first`; nothing before it may be added any more.
    mutating func drop(before first: Sequence) {
        guard first > floor else { return }
        defer { floor = first }
        guard !isEmpty else { return }
        let key = first.rawValue >> Self.shift
        if key > floor.rawValue >> Self.shift {
            for old in blocks.keys where old < key {
                count -= UInt64(blocks[old]?.count ?? 0)
                blocks[old] = nil
            }
        }
        guard blocks[key] != nil else { return }
        for value in max(floor.rawValue, key << Self.shift)..<first.rawValue {
            remove(Sequence(value))
        }
    }

    /// The first sequence from `start` on that is not in the set.
    func firstAbsent(from start: Sequence) -> Sequence {
        var value = start.rawValue
        while let block = blocks[value >> Self.shift] {
            if block.words.isEmpty {
                value = ((value >> Self.shift) + 1) << Self.shift
                continue
            }
            guard block.contains(Self.bit(Sequence(value))) else { break }
            value += 1
        }
        return Sequence(value)
    }

    /// How many are in the set from `start` on, and before `end`.
    func count(from start: Sequence, to end: Sequence) -> UInt64 {
        guard !isEmpty, start < end else { return 0 }
        var found: UInt64 = 0
        var value = start.rawValue
        while value < end.rawValue {
            let blockEnd = min(end.rawValue, ((value >> Self.shift) + 1) << Self.shift)
            if let block = blocks[value >> Self.shift] {
                found +=
                    block.count == Self.size
                    ? blockEnd - value : block.ones(from: value, to: blockEnd)
            }
            value = blockEnd
        }
        return found
    }

    private static func bit(_ sequence: Sequence) -> Int {
        Int(sequence.rawValue & UInt64(size - 1))
    }
}

extension SequenceSet.Block {
    /// How many of a part of the block are in the set.
    fileprivate func ones(from start: UInt64, to end: UInt64) -> UInt64 {
        var found: UInt64 = 0
        var value = start
        while value < end {
            let bit = Int(value & UInt64(SequenceSet.size - 1))
            let wordEnd = min(end, (value | 63) + 1)
            var word = words[bit / 64] >> (bit % 64)
            let length = wordEnd - value
            if length < 64 { word &= (1 << length) - 1 }
            found += UInt64(word.nonzeroBitCount)
            value = wordEnd
        }
        return found
    }
}
