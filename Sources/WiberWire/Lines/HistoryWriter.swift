public import WiberBase

/// Writes the reply to HISTORY, message by message.
public struct HistoryWriter: Sendable {
    private let topic: String
    private let from: Sequence
    private let limit: UInt64
    private var messages = JSONWriter()
    /// The messages so far.
    public private(set) var count: UInt64 = 0

    /// A reply without messages.
    public init(topic: String, from: Sequence, limit: UInt64) {
        self.topic = topic
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
            if let subject = message.body.subject {
                json.string(subject)
            } else {
                json.string(topic)
            }
            if let id = message.body.id, UTF8Check.isValid(id) {
                json.key("id")
                json.string(id)
            }
            if UTF8Check.isValid(message.body.payload) {
                json.key("data")
                json.string(message.body.payload)
            } else {
                json.field("data_base64", base64: message.body.payload)
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
