/// 128 bits that stand for a state: among a million states, two that are not equal share theirs
/// with a probability of about 10⁻²⁷.
package struct StateHash: Hashable, Comparable, Sendable {
    private var high: UInt64
    private var low: UInt64

    /// The hash of bytes that describe a state.
    package init(_ bytes: [UInt8]) {
        var first: UInt64 = 0x243f_6a88_85a3_08d3
        var second: UInt64 = 0x1319_8a2e_0370_7344
        var word: UInt64 = 0
        var filled: UInt64 = 0
        for byte in bytes {
            word |= UInt64(byte) << (filled * 8)
            filled += 1
            if filled == 8 {
                Self.mix(word, &first, &second)
                (word, filled) = (0, 0)
            }
        }
        Self.mix(word, &first, &second)
        Self.mix(UInt64(bytes.count), &first, &second)
        high = Self.finish(first ^ (second << 32 | second >> 32))
        low = Self.finish(second &+ first)
    }

    /// Puts another hash behind this one; the order matters.
    package mutating func combine(_ other: StateHash) {
        Self.mix(other.high, &high, &low)
        Self.mix(other.low, &low, &high)
    }

    /// Orders by number, so that a set of states has one order.
    package static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// Half of the bits are random enough for a table.
    package func hash(into hasher: inout Hasher) { hasher.combine(low) }

    private static func mix(_ word: UInt64, _ first: inout UInt64, _ second: inout UInt64) {
        first = (first ^ word) &* 0x9e37_79b9_7f4a_7c15
        first ^= first >> 32
        second = (second &+ word) &* 0xd6e8_feb8_6659_fd93
        second ^= (second >> 29) ^ first
    }

    private static func finish(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
