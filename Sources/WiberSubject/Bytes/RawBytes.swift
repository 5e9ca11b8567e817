extension UnsafeRawBufferPointer {
    /// Whether this is the one byte and nothing else.
    func isOnly(_ byte: UInt8) -> Bool { count == 1 && self[0] == byte }

    func isEqual(to bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { isEqual(to: $0) } }

    func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard count >= 8 else { return start == other.start }
        var offset = 0
        while offset < count - 8 {
            if word(at: offset) != other.word(at: offset) { return false }
            offset += 8
        }
        return word(at: count - 8) == other.word(at: count - 8)
    }

    /// The eight bytes from `offset` on, the first one lowest; they must be there.
    func word(at offset: Int) -> UInt64 {
        UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The first eight bytes, the first one lowest; zeros stand for what is not there.
    var start: UInt64 {
        guard count < 8 else { return word(at: 0) }
        var word: UInt64 = 0
        for (place, byte) in self.enumerated() { word |= UInt64(byte) << (place * 8) }
        return word
    }
}
