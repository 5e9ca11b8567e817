import WiberBase

/// What the bytes at hand begin with.
public enum LineStep {
    /// A line that has not ended: offer the same bytes again once there are more behind them.
    case needMore
    /// Nothing to answer: an empty line, or a part of one that was refused already; skip `consumed`
    /// bytes and go on.
    case skipped(consumed: Int)
    /// A request; its line took `consumed` bytes. It may be offered again, if it has to wait.
    case request(LineRequest, consumed: Int)
    /// A line that is no request; skip `consumed` bytes.
    case invalid(LineError, consumed: Int)
}

/// Finds the requests in a client's bytes, whatever pieces they come in.
///
/// Keeps no bytes itself: the caller offers what is not consumed again, with more behind it. A line
/// that is too long is refused once and then skipped to its end in bounded memory: at most
/// ``LineLimits/lineLengthMax`` bytes and the line's end are ever left unconsumed.
public struct LineScanner: Sendable {
    private var isSkipping = false
    /// How far the bytes on offer are known to have no line end, so that none is looked at twice.
    private var scanned = 0

    /// At the start of a line.
    public init() {}

    /// Looks at the next line in `bytes`, which begins where the last step ended.
    ///
    /// A step is one line, so that a caller who does not consume a request finds it again.
    public mutating func next(in bytes: UnsafeRawBufferPointer) -> LineStep {
        let end = ByteSearch.firstIndex(
            of: UInt8(ascii: "\n"),
            in: bytes,
            from: min(scanned, bytes.count)
        )
        scanned = 0
        guard let end else { return unended(bytes) }
        if isSkipping {
            isSkipping = false
            return .skipped(consumed: end + 1)
        }
        let hasReturn = end > 0 && bytes[end - 1] == UInt8(ascii: "\r")
        let line = UnsafeRawBufferPointer(rebasing: bytes[..<(hasReturn ? end - 1 : end)])
        if line.isEmpty { return .skipped(consumed: end + 1) }
        guard line.count <= LineLimits.lineLengthMax else {
            return .invalid(Self.tooLong, consumed: end + 1)
        }
        var parser = LineParser(line)
        do {
            return .request(try parser.parse(), consumed: end + 1)
        } catch {
            return .invalid(error, consumed: end + 1)
        }
    }

    /// Waits for the line's end, unless the line is too long already, whatever comes: its last byte
    /// may be a carriage return that does not count.
    private mutating func unended(_ bytes: UnsafeRawBufferPointer) -> LineStep {
        if isSkipping, !bytes.isEmpty { return .skipped(consumed: bytes.count) }
        guard bytes.count > LineLimits.lineLengthMax + 1 else {
            scanned = bytes.count
            return .needMore
        }
        isSkipping = true
        return .invalid(Self.tooLong, consumed: bytes.count)
    }

    private static let tooLong = LineError(
        code: .tooLong,
        text: "a line holds at most 1 MiB of text and 4 KiB before it: send less in one message"
    )
}

/// Looks for a byte eight at a time.
enum ByteSearch {
    static func firstIndex(
        of byte: UInt8,
        in bytes: UnsafeRawBufferPointer,
        from start: Int
    ) -> Int? {
        let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
        var offset = start
        while offset + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ pattern
            // A zero byte in `word` is a match (Warren, Hacker's Delight, 6-1).
            let zeros = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
            if zeros != 0 { return offset + UInt64(littleEndian: zeros).trailingZeroBitCount / 8 }
            offset += 8
        }
        while offset < bytes.count {
            if bytes[offset] == byte { return offset }
            offset += 1
        }
        return nil
    }
}
