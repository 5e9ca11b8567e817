/// What somebody asked a topic to be; replicated in the meta group, the same on every node.
public struct TopicConfiguration: Equatable, Sendable {
    /// When messages leave the topic from its front; `nil` means never.
    public struct Retention: Equatable, Sendable {
        /// The longest a message stays, in nanoseconds of log time.
        public var maxAge: UInt64?
        /// The most bytes of message bodies.
        public var maxBytes: UInt64?
        /// The most messages.
        public var maxMessages: UInt64?
        /// The most messages of a subject.
        public var maxPerSubject: UInt64?
        /// Keeps everything, unless limits are given.
        public init(
            maxAge: UInt64? = nil,
            maxBytes: UInt64? = nil,
            maxMessages: UInt64? = nil,
            maxPerSubject: UInt64? = nil
        ) {
            self.maxAge = maxAge
            self.maxBytes = maxBytes
            self.maxMessages = maxMessages
            self.maxPerSubject = maxPerSubject
        }
        /// Whether nothing ever leaves from the front.
        public var isUnlimited: Bool { maxAge == nil && maxBytes == nil && maxMessages == nil }
    }

    /// What makes two messages the same one.
    public enum DedupKey: UInt8, Sendable {
        /// Nothing: every publish is stored.
        case none = 0
        /// The message id that the publisher gave; without one a message is never a duplicate.
        case id = 1
        /// The payload, by SHA-256.
        case content = 2
    }

    /// How a topic's closed segments are kept on disk.
    public enum Compression: UInt8, Sendable {
        /// As they were written.
        case none = 0
        /// In blocks that zstd has compressed.
        case zstd = 1
    }

    /// The topic's name: 1 to 255 of `A-Z a-z 0-9 _ -`.
    public var name: String
    /// For people.
    public var description: String
    /// The subjects that the topic captures, NATS wildcards allowed.
    public var subjects: [String]
    /// How many nodes hold it.
    public var replicas: Int
    /// When messages leave.
    public var retention: Retention
    /// What makes two messages the same one.
    public var dedupKey: DedupKey
    /// For how long a message is remembered for that, in nanoseconds of log time.
    public var dedupWindow: UInt64
    /// The topic is deleted after this time without a publish or a subscriber, in nanoseconds;
    /// `nil`: never.
    public var deleteAfterIdle: UInt64?

    /// Whether a publish may take earlier messages along, of its subject or all.
    public var allowsRollup = false
    /// The subject of messages that have none of their own; `nil`: the topic's name.
    ///
    /// Another one only where a backup was restored under another name.
    public var ownSubject: String?
    /// The backup that the topic was restored from, or is being restored from.
    public var restoredFrom: UniqueID?
    /// Whether the topic waits for the rest of that backup: until then it takes no publish, and nothing
    /// leaves it.
    public var isRestoring = false
    /// On which nodes it may be.
    public var placement = Placement()
    /// What it may hold, beside what its retention lets go.
    public var quota = Quota()

    /// Whether a publish may say how long its message stays.
    public var allowsTimeToLive = false
    /// How long the message of a publish stays that does not say it, in nanoseconds of log time; `nil`: as
    /// the retention has it.
    public var timeToLiveDefault: UInt64?
    /// The floor: messages from this sequence on never leave, whatever limits say; `nil`: there is none.
    public var keepFrom: UInt64?
    /// How its closed segments are kept on disk from now on.
    public var compression = Compression.none

    /// A topic with the contract's defaults: subjects `name` and `name.>`, a two-minute window.
    public init(name: String, replicas: Int) {
        self.name = name
        description = ""
        subjects = [name, name + ".>"]
        self.replicas = replicas
        retention = Retention()
        dedupKey = .id
        dedupWindow = 120_000_000_000
    }

    /// Whether `name` may name a topic.
    public static func isValidName(_ name: some Collection<UInt8>) -> Bool {
        !name.isEmpty && name.count <= 255
            && name.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
