import WiberBase

/// What the bytes at hand hold.
public enum LineStep {
    /// Nothing whole; `consumed` bytes belong to a line that is being skipped.
    case needMore(consumed: Int)
    /// A request; its line took `consumed` bytes.
    case request(LineRequest, consumed: Int)
    /// A line that is no request; skip `consumed` bytes.
    case invalid(LineError, consumed: Int)
}

/// Finds the requests in a client's bytes, whatever pieces they come in.
///
/// Keeps no bytes itself: the caller offers what is not consumed again, with more behind it. A line
/// that is too long is refused once and then skipped to its end in bounded memory.
public struct LineScanner: Sendable {
    private var isSkipping = false
    /// How far the bytes on offer are known to have no line end, so that none is looked at twice.
    private var scanned = 0

    /// At the start of a line.
    public init() {}

    /// Looks at the next line in `bytes`, which begins where the last step ended.
    public mutating func next(in bytes: UnsafeRawBufferPointer) -> LineStep {
        let end = lineEnd(in: bytes)
        if isSkipping {
            scanned = 0
            guard let end else { return .needMore(consumed: bytes.count) }
            isSkipping = false
            return skipped(bytes, end + 1)
        }
        guard let end else {
            guard bytes.count > LineLimits.payloadLengthMax + LineLimits.controlLengthMax else {
                scanned = bytes.count
                return .needMore(consumed: 0)
            }
            isSkipping = true
            scanned = 0
            return .invalid(Self.tooLong, consumed: bytes.count)
        }
        scanned = 0
        var length = end
        if length > 0, bytes[length - 1] == UInt8(ascii: "\r") { length -= 1 }
        let line = UnsafeRawBufferPointer(rebasing: bytes[..<length])
        if line.isEmpty { return skipped(bytes, end + 1) }
        var parser = LineParser(line)
        do {
            return .request(try parser.parse(), consumed: end + 1)
        } catch {
            return .invalid(error, consumed: end + 1)
        }
    }

    /// After a skipped or empty line: goes on with the next one.
    private mutating func skipped(_ bytes: UnsafeRawBufferPointer, _ count: Int) -> LineStep {
        guard count < bytes.count else { return .needMore(consumed: count) }
        // Skips runs of empty lines here, so that they cannot nest calls.
        var start = count
        while start < bytes.count, bytes[start] == UInt8(ascii: "\n") || isCRLF(bytes, start) {
            start += bytes[start] == UInt8(ascii: "\n") ? 1 : 2
        }
        guard start < bytes.count else { return .needMore(consumed: start) }
        switch next(in: UnsafeRawBufferPointer(rebasing: bytes[start...])) {
        case .needMore(let consumed): return .needMore(consumed: start + consumed)
        case .request(let request, let consumed):
            return .request(request, consumed: start + consumed)
        case .invalid(let error, let consumed): return .invalid(error, consumed: start + consumed)
        }
    }

    private func isCRLF(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        bytes[start] == UInt8(ascii: "\r") && start + 1 < bytes.count
            && bytes[start + 1] == UInt8(ascii: "\n")
    }

    private func lineEnd(in bytes: UnsafeRawBufferPointer) -> Int? {
        let start = min(scanned, bytes.count)
        return ByteSearch.firstIndex(of: UInt8(ascii: "\n"), in: bytes, from: start)
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
