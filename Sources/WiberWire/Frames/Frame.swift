public import WiberBase

/// What nodes send each other; encoded as in ``FrameWriter``.
public enum Frame: Sendable, Equatable {
    /// The first frame on a lane.
    case hello(Hello)
    /// The answer to it.
    case helloReply(HelloReply)
    /// The sender stops in an orderly way.
    case goodbye
    /// The sender lives.
    case beat(Beat)
    /// A group's message, opaque here.
    case raft(GroupID, [UInt8])
    /// Publishes for the leader.
    case forwardPublish(ForwardPublish)
    /// What became of them.
    case forwardReply(ForwardReply)
    /// Asks the leader how far a read must have been applied.
    case readIndexRequest(ReadIndexRequest)
    /// Its answer.
    case readIndexReply(ReadIndexReply)
    /// Asks the meta leader for a topic.
    case createTopic(CreateTopic)
    /// Why it cannot be; nothing is sent when it can.
    case createTopicReply(CreateTopicReply)
    /// What the leader of a topic knows about it.
    case topicReport(TopicReport)
    /// Asks a replica for entries that rotted here.
    case repairRequest(RepairRequest)
    /// Its answer.
    case repairReply(RepairReply)
    /// Asks a replica for entries that it may have, committed or not; answered by ``repairReply(_:)``.
    case lostEntriesRequest(LostEntriesRequest)
    /// Where the leader's log begins, for a replica whose log ends before.
    case installSnapshot(InstallSnapshot)
    /// Asks a topic's leader to let another replica lead.
    case transferLeadership(TransferLeadership)
    /// Asks a group's leader for a change.
    case commandRequest(CommandRequest)
    /// Its answer.
    case commandReply(CommandReply)
    /// Clients of the sender follow a topic that is deleted once nobody uses it.
    case topicUse(GroupID)
    /// What a follower lacks is in closed segments: it fetches that from whoever has it.
    case catchUpOffer(CatchUpOffer)
    /// What the sender's clients want from now on, or no more.
    case interest([InterestChange])
    /// Messages for the receiver's clients, each a ``RoutedMessage``.
    case routed([UInt8])
}

/// A sign of life, every 50 ms (rules.md 11), which also measures the way there and back.
public struct Beat: Sendable, Equatable {
    /// What a node knows of the cluster's formation.
    public enum Formation: UInt8, Sendable, CaseIterable {
        /// Nothing.
        case none
        /// It is in the meta log, and may not be committed.
        case inLog
        /// It is committed, and this node belongs to the cluster.
        case committed
    }

    /// The sender's incarnation.
    public var incarnation: UInt64
    /// The sender's monotonic clock, in nanoseconds.
    public var sentAt: UInt64
    /// The sender's wall clock.
    public var wall: Timestamp
    /// Whether the sender's disk does not answer, or is full.
    public var isDiskStalled: Bool
    /// What the sender knows of the cluster's formation.
    public var formation: Formation
    /// The feature level that the sender knows the cluster to be at: ahead of all that it sends of
    /// that level on the same lane.
    public var level: FeatureLevel
    /// `sentAt` of the last beat that the sender heard from the receiver; 0 for none.
    public var echo: UInt64
    /// How long ago that was, in nanoseconds.
    public var echoAge: UInt64
    /// A beat.
    public init(
        incarnation: UInt64,
        sentAt: UInt64,
        wall: Timestamp,
        isDiskStalled: Bool,
        formation: Formation,
        level: FeatureLevel = .base,
        echo: UInt64,
        echoAge: UInt64
    ) {
        self.incarnation = incarnation
        self.sentAt = sentAt
        self.wall = wall
        self.isDiskStalled = isDiskStalled
        self.formation = formation
        self.level = level
        self.echo = echo
        self.echoAge = echoAge
    }
}

/// Publishes on their way to the leader.
public struct ForwardPublish: Sendable, Equatable {
    /// Names the batch, among those of the sender.
    public var request: UInt64
    /// The topic.
    public var group: GroupID
    /// The term of the leader that the sender believes in; zero: any.
    public var term: Term
    /// How many.
    public var count: UInt32
    /// Each a 32-bit length, then a `MessageBody`.
    public var bodies: [UInt8]
    /// A batch.
    public init(request: UInt64, group: GroupID, term: Term, count: UInt32, bodies: [UInt8]) {
        self.request = request
        self.group = group
        self.term = term
        self.count = count
        self.bodies = bodies
    }
}

