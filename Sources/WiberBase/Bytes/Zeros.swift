extension UnsafeRawBufferPointer {
    /// Whether every byte is zero; looks at a word at a time, because pages are mostly zeros.
    public var isZero: Bool {
        let size = MemoryLayout<UInt64>.size
        var offset = 0
        while offset + size <= count {
            guard loadUnaligned(fromByteOffset: offset, as: UInt64.self) == 0 else { return false }
            offset += size
        }
        while offset < count {
            guard self[offset] == 0 else { return false }
            offset += 1
        }
        return true
    }
}
