import WiberBase

/// A message that a server delivers; byte ranges are borrowed from its bytes.
public struct NATSDelivery {
    /// Where it was published to.
    public var subject: UnsafeRawBufferPointer
    /// The client's own name for its subscription.
    public var sid: UnsafeRawBufferPointer
    /// Where an answer goes.
    public var reply: UnsafeRawBufferPointer?
    /// The header block with its empty line; `nil` for `MSG`.
    public var headers: UnsafeRawBufferPointer?
    /// What it says.
    public var payload: UnsafeRawBufferPointer

    /// The three digits behind `NATS/1.0` in the headers, as 503; `nil` if there are none.
    public var status: Int? {
        guard let headers, headers.count >= 12, headers[8] == UInt8(ascii: " ") else { return nil }
        let digits = headers[9..<12]
        guard digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
            return nil
        }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}

/// What a NATS server says.
public enum NATSServerOperation {
    /// `INFO {…}`: the JSON.
    case info(UnsafeRawBufferPointer)
    /// `MSG` and `HMSG`
    case message(NATSDelivery)
    /// `PING`
    case ping
    /// `PONG`
    case pong
    /// `+OK`
    case ok
    /// `-ERR '…'`: what is between the quotes.
    case error(UnsafeRawBufferPointer)
}

/// What a NATS server's bytes begin with.
public enum NATSServerStep {
    /// An operation that has not ended: offer the same bytes again once there are more behind them.
    case needMore
    /// An operation; it took `consumed` bytes.
    case operation(NATSServerOperation, consumed: Int)
    /// No NATS server says this.
    case failed
}

/// Finds the operations in a NATS server's bytes, whatever pieces they come in; the client's side of
/// ``NATSScanner``.
public enum NATSServerScanner {
    /// The longest line, in bytes: an INFO that lists many servers.
    public static let lineMax = 64 << 10
    /// The longest message, in bytes: what the largest nats-server may be told to take.
    public static let messageMax = 64 << 20

    /// Looks at the next operation in `bytes`, which begins where the last step ended.
    public static func next(in bytes: UnsafeRawBufferPointer) -> NATSServerStep {
        guard bytes.count >= 5 else { return bytes.isEmpty ? .needMore : start(bytes) }
        switch bytes.loadUnaligned(as: UInt32.self).littleEndian {
        case 0x2047_534d: return message(bytes, hasHeaders: false)  // "MSG "
        case 0x4753_4d48 where bytes[4] == UInt8(ascii: " "):  // "HMSG"
            return message(bytes, hasHeaders: true)
        default: return line(bytes)
        }
    }

    /// Fewer bytes than any operation has: whether they may become one.
    private static func start(_ bytes: UnsafeRawBufferPointer) -> NATSServerStep {
        if bytes.count == 5, bytes.starts(with: "+OK\r\n".utf8) {
            return .operation(.ok, consumed: 5)
        }
        let verbs = ["MSG ", "HMSG ", "INFO ", "PING\r", "PONG\r", "+OK\r\n", "-ERR "]
        let mayBecome = verbs.contains { $0.utf8.starts(with: bytes) }
        return mayBecome ? .needMore : .failed
    }

    private static func line(_ bytes: UnsafeRawBufferPointer) -> NATSServerStep {
        let longest = UnsafeRawBufferPointer(rebasing: bytes.prefix(lineMax))
        guard let end = ByteSearch.firstIndex(of: UInt8(ascii: "\n"), in: longest, from: 0) else {
            return bytes.count < lineMax ? .needMore : .failed
        }
        let hasReturn = end > 0 && bytes[end - 1] == UInt8(ascii: "\r")
        let line = UnsafeRawBufferPointer(rebasing: bytes[..<(hasReturn ? end - 1 : end)])
        let operation: NATSServerOperation
        if line.elementsEqual("PING".utf8) {
            operation = .ping
        } else if line.elementsEqual("PONG".utf8) {
            operation = .pong
        } else if line.elementsEqual("+OK".utf8) {
            operation = .ok
        } else if line.starts(with: "INFO ".utf8) {
            operation = .info(UnsafeRawBufferPointer(rebasing: line[5...]))
        } else if line.starts(with: "-ERR ".utf8) {
            operation = .error(UnsafeRawBufferPointer(rebasing: line[5...]).withoutQuotes)
        } else {
            return .failed
        }
        return .operation(operation, consumed: end + 1)
    }

    /// `MSG <subject> <sid> [reply] <#total>`, `HMSG <subject> <sid> [reply] <#headers> <#total>`.
    private static func message(
        _ bytes: UnsafeRawBufferPointer,
        hasHeaders: Bool
    ) -> NATSServerStep {
        var line = Words(bytes: bytes, place: hasHeaders ? 5 : 4)
        guard let subject = line.next(), let sid = line.next(), var size = line.next() else {
            return line.isIncomplete ? .needMore : .failed
        }
        var spare: [Range<Int>] = []
        while !line.hasEnded {
            guard spare.count < 2, let word = line.next() else {
                return line.isIncomplete ? .needMore : .failed
            }
            spare.append(size)
            size = word
        }
        var headers = 0
        if hasHeaders {
            guard let word = spare.popLast(), let length = number(bytes, word) else {
                return .failed
            }
            headers = length
        }
        guard spare.count <= 1, let total = number(bytes, size), headers <= total else {
            return .failed
        }
        let start = line.place
        guard bytes.count >= start + total + 2 else { return .needMore }
        guard bytes[start + total] == UInt8(ascii: "\r"),
            bytes[start + total + 1] == UInt8(ascii: "\n")
        else { return .failed }
        let delivery = NATSDelivery(
            subject: UnsafeRawBufferPointer(rebasing: bytes[subject]),
            sid: UnsafeRawBufferPointer(rebasing: bytes[sid]),
            reply: spare.first.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) },
            headers: hasHeaders
                ? UnsafeRawBufferPointer(rebasing: bytes[start..<start + headers]) : nil,
            payload: UnsafeRawBufferPointer(rebasing: bytes[start + headers..<start + total])
        )
        return .operation(.message(delivery), consumed: start + total + 2)
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ word: Range<Int>) -> Int? {
        guard let number = NATSScanner.number(UnsafeRawBufferPointer(rebasing: bytes[word])),
            number <= UInt64(messageMax)
        else { return nil }
        return Int(number)
    }

    /// The words of a line, with one space or more between them.
    private struct Words {
        let bytes: UnsafeRawBufferPointer
        var place: Int
        /// Whether the last word ended the line; ``place`` is behind the line then.
        var hasEnded = false
        var isIncomplete = false

        mutating func next() -> Range<Int>? {
            guard !hasEnded else { return nil }
            let limit = min(bytes.count, NATSServerScanner.lineMax)
            while place < limit, bytes[place] == UInt8(ascii: " ") { place += 1 }
            let start = place
            while place < limit, bytes[place] > UInt8(ascii: " ") { place += 1 }
            guard place + 1 < limit else {
                isIncomplete = limit < NATSServerScanner.lineMax
                return nil
            }
            guard place > start else { return nil }
            let word = start..<place
            switch bytes[place] {
            case UInt8(ascii: " "): place += 1
            case UInt8(ascii: "\r") where bytes[place + 1] == UInt8(ascii: "\n"):
                hasEnded = true
                place += 2
            default: return nil
            }
            return word
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var withoutQuotes: UnsafeRawBufferPointer {
        guard count >= 2, first == UInt8(ascii: "'"), last == UInt8(ascii: "'") else { return self }
        return UnsafeRawBufferPointer(rebasing: self[1..<count - 1])
    }
}
