import Synchronization

/// What a measurement sends, and how much.
public struct BenchLoad: Sendable {
    /// The servers, tried in turn.
    public var servers: [ServerAddress]
    /// Where messages go, or are expected.
    public var subject: String
    /// How many, by all clients together.
    public var messages: Int
    /// Bytes of payload in each.
    public var size: Int
    /// Connections.
    public var clients: Int

    /// A load.
    public init(
        servers: [ServerAddress],
        subject: String,
        messages: Int,
        size: Int,
        clients: Int
    ) {
        self.servers = servers
        self.subject = subject
        self.messages = messages
        self.size = size
        self.clients = clients
    }

    /// About 64 KiB of publishes, and how many those are.
    func block(reply: String? = nil) -> (bytes: [UInt8], count: Int) {
        let one =
            Array("PUB \(subject) \(size)\r\n".utf8) + [UInt8](repeating: 120, count: size)
            + [13, 10]
        let count = max(1, (64 << 10) / one.count)
        return (Array(repeatElement(one, count: count).joined()), count)
    }

    func share(_ place: Int) -> Int { Crew.share(of: messages, place, among: clients) }
}

/// What clients of one kind did together.
public struct BenchResult: Sendable {
    /// What they are, as `publishers`.
    public var role: String
    /// How many there were.
    public var clients: Int
    /// What they sent or received in all.
    public var messages: Int
    /// Bytes of payload in each.
    public var size: Int
    /// From the first to the last.
    public var seconds: Double
    /// How long answers took, if there were any.
    public var latencies: LatencyHistogram?
    /// Acknowledgements that said `duplicate`.
    public var duplicates = 0

    /// Messages a second.
    public var rate: Double { seconds > 0 ? Double(messages) / seconds : 0 }
}

/// Shows how far a measurement is: a count, now and then.
public typealias BenchProgress = (Int) -> Void
