import CWiber

/// Frames of zstd (RFC 8878).
public enum Zstd {
    /// Compresses bytes; `nil` if the frame would have more than `room` bytes.
    public static func compress(_ bytes: UnsafeRawBufferPointer, room: Int) -> [UInt8]? {
        guard let start = bytes.baseAddress, room > 0 else { return nil }
        let frame = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            count = wiber_zstd_compress(base, room, start, bytes.count)
        }
        return frame.isEmpty ? nil : frame
    }

    /// Expands a frame and appends what it has: `count` bytes, no more and no fewer.
    ///
    /// The caller has checked that there may be so many: room is made for them first.
    ///
    /// - Returns: `false` if the frame is damaged, or has more or fewer; then nothing is appended.
    public static func expand(
        _ frame: UnsafeRawBufferPointer,
        count: Int,
        into bytes: inout [UInt8]
    ) -> Bool {
        guard let start = frame.baseAddress, count > 0 else { return false }
        let before = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        let found = bytes.withUnsafeMutableBytes { buffer -> Int in
            guard let base = buffer.baseAddress else { return -1 }
            return wiber_zstd_expand(base + before, count, start, frame.count)
        }
        guard found == count else {
            bytes.removeLast(count)
            return false
        }
        return true
    }
}
