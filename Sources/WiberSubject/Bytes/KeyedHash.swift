import WiberBase

/// A hash of bytes under a secret: the same for the same seed, in every process.
///
/// Folds 64 × 64 bit products, 16 bytes at a time. Each product mixes a word of the bytes with a
/// word of the secret, so that somebody who does not know the seed cannot make keys that collide.
/// It is no checksum, and never leaves the process.
struct KeyedHash: Sendable {
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64

    init(seed: UInt64) {
        var random = RandomSource(seed: seed)
        first = random.next()
        second = random.next()
        third = random.next()
    }

    /// The hash of `bytes` in the name space `salt`.
    func callAsFunction(_ bytes: UnsafeRawBufferPointer, salt: UInt64 = 0) -> UInt64 {
        var state = Self.fold(salt ^ third, second)
        var offset = 0
        while bytes.count - offset > 16 {
            state = Self.fold(bytes.word(at: offset) ^ first, bytes.word(at: offset + 8) ^ state)
            offset += 16
        }
        let (low, high) = Self.tail(bytes, from: offset)
        state = Self.fold(low ^ first, high ^ state)
        return Self.fold(state ^ third, UInt64(bytes.count) ^ second)
    }

    /// The last bytes, up to 16, as two words that may overlap: the length is hashed too.
    private static func tail(
        _ bytes: UnsafeRawBufferPointer,
        from offset: Int
    ) -> (low: UInt64, high: UInt64) {
        if bytes.count - offset >= 8 {
            return (bytes.word(at: offset), bytes.word(at: bytes.count - 8))
        }
        if bytes.count >= 8 { return (bytes.word(at: bytes.count - 8), 0) }
        return (bytes.start, 0)
    }

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
