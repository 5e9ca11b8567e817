/// Well-formed UTF-8 (RFC 3629).
public enum UTF8Check {
    /// Whether all of `bytes` is well-formed.
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let length = sequenceLength(bytes, at: offset)
            guard length > 0 else { return false }
            offset += length
        }
        return true
    }

    /// The length of the character at `offset`, in bytes; 0 if there is none.
    static func sequenceLength(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        let first = bytes[offset]
        if first < 0x80 { return 1 }
        let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
        guard first >= 0xc2, first <= 0xf4, offset + length <= bytes.count else { return 0 }
        let second = bytes[offset + 1]
        let lowest: UInt8 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80
        let highest: UInt8 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf
        guard second >= lowest, second <= highest else { return 0 }
        for place in offset + 2..<max(offset + 2, offset + length) {
            guard bytes[place] & 0xc0 == 0x80 else { return 0 }
        }
        return length
    }
}
