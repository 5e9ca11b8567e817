extension [UInt8] {
    /// Appends an integer, little-endian.
    @inlinable
    public mutating func appendInteger<T: FixedWidthInteger>(_ value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Overwrites an integer, little-endian.
    ///
    /// - Precondition: its bytes lie within the array.
    @inlinable
    public mutating func setInteger<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count, "offset \(offset)")
        withUnsafeMutableBytes {
            $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
        }
    }

    /// Appends a 32-bit length in bytes, then the UTF-8 bytes of `text`.
    public mutating func appendString(_ text: String) {
        appendInteger(UInt32(clamping: text.utf8.count))
        append(contentsOf: text.utf8)
    }

    /// Appends a 32-bit length in bytes, then `bytes`.
    public mutating func appendBlob(_ bytes: [UInt8]) {
        appendInteger(UInt32(clamping: bytes.count))
        append(contentsOf: bytes)
    }

    /// Appends `value` as decimal ASCII.
    @inlinable
    public mutating func appendDecimal(_ value: UInt64) {
        if value < 10 { return append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value)) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = value
            var start = 20
            while rest > 0 {
                start -= 1
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                digits[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
                rest = quotient
            }
            append(contentsOf: UnsafeMutableBufferPointer(rebasing: digits[start..<20]))
        }
    }

    /// Appends the UTF-8 bytes of a literal.
    @inlinable
    public mutating func appendLiteral(_ text: StaticString) {
        append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        )
    }
}
