import WiberBase

/// What a NATS client's bytes begin with.
public enum NATSStep {
    /// An operation that has not ended: offer the same bytes again once there are more behind them.
    case needMore
    /// An operation; it took `consumed` bytes.
    case operation(NATSOperation, consumed: Int)
    /// The connection ends.
    case failed(NATSFailure)
}

/// Finds the operations of the NATS client protocol in bytes, whatever pieces they come in.
///
/// It keeps nothing between steps: the caller offers what is not consumed again, with more behind
/// it. It never leaves more than a control line and a payload of the longest kind unconsumed.
public enum NATSScanner {
    /// Whether a connection's first bytes are those of a NATS client; `nil` while they may be.
    ///
    /// They are `CONNECT`, and then a space or the JSON.
    public static func isNATS(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        guard !bytes.isEmpty else { return nil }
        switch Verb.connect.match(bytes) {
        case .found:
            let next = bytes[Verb.connect.length]
            return bytes[0] & 0xdf == UInt8(ascii: "C")
                && (isSpace(next) || next == UInt8(ascii: "{"))
        case .incomplete: return bytes[0] & 0xdf == UInt8(ascii: "C") ? nil : false
        case .unknown: return false
        }
    }

    /// Looks at the next operation in `bytes`, which begins where the last step ended.
    ///
    /// A client that said that it `takesHeaders` may send them, nobody else.
    public static func next(
        in bytes: UnsafeRawBufferPointer,
        takesHeaders: Bool
    ) -> NATSStep {
        guard !bytes.isEmpty else { return .needMore }
        if let step = quickPublish(in: bytes, takesHeaders: takesHeaders) { return step }
        let verb: Verb
        switch Verb.find(bytes) {
        case .found(let found): verb = found
        case .incomplete: return .needMore
        case .unknown: return .failed(.unknownOperation)
        }
        var start = verb.length
        if verb.hasArguments {
            while start < bytes.count, isSpace(bytes[start]) { start += 1 }
            guard start <= verb.length + NATSLimits.controlLineMax else {
                return .failed(.controlLine)
            }
        }
        let longest = min(bytes.count, start + NATSLimits.controlLineMax + 2)
        let searched = UnsafeRawBufferPointer(rebasing: bytes[..<longest])
        guard
            let end = ByteSearch.firstIndex(of: UInt8(ascii: "\n"), in: searched, from: start)
        else {
            if bytes.count <= start + NATSLimits.controlLineMax { return .needMore }
            // The last byte may be a carriage return that does not count.
            let isEnding =
                bytes.count == start + NATSLimits.controlLineMax + 1
                && bytes[bytes.count - 1] == UInt8(ascii: "\r")
            return isEnding ? .needMore : .failed(.controlLine)
        }
        let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
        let line = UnsafeRawBufferPointer(rebasing: bytes[start..<(hasReturn ? end - 1 : end)])
        guard line.count <= NATSLimits.controlLineMax else { return .failed(.controlLine) }
        guard takesHeaders || verb != .publishWithHeaders else { return .failed(.silent) }
        // It would be repeated in MSG, where clients may take it for the line's end.
        guard
            !verb.hasWords
                || ByteSearch.firstIndex(of: UInt8(ascii: "\r"), in: line, from: 0) == nil
        else { return .failed(.silent) }
        return parse(verb, line, bytes, after: end + 1)
    }

    private static func parse(
        _ verb: Verb,
        _ line: UnsafeRawBufferPointer,
        _ bytes: UnsafeRawBufferPointer,
        after end: Int
    ) -> NATSStep {
        switch verb {
        case .ping: return .operation(.ping, consumed: end)
        case .pong: return .operation(.pong, consumed: end)
        case .ok: return .operation(.ignored, consumed: end)
        case .info: return isObject(line) ? .operation(.ignored, consumed: end) : .failed(.silent)
        case .error: return .failed(.silent)
        case .connect: return .operation(.connect(line), consumed: end)
        case .subscribe:
            let arguments = Arguments(line)
            switch arguments.count {
            case 2:
                let request = NATSSubscribe(subject: arguments[0], queue: nil, sid: arguments[1])
                return .operation(.subscribe(request), consumed: end)
            case 3:
                let request = NATSSubscribe(
                    subject: arguments[0],
                    queue: arguments[1],
                    sid: arguments[2]
                )
                return .operation(.subscribe(request), consumed: end)
            default: return .failed(.silent)
            }
        case .unsubscribe:
            let arguments = Arguments(line)
            guard arguments.count == 1 || arguments.count == 2 else { return .failed(.silent) }
            let max = arguments.count == 2 ? number(arguments[1]) ?? 0 : 0
            return .operation(.unsubscribe(sid: arguments[0], max: max), consumed: end)
        case .publish: return publish(Arguments(line), hasHeaders: false, bytes, after: end)
        case .publishWithHeaders:
            return publish(Arguments(line), hasHeaders: true, bytes, after: end)
        }
    }

    private static func isObject(_ json: UnsafeRawBufferPointer) -> Bool {
        var reader = JSONReader(json)
        do throws(JSONError) {
            try reader.object { (_, reader) throws(JSONError) in try reader.skip() }
            try reader.end()
            return true
        } catch {
            return false
        }
    }

    /// `<subject> [reply] [#headers] <#total>`, then so many bytes and CR LF.
    private static func publish(
        _ arguments: Arguments,
        hasHeaders: Bool,
        _ bytes: UnsafeRawBufferPointer,
        after end: Int
    ) -> NATSStep {
        let sizes = hasHeaders ? 2 : 1
        guard arguments.count == sizes + 1 || arguments.count == sizes + 2,
            let total = number(arguments[arguments.count - 1])
        else { return .failed(.silent) }
        let headers = hasHeaders ? number(arguments[arguments.count - 2]) : 0
        guard let headers else { return .failed(.silent) }
        return publish(
            subject: arguments[0],
            reply: arguments.count == sizes + 2 ? arguments[1] : nil,
            headers: headers,
            total: total,
            bytes,
            after: end
        )
    }

    /// The payload behind a publish's line, of which `headers` bytes are the header block.
    static func publish(
        subject: UnsafeRawBufferPointer,
        reply: UnsafeRawBufferPointer?,
        headers: UInt64,
        total: UInt64,
        _ bytes: UnsafeRawBufferPointer,
        after end: Int
    ) -> NATSStep {
        guard headers <= total else { return .failed(.silent) }
        guard total <= LineLimits.payloadLengthMax else { return .failed(.payload) }
        let length = Int(total)
        if bytes.count > end + length {
            guard bytes[end + length] == UInt8(ascii: "\r") else {
                return .failed(.unknownOperation)
            }
        }
        guard bytes.count >= end + length + 2 else { return .needMore }
        guard bytes[end + length + 1] == UInt8(ascii: "\n") else {
            return .failed(.unknownOperation)
        }
        let split = end + Int(headers)
        let publish = NATSPublish(
            subject: subject,
            reply: reply,
            headers: headers > 0 ? UnsafeRawBufferPointer(rebasing: bytes[end..<split]) : nil,
            payload: UnsafeRawBufferPointer(rebasing: bytes[split..<end + length])
        )
        return .operation(.publish(publish), consumed: end + length + 2)
    }

    /// Decimal digits, with leading zeros or not; at most nine, as nats-server has it.
    static func number(_ text: UnsafeRawBufferPointer) -> UInt64? {
        guard !text.isEmpty, text.count <= 9 else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        return value
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}
