import WiberBase

/// Publishes as clients write them, which is most of what comes.
extension NATSScanner {
    /// A publish whose line has capital letters, single spaces and CR LF; `nil` if it has not, or
    /// does not end in `bytes`: then ``next(in:takesHeaders:)`` looks at it in full.
    static func quickPublish(
        in bytes: UnsafeRawBufferPointer,
        takesHeaders: Bool
    ) -> NATSStep? {
        guard bytes.count > 5 else { return nil }
        let hasHeaders: Bool
        switch bytes.loadUnaligned(as: UInt32.self).littleEndian {
        case 0x2042_5550: hasHeaders = false  // "PUB "
        case 0x4255_5048 where bytes[4] == UInt8(ascii: " ") && takesHeaders:  // "HPUB"
            hasHeaders = true
        default: return nil
        }
        let verb = hasHeaders ? 5 : 4
        let limit = min(bytes.count, verb + NATSLimits.controlLineMax)
        var line = QuickLine(bytes: bytes, place: verb, limit: limit)
        guard let subject = line.word(), !line.isAtEnd, let second = line.word() else { return nil }
        var reply: Range<Int>?
        var size = second
        var headers: UInt64 = 0
        if hasHeaders {
            guard !line.isAtEnd, let third = line.word() else { return nil }
            var first = second
            size = third
            if !line.isAtEnd {
                guard let last = line.word() else { return nil }
                (reply, first, size) = (second, third, last)
            }
            guard let length = number(bytes, first) else { return nil }
            headers = length
        } else if !line.isAtEnd {
            guard let third = line.word() else { return nil }
            (reply, size) = (second, third)
        }
        guard line.isAtEnd, let end = line.end, let total = number(bytes, size) else { return nil }
        return publish(
            subject: UnsafeRawBufferPointer(rebasing: bytes[subject]),
            reply: reply.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) },
            headers: headers,
            total: total,
            bytes,
            after: end
        )
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt64? {
        number(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }

    /// Words with one space between them.
    private struct QuickLine {
        let bytes: UnsafeRawBufferPointer
        var place: Int
        let limit: Int
        /// Whether the last word ended the line.
        var isAtEnd = false

        /// The next word, which a space or a carriage return ends; `nil` for anything else.
        mutating func word() -> Range<Int>? {
            let start = place
            while place < limit, bytes[place] > UInt8(ascii: " ") { place += 1 }
            guard place < limit, place > start else { return nil }
            let word = start..<place
            switch bytes[place] {
            case UInt8(ascii: " "): break
            case UInt8(ascii: "\r"): isAtEnd = true
            default: return nil
            }
            place += 1
            return word
        }

        /// Behind the line's end; `nil` if it has none.
        var end: Int? {
            place < bytes.count && bytes[place] == UInt8(ascii: "\n") ? place + 1 : nil
        }
    }
}
