import WiberBase

/// What a NATS client asks for; byte ranges are borrowed from its bytes.
public enum NATSOperation {
    /// `CONNECT {…}`: the JSON.
    case connect(UnsafeRawBufferPointer)
    /// `PUB` and `HPUB`
    case publish(NATSPublish)
    /// `SUB <subject> [queue] <sid>`
    case subscribe(NATSSubscribe)
    /// `UNSUB <sid> [max]`; without a number, or with one that is none: at once, which is 0.
    case unsubscribe(sid: UnsafeRawBufferPointer, max: UInt64)
    /// `PING`
    case ping
    /// `PONG`
    case pong
    /// `+OK` and `INFO {…}`, which mean nothing when a client says them.
    case ignored
}

/// A publish.
public struct NATSPublish {
    /// Where to.
    public var subject: UnsafeRawBufferPointer
    /// Where an answer goes.
    public var reply: UnsafeRawBufferPointer?
    /// The header block with its empty line; `nil` for `PUB`.
    public var headers: UnsafeRawBufferPointer?
    /// What the message says.
    public var payload: UnsafeRawBufferPointer

    /// A publish, of whatever is given.
    public init(
        subject: UnsafeRawBufferPointer,
        reply: UnsafeRawBufferPointer? = nil,
        headers: UnsafeRawBufferPointer? = nil,
        payload: UnsafeRawBufferPointer
    ) {
        self.subject = subject
        self.reply = reply
        self.headers = headers
        self.payload = payload
    }
}

/// A subscription.
public struct NATSSubscribe {
    /// What to: wildcards are allowed.
    public var subject: UnsafeRawBufferPointer
    /// The queue group, of which one member gets each message.
    public var queue: UnsafeRawBufferPointer?
    /// The client's own name for it.
    public var sid: UnsafeRawBufferPointer
}

/// Why a connection ends, in nats-server's words, which clients match.
public enum NATSFailure: Error, Hashable, Sendable {
    /// No operation, or a payload that does not end where it should.
    case unknownOperation
    /// A line that is too long.
    case controlLine
    /// More than ``LineLimits/payloadLengthMax`` bytes.
    case payload
    /// CONNECT asks for a protocol that nobody speaks.
    case clientProtocol
    /// CONNECT asks for what needs headers, without them.
    case noRespondersWithoutHeaders
    /// CONNECT names an account.
    case authorization
    /// PINGs were not answered.
    case stale
    /// Arguments that cannot be: nats-server says nothing, and closes.
    case silent

    /// What goes into `-ERR '…'`; `nil`: nothing is said.
    public var text: String? {
        switch self {
        case .unknownOperation: "Unknown Protocol Operation"
        case .controlLine: "maximum control line exceeded"
        case .payload: "Maximum Payload Violation"
        case .clientProtocol: "invalid client protocol"
        case .noRespondersWithoutHeaders: "no responders requires headers support"
        case .authorization: "Authorization Violation"
        case .stale: "Stale Connection"
        case .silent: nil
        }
    }
}

/// What a NATS client may send.
public enum NATSLimits {
    /// The longest argument part of a line, in bytes.
    public static let controlLineMax = 4_096
    /// The longest verb with the space behind it, in bytes.
    static let verbMax = 8
}
