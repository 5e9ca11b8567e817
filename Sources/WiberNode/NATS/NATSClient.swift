import WiberBase
import WiberSubject
import WiberWire

/// A connection that speaks NATS.
final class NATSClient {
    let connection: ConnectionID
    let address: String
    let since: Instant
    /// What CONNECT said; before it, nothing is done for the client.
    var options = NATSConnect()
    var hasConnected = false
    /// Bytes of an operation that has not ended.
    var inbox: [UInt8] = []
    /// What goes out at the end of the turn, or once the client reads again.
    var output = NATSOutput()
    /// What a turn's bytes for it may come to, by the turn before.
    var outCapacity = 0
    /// By the client's own names.
    var subscriptions: [[UInt8]: SubscriptionID] = [:]
    /// Whether the buffer towards the client is full, and since when.
    var unwritableSince: Instant?
    /// The connection ends: nothing more is read or delivered.
    var isClosing = false
    var hasInputEnded = false
    /// Publishes that topics store: where the acknowledgement of each goes, in order.
    var acknowledgements = RingBuffer<NATSAcknowledgement>()
    /// Nothing more is done for it until some of them are out.
    var isHeld = false
    /// It is not read from, because a lane to another node is full.
    var isStalled = false
    var isTouched = false
    /// Whether its first PING was answered.
    var hasPonged = false
    /// Which INFO it has seen.
    var infoVersion: UInt64 = 0
    var lastHeard: Instant
    var nextPing: Instant
    /// When something was sent last.
    var lastSent: Instant
    /// When the PING went out whose answer comes next.
    var pingSentAt: Instant?
    var roundTrip: Instant.Span?
    var closeReason = CloseReason.clientClosed
    /// PINGs without an answer.
    var unanswered = 0
    var messagesIn: UInt64 = 0
    var messagesOut: UInt64 = 0
    /// Of headers and payloads.
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0

    init(connection: ConnectionID, address: String, now: Instant) {
        self.connection = connection
        self.address = address
        since = now
        lastHeard = now
        lastSent = now
        nextPing = now + .seconds(2)
    }

    /// When it is pinged first.
    var firstPing: Instant { since + .seconds(2) }

    /// How a log line names it: the client's own name, if it has one.
    var label: String { options.name.isEmpty ? address : "\(options.name) (\(address))" }
}

/// Where the acknowledgement of a stored publish goes.
struct NATSAcknowledgement {
    let group: GroupID
    /// `nil`: nobody asked for one.
    let reply: [UInt8]?
}
