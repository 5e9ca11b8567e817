public import WiberBase

/// What the leader of a topic knows about it, for nodes that do not: about once a second while it
/// changes.
public struct TopicReport: Sendable, Equatable {
    /// One replica, as the leader sees it.
    public struct Replica: Sendable, Equatable {
        /// The node.
        public var node: NodeID
        /// How far its log is known to be the leader's.
        public var match: LogIndex
        /// Whether it has everything that is committed.
        public var isCurrent: Bool
        /// A replica.
        public init(node: NodeID, match: LogIndex, isCurrent: Bool) {
            self.node = node
            self.match = match
            self.isCurrent = isCurrent
        }
    }

    /// The most replicas in a report.
    public static let replicasMax = 64

    /// The topic.
    public var group: GroupID
    /// The leader's term.
    public var term: Term
    /// The first message that is still there.
    public var first: Sequence
    /// The next message's sequence.
    public var next: Sequence
    /// The messages.
    public var messages: UInt64
    /// The bytes of their bodies.
    public var bytes: UInt64
    /// The last message's time.
    public var lastTime: Timestamp
    /// The replicas.
    public var replicas: [Replica]

    /// A report.
    public init(
        group: GroupID,
        term: Term,
        first: Sequence,
        next: Sequence,
        messages: UInt64,
        bytes: UInt64,
        lastTime: Timestamp,
        replicas: [Replica]
    ) {
        self.group = group
        self.term = term
        self.first = first
        self.next = next
        self.messages = messages
        self.bytes = bytes
        self.lastTime = lastTime
        self.replicas = replicas
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(term.rawValue)
        bytes.appendInteger(first.rawValue)
        bytes.appendInteger(next.rawValue)
        bytes.appendInteger(messages)
        bytes.appendInteger(self.bytes)
        bytes.appendInteger(lastTime.rawValue)
        bytes.append(UInt8(clamping: replicas.count))
        for replica in replicas {
            bytes.appendInteger(replica.node.rawValue)
            bytes.appendInteger(replica.match.rawValue)
            bytes.append(replica.isCurrent ? 1 : 0)
        }
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> TopicReport {
        var report = TopicReport(
            group: try reader.identifier(),
            term: try reader.identifier(),
            first: try reader.identifier(),
            next: try reader.identifier(),
            messages: try reader.integer(),
            bytes: try reader.integer(),
            lastTime: try reader.identifier(),
            replicas: []
        )
        let count = try reader.integer(UInt8.self)
        guard count <= replicasMax else { throw .invalid(field: "replicas", value: UInt64(count)) }
        for _ in 0..<count {
            report.replicas.append(
                Replica(
                    node: try reader.identifier(),
                    match: try reader.identifier(),
                    isCurrent: try reader.integer(UInt8.self) != 0
                )
            )
        }
        return report
    }
}
