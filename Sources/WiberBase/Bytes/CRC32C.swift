import CWiber

/// CRC-32C (Castagnoli), the checksum of everything on disk and between nodes (RFC 3720 B.4).
public enum CRC32C {
    /// Continues `crc` over `bytes`; start with 0.
    public static func checksum(_ bytes: UnsafeRawBufferPointer, from crc: UInt32 = 0) -> UInt32 {
        guard let start = bytes.baseAddress else { return crc }
        return wiber_crc32c(crc, start, bytes.count)
    }

    /// The checksum of `bytes`.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0) }
    }

    /// The checksum of a part of `bytes`.
    ///
    /// - Precondition: `range` lies within `bytes`.
    public static func checksum(_ bytes: [UInt8], in range: Range<Int>) -> UInt32 {
        bytes.withUnsafeBytes { checksum(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
