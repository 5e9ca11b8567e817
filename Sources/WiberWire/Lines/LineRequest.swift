public import WiberBase

/// A request of the line protocol; byte ranges are borrowed from the line.
public enum LineRequest {
    /// `PING`
    case ping
    /// `PUB <topic> <text>` and `PUBID <topic> <id> <text>`
    case publish(PublishRequest)
    /// `SUB <topic> [from]`
    case subscribe(UnsafeRawBufferPointer, from: Sequence?)
    /// `UNSUB <topic>`
    case unsubscribe(UnsafeRawBufferPointer)
    /// `HISTORY <topic> [from] [limit]`
    case history(UnsafeRawBufferPointer, from: Sequence?, limit: UInt64?)
    /// `TOPICS`
    case topics
    /// `STATS [topic]`
    case stats(UnsafeRawBufferPointer?)
    /// `HELP`
    case help
    /// `QUIT`
    case quit
    /// `CONNECT {…}`: the first line of a NATS client.
    case connect
}

/// A publish; its parts are borrowed from the line.
public struct PublishRequest {
    /// A topic's name, or a subject if it has dots.
    public var topic: UnsafeRawBufferPointer
    /// Whether `topic` is a subject.
    public var topicIsSubject: Bool
    /// What identifies the message: UTF-8 without spaces and control characters, 1 to
    /// ``LineLimits/idLengthMax`` bytes.
    public var id: UnsafeRawBufferPointer?
    /// The text.
    public var payload: UnsafeRawBufferPointer
}

/// What a line may hold.
public enum LineLimits {
    /// The longest text, in bytes (1 MiB).
    public static let payloadLengthMax = 1 << 20
    /// The most bytes of a line that are not its text (4 KiB).
    public static let controlLengthMax = 4_096
    /// The longest line without its end, in bytes.
    public static let lineLengthMax = payloadLengthMax + controlLengthMax
    /// The longest message id, in bytes.
    public static let idLengthMax = 1_024
}
