public import WiberBase

/// What a node says about a topic, from its own replica (contract: `/api/topics`).
public struct TopicStatus: Sendable {
    /// One replica of a topic.
    public struct Replica: Sendable {
        /// The node's id.
        public var node: String
        /// `leader`, `follower`, `learner` (has no vote yet), or `unknown`.
        public var role: String
        /// How far its log is known to be the leader's; known on the leader only.
        public var matchIndex: UInt64?
        /// Whether it has everything that is committed; known on the leader only.
        public var isCurrent: Bool?
        /// A replica.
        public init(node: String, role: String, matchIndex: UInt64?, isCurrent: Bool?) {
            self.node = node
            self.role = role
            self.matchIndex = matchIndex
            self.isCurrent = isCurrent
        }
    }

    /// What somebody asked the topic to be.
    public var configuration: TopicConfiguration
    /// The leader's id, if it is known.
    public var leader: String?
    /// The replicas.
    public var replicas: [Replica] = []
    /// The ids of the nodes that shall hold it; `nil` unless it moves.
    public var target: [String]?
    /// The leader's term.
    public var term: UInt64 = 0
    /// The first message's sequence.
    public var firstSequence: UInt64 = 1
    /// The last message's sequence; one less than the first if there is none.
    public var lastSequence: UInt64 = 0
    /// The messages.
    public var messages: UInt64 = 0
    /// The bytes of their bodies.
    public var bytes: UInt64 = 0
    /// The messages between the first and the last that are gone.
    public var removed: UInt64 = 0
    /// Messages in a row that the answering node is to erase from its disk, and has not yet.
    public var erasuresPending: UInt64 = 0
    /// The different subjects of its messages, about; known where the topic is indexed by subject.
    public var subjectCount: UInt64?
    /// The first message's time, if it is known.
    public var firstTime: Timestamp?
    /// The last message's time, if there is one.
    public var lastTime: Timestamp?
    /// Connections of the answering node that follow the topic.
    public var subscribers: UInt64 = 0
    /// Messages a thousand seconds, over the last ten.
    public var publishRateThousandths: UInt64 = 0

    /// An empty topic.
    public init(configuration: TopicConfiguration) { self.configuration = configuration }

    /// Writes the topic as a value.
    public func write(into json: inout JSONWriter) {
        json.object { json in
            json.field("name", configuration.name)
            json.field("description", configuration.description)
            json.array("subjects", configuration.subjects) { $0.string($1) }
            json.field("leader", leader)
            json.array("replicas", replicas) { json, replica in
                json.object { json in
                    json.field("node", replica.node)
                    json.field("role", replica.role)
                    json.field("match_index", replica.matchIndex)
                    json.field("current", replica.isCurrent ?? false)
                }
            }
            if configuration.isRestoring { json.field("restoring", true) }
            if let backup = configuration.restoredFrom {
                json.field("restored_from", backup.description)
            }
            if let target { json.array("moving_to", target) { $0.string($1) } }
            json.field("term", term)
            json.field("first_sequence", firstSequence)
            json.field("last_sequence", lastSequence)
            json.field("messages", messages)
            json.field("bytes", bytes)
            json.field("removed", removed)
            if erasuresPending > 0 { json.field("erasures_pending", erasuresPending) }
            if let subjectCount { json.field("subject_count", subjectCount) }
            json.field("first_time", firstTime?.rfc3339)
            json.field("last_time", lastTime?.rfc3339)
            json.field("subscribers", subscribers)
            json.field("publish_rate", thousandths: publishRateThousandths)
            writeLimits(into: &json)
        }
    }

    private func writeLimits(into json: inout JSONWriter) {
        json.object("retention") { json in
            json.field("max_age_ms", configuration.retention.maxAge.map { $0 / 1_000_000 })
            json.field("max_bytes", configuration.retention.maxBytes)
            json.field("max_messages", configuration.retention.maxMessages)
            json.field("max_per_subject", configuration.retention.maxPerSubject)
        }
        if !configuration.quota.isUnlimited {
            json.object("quota") { json in
                json.field("bytes", configuration.quota.bytes)
                json.field("messages", configuration.quota.messages)
            }
        }
        if !configuration.placement.isAnywhere {
            json.object("placement") { json in
                json.array("tags", configuration.placement.tags) { $0.string($1) }
                json.field("spread", configuration.placement.spread)
            }
        }
        switch configuration.compression {
        case .none: json.field("compression", "none")
        case .zstd: json.field("compression", "zstd")
        }
        json.field("rollup", configuration.allowsRollup)
        json.field("message_ttl", configuration.allowsTimeToLive)
        if let life = configuration.timeToLiveDefault {
            json.field("default_ttl_ms", life / 1_000_000)
        }
        if let floor = configuration.keepFrom { json.field("keep_from", floor) }
        if let idle = configuration.deleteAfterIdle {
            json.field("delete_after_idle_ms", idle / 1_000_000)
        }
        json.object("dedup") { json in
            switch configuration.dedupKey {
            case .none: json.field("by", "none")
            case .id: json.field("by", "id")
            case .content: json.field("by", "content")
            }
            json.field("window_ms", configuration.dedupWindow / 1_000_000)
        }
    }
}
