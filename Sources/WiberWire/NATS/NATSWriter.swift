public import WiberBase

/// Writes what a node says to a NATS client.
public enum NATSWriter {
    /// Writes `-ERR '<text>'`.
    public static func error(_ text: String, into bytes: inout [UInt8]) {
        bytes.appendLiteral("-ERR '")
        bytes.append(contentsOf: text.utf8)
        bytes.appendLiteral("'\r\n")
    }

    /// Writes that a subject is not for clients.
    public static func violation(
        publishTo subject: UnsafeRawBufferPointer,
        into bytes: inout [UInt8]
    ) {
        error("Permissions Violation for Publish to \(quoted(subject))", into: &bytes)
    }

    /// Writes that a reply subject is not for clients.
    public static func violation(
        replyTo reply: UnsafeRawBufferPointer,
        into bytes: inout [UInt8]
    ) {
        error("Permissions Violation for Publish with Reply of \(quoted(reply))", into: &bytes)
    }

    /// A subject in quotes, with its control characters and quotes escaped as in Go.
    private static func quoted(_ subject: UnsafeRawBufferPointer) -> String {
        var text = "\""
        for scalar in String(decoding: subject, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\u{7}": text += "\\a"
            case "\u{8}": text += "\\b"
            case "\t": text += "\\t"
            case "\u{b}": text += "\\v"
            case "\u{c}": text += "\\f"
            case "\r": text += "\\r"
            case "\0"..."\u{1f}", "\u{7f}":
                text += (scalar.value < 16 ? "\\x0" : "\\x") + String(scalar.value, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    /// Writes `MSG` or, if there are headers and the client takes them, `HMSG`, and the payload.
    public static func message(
        _ message: NATSPublish,
        sid: [UInt8],
        hasHeaders: Bool,
        into bytes: inout [UInt8]
    ) {
        let room = message.payload.count
        head(message, sid: sid, hasHeaders: hasHeaders, room: room, into: &bytes)
        bytes.append(contentsOf: message.payload)
        bytes.appendLiteral("\r\n")
    }

    /// Writes what comes before the payload, with room for so many more bytes; `\r\n` follows that.
    @inline(__always)
    public static func head(
        _ message: NATSPublish,
        sid: [UInt8],
        hasHeaders: Bool,
        room: Int = 0,
        into bytes: inout [UInt8]
    ) {
        let headers = hasHeaders ? message.headers : nil
        let length =
            message.subject.count + (message.reply?.count ?? 0) + sid.count
            + (headers?.count ?? 0) + room + 40
        bytes.reserveRoom(for: length)
        if headers == nil { bytes.appendLiteral("MSG ") } else { bytes.appendLiteral("HMSG ") }
        bytes.append(contentsOf: message.subject)
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: sid)
        bytes.append(UInt8(ascii: " "))
        if let reply = message.reply {
            bytes.append(contentsOf: reply)
            bytes.append(UInt8(ascii: " "))
        }
        if let headers {
            bytes.appendDecimal(UInt64(headers.count))
            bytes.append(UInt8(ascii: " "))
        }
        bytes.appendDecimal(UInt64((headers?.count ?? 0) + message.payload.count))
        bytes.appendLiteral("\r\n")
        if let headers { bytes.append(contentsOf: headers) }
    }

    /// Writes what a publisher hears once its message is safe: `{"stream":"…","seq":1}`.
    public static func acknowledgement(
        _ stream: String,
        _ sequence: Sequence,
        isDuplicate: Bool,
        into bytes: inout [UInt8]
    ) {
        var json = JSONWriter()
        json.object { json in
            json.field("stream", stream)
            json.field("seq", sequence.rawValue)
            if isDuplicate { json.field("duplicate", true) }
        }
        bytes += json.bytes
    }

    /// Writes why a message was not stored, in JetStream's form and with its codes.
    public static func refusal(
        _ stream: String,
        _ code: LineErrorCode,
        _ text: String,
        into bytes: inout [UInt8]
    ) {
        let (status, number): (UInt64, UInt64) =
            switch code {
            case .tooLong: (400, 10_097)
            case .overloaded: (429, 10_167)
            case .dedupFull: (503, 10_023)
            case .diskFull: (503, 10_047)
            case .quota: (503, 10_077)
            case .conflict: (400, 10_071)
            case .idConflict: (400, 10_070)
            case .badArguments: (400, 10_193)
            case .timeToLive: (400, 10_166)
            case .timeToLiveInvalid: (400, 10_165)
            case .kept: (400, 10_111)
            case .rollup: (400, 10_111)
            case .wrongTopic: (400, 10_060)
            default: (503, 10_008)
            }
        var json = JSONWriter()
        json.object { json in
            json.object("error") { json in
                json.field("code", status)
                json.field("err_code", number)
                json.field("description", text)
            }
            json.field("stream", stream)
            json.field("seq", UInt64(0))
        }
        bytes += json.bytes
    }

    /// Writes the answer to a request that nobody hears.
    public static func noResponders(
        reply: UnsafeRawBufferPointer,
        sid: [UInt8],
        subject: UnsafeRawBufferPointer,
        into bytes: inout [UInt8]
    ) {
        var headers = Array("NATS/1.0 503\r\nNats-Subject: ".utf8)
        headers.append(contentsOf: subject)
        headers.appendLiteral("\r\n\r\n")
        headers.withUnsafeBytes { headers in
            let answer = NATSPublish(
                subject: reply,
                reply: nil,
                headers: headers,
                payload: UnsafeRawBufferPointer(start: nil, count: 0)
            )
            message(answer, sid: sid, hasHeaders: true, into: &bytes)
        }
    }
}

extension [UInt8] {
    /// Grows at once and by doubling, instead of once for each part.
    fileprivate mutating func reserveRoom(for length: Int) {
        if capacity < count + length { reserveCapacity(Swift.max(2 * capacity, count + length)) }
    }
}
