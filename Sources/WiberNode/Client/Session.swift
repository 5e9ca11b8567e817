import WiberBase
import WiberWire

/// One client's connection.
struct Session {
    /// A client's place in a topic that it follows.
    struct Subscription {
        let group: GroupID
        /// The next message to send.
        var next: Sequence
        /// A read from disk that is under way.
        var readToken: UInt64?
    }

    let connection: ConnectionID
    let address: String
    /// Bytes of a line that has not ended, or of lines that wait because reading is paused.
    var inbox: [UInt8] = []
    var scanner = LineScanner()
    var replies = ReplyQueue()
    /// What goes out at the end of the turn.
    var out: [UInt8] = []
    var subscriptions: [Subscription] = []
    /// The topic that the last publish named, to spare the look-up.
    var lastTopicName: [UInt8] = []
    var lastTopicSlot = -1
    /// Whether the buffer towards the client is full, and since when.
    var unwritableSince: Instant?
    var isReading = true
    /// Which INFO it began with.
    var infoVersion: UInt64 = 0
    /// Whether its first bytes have not told yet what it speaks.
    var isUndecided = true
    var isQuitting = false
    /// Whether the client sends no more: it still gets its replies.
    var hasInputEnded = false
    let since: Instant
    /// The last bytes, for half a line that never ends.
    var lastHeard: Instant
    var isTouched = false
    /// Requests that arrived, for INFO and metrics.
    var requestCount: UInt64 = 0

    init(connection: ConnectionID, address: String, now: Instant) {
        self.connection = connection
        self.address = address
        since = now
        lastHeard = now
    }
}
