public import WiberBase

/// Writes the reply to HISTORY, message by message.
public struct HistoryWriter: Sendable {
    private let topic: String
    private let subject: String
    private let from: Sequence
    private let limit: UInt64
    private var messages = JSONWriter()
    /// The messages so far.
    public private(set) var count: UInt64 = 0

    /// A reply without messages.
    ///
    /// `subject` is that of messages without one; `nil`: the topic's name.
    public init(topic: String, subject: String? = nil, from: Sequence, limit: UInt64) {
        self.topic = topic
        self.subject = subject ?? topic
        self.from = from
        self.limit = limit
    }

    /// The bytes of the messages so far.
    public var byteCount: Int { messages.bytes.count }

    /// Adds a message.
    public mutating func add(_ message: Message) {
        count += 1
        messages.object { json in
            json.field("sequence", message.sequence.rawValue)
            json.field("time", message.time)
            json.key("subject")
            if let subject = message.body.subject, UTF8Check.isValid(subject) {
                json.string(subject)
            } else if let subject = message.body.subject {
                json.string(String(decoding: subject, as: UTF8.self))  // As far as it is text.
            } else {
                json.string(subject)
            }
            if let id = message.body.id, UTF8Check.isValid(id) {
                json.key("id")
                json.string(id)
            }
            if let headers = message.body.headers { Self.write(headers, into: &json) }
            if UTF8Check.isValid(message.body.payload) {
                json.key("data")
                json.string(message.body.payload)
            } else {
                json.field("data_base64", base64: message.body.payload)
            }
        }
    }

    /// `headers`, each name with all its values; or `headers_base64`, if they are no text.
    private static func write(_ headers: UnsafeRawBufferPointer, into json: inout JSONWriter) {
        guard UTF8Check.isValid(headers) else {
            return json.field("headers_base64", base64: headers)
        }
        json.object("headers") { json in
            for field in NATSHeaders.fields(in: headers) {
                json.key(field.name)
                json.array(field.values) { $0.string($1) }
            }
        }
    }

    /// Appends the whole line.
    public func finish(into bytes: inout [UInt8]) {
        var json = JSONWriter()
        json.string(topic)
        bytes.appendLiteral("OK {\"topic\":")
        bytes += json.bytes
        bytes.appendLiteral(",\"from\":")
        bytes.appendDecimal(from.rawValue)
        bytes.appendLiteral(",\"limit\":")
        bytes.appendDecimal(limit)
        bytes.appendLiteral(",\"count\":")
        bytes.appendDecimal(count)
        bytes.appendLiteral(",\"messages\":[")
        bytes += messages.bytes
        bytes.appendLiteral("]}\r\n")
    }
}