/// What became of a forwarded batch.
public enum ForwardStatus: UInt8, Sendable {
    /// All of it is committed.
    case stored = 1
    /// None of it was stored, now or ever: the receiver does not lead.
    case notLeader = 2
    /// Nobody knows.
    case unknown = 3
    /// None of it was stored, now or ever: the leader's disk is full.
    case diskFull = 4
}

/// What became of a publish of a batch.
public enum PublishOutcome: UInt8, Sendable, CaseIterable {
    /// It is stored.
    case stored = 0
    /// It was stored before.
    case duplicate = 1
    /// Not stored: the memory for ids is full.
    case dedupFull = 2
    /// Not stored: it cannot be in a chunk.
    case tooLarge = 3
    /// Not stored: another message than the publisher expects is the last one.
    case conflict = 4
    /// Not stored: the memory for subjects is full.
    case subjectsFull = 5
    /// Not stored: which messages have its subject is not known yet.
    case subjectsUnknown = 6
    /// Not stored: the topic does not let publishes take messages along.
    case rollupRefused = 7
    /// Not stored: the publisher expects another topic.
    case wrongTopic = 8
    /// Not stored: the last message has another id than the publisher expects.
    case idConflict = 20
    /// Not stored: the id of the last message is not known yet.
    case lastIDUnknown = 21
    /// Not stored: whose last sequence the publisher expects is no single subject.
    case subjectInvalid = 22
    /// Not stored: the topic takes no times to live.
    case timeToLiveRefused = 23
    /// Not stored: its time to live is none.
    case timeToLiveInvalid = 24
    /// Not stored: the memory for times to live is full.
    case timesToLiveFull = 25
    /// Not stored: messages would go along that the topic keeps.
    case kept = 26
    /// Not stored: the topic waits for the rest of a backup.
    case restoring = 40
    /// Not stored: the topic would have more messages than its quota.
    case quotaOfMessages = 50
    /// Not stored: the topic would have more bytes than its quota.
    case quotaOfBytes = 51
}

/// Consecutive publishes of a batch that got consecutive sequences.
public struct ForwardRun: Sendable, Equatable {
    /// The first one's sequence; for a conflict, that of the last message.
    public var first: Sequence
    /// How many.
    public var count: UInt32
    /// What became of them.
    public var outcome: PublishOutcome
    /// A run.
    public init(first: Sequence, count: UInt32, outcome: PublishOutcome) {
        self.first = first
        self.count = count
        self.outcome = outcome
    }
}

/// The leader's answer to a ``ForwardPublish``.
public struct ForwardReply: Sendable, Equatable {
    /// Which batch.
    public var request: UInt64
    /// What became of it.
    public var status: ForwardStatus
    /// The same for people.
    public var text: String
    /// The sequences, in the order of the batch.
    public var runs: [ForwardRun]
    /// An answer.
    public init(request: UInt64, status: ForwardStatus, text: String, runs: [ForwardRun]) {
        self.request = request
        self.status = status
        self.text = text
        self.runs = runs
    }
}

/// Asks the leader how far a read must have been applied.
public struct ReadIndexRequest: Sendable, Equatable {
    /// Names the read, among those of the sender.
    public var request: UInt64
    /// The topic.
    public var group: GroupID
    /// A request.
    public init(request: UInt64, group: GroupID) {
        self.request = request
        self.group = group
    }
}

/// The leader's answer to a ``ReadIndexRequest``.
public struct ReadIndexReply: Sendable, Equatable {
    /// Which read.
    public var request: UInt64
    /// The topic.
    public var group: GroupID
    /// `nil`: the receiver does not lead.
    public var index: LogIndex?
    /// An answer.
    public init(request: UInt64, group: GroupID, index: LogIndex?) {
        self.request = request
        self.group = group
        self.index = index
    }
}

/// Asks the meta leader for a topic; asking again changes nothing.
public struct CreateTopic: Sendable, Equatable {
    /// Names the request, among those of the sender.
    public var request: UInt64
    /// The topic's configuration, opaque here.
    public var topic: [UInt8]
    /// A request.
    public init(request: UInt64, topic: [UInt8]) {
        self.request = request
        self.topic = topic
    }
}

/// Why a topic cannot be.
public struct CreateTopicReply: Sendable, Equatable {
    /// Which request.
    public var request: UInt64
    /// The reason, for people.
    public var text: String
    /// An answer.
    public init(request: UInt64, text: String) {
        self.request = request
        self.text = text
    }
}
