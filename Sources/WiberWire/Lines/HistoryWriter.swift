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
        messages.object(message, subject: subject)
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
