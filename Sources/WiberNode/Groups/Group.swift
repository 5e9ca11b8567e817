import WiberBase
import WiberRaft
import WiberTopic
import WiberWire

/// A Raft group on this node: consensus, the topic's state, and who waits for what.
struct Group {
    /// Somebody who waits until an entry is committed.
    struct Waiter {
        enum Answer {
            /// A run of publishes of one connection, all in the chunk at the fence.
            case run(ConnectionID, slot: UInt64, first: Sequence)
            /// A publish that was stored before.
            case duplicate(ConnectionID, slot: UInt64, of: Sequence)
            /// A publish that is not stored, for a reason that is in the log.
            case conflict(ConnectionID, slot: UInt64, with: Sequence, PublishOutcome)
            /// A batch whose results are in `batches`.
            case batch(UInt64)
            /// A command of a person, or of another node.
            case command(CommandOrigin)
        }
        /// The entry that must be committed; ``open`` until the chunk is sealed.
        var fence: LogIndex
        /// The fence of what is in the chunk that is still open.
        static let open = LogIndex(.max)
        var answer: Answer
    }

    /// Somebody who waits until a confirmed read index is applied.
    struct Read {
        enum Origin {
            /// A HISTORY of this node.
            case history(UInt64)
            /// Another node's request.
            case peer(NodeID, request: UInt64)
            /// A backup of this node.
            case backup(UInt64)
            /// A message that somebody asks this node for.
            case message(UInt64)
        }
        var origin: Origin
        /// `nil` until the leader has confirmed it.
        var index: LogIndex?
        let deadline: Instant
    }

    let id: GroupID
    var configuration: TopicConfiguration
    let nameBytes: [UInt8]
    /// The subject of messages without one.
    var ownSubject: [UInt8] { configuration.ownSubject.map { Array($0.utf8) } ?? nameBytes }
    /// The members that hold it, or are to hold it, as meta says.
    var replicas: [NodeID]
    /// The meta entry that said so.
    var placedAt = LogIndex.zero
    /// The nodes that may begin without being told who holds it.
    let firstReplicas: [NodeID]
    /// Whether its replica was taken into use here, or is being repaired for that.
    var wasActivated = false
    /// `nil` on a node that is not a replica.
    var raft: Raft?
    var topic: TopicState
    var applied = LogIndex.zero
    /// Another replica's log begins here: what is before it has left the topic, and a damaged entry
    /// there is passed over.
    var skippedTo = LogIndex.zero
    /// The time of the last committed message.
    var lastMessageTime: Timestamp?
    /// In the order of their fences.
    var waiters = RingBuffer<Waiter>()
    /// Who waits until what is before a sequence is gone.
    var purges: [PurgeTask] = []
    /// What this replica is to erase from its disk.
    var erasures: [PendingErasure] = []
    /// A block of a backup on its way into the log.
    var importTask: ImportTask?
    /// Publishes on their way to the leader, oldest first.
    var outbox = RingBuffer<PublishBatch>()
    var outboxBytes = 0
    /// Forwarded batches without an answer, and where they went: nothing goes elsewhere before
    /// they are answered, so that a connection's publishes stay in order.
    var outstandingForwards = 0
    var forwardTarget: (node: NodeID, term: Term)?
    /// By context.
    var reads: [UInt64: Read] = [:]
    var subscribers: [ConnectionID] = []
    /// Whether something is to be done at the end of the turn.
    var isDirty = false
    /// How often consensus was stepped: what a checker has seen of it is old once this has grown.
    var stepCount: UInt64 = 0
    /// Since when no leader is known, for messages to clients.
    var leaderlessSince: Timestamp?
    /// For a node without a replica: who led last.
    var leaderHint: NodeID?
    /// What the leader said last about the topic, on a node that does not lead it.
    var report: TopicReport?
    /// What this node said last about it, as the leader, and when.
    var reported: (report: TopicReport, at: Instant)?
    /// A read of the oldest chunks, for retention.
    var frontReadToken: UInt64?
    /// A read for the index of subjects, and the message from which on it is.
    var indexRead: (token: UInt64, from: Sequence)?
    /// Whether the last message is being read, for its id.
    var isReadingLastID = false
    /// Every replica holds the log up to here, as the leader announced in the log.
    var replicatedTo = LogIndex.zero
    var announcedFirst = Sequence(1)
    /// When a client was last known to follow it, on the leader of a topic that may expire.
    var lastUse = Instant.zero
    /// It is about to be deleted, as nobody uses it: nothing is admitted until then.
    var expiresUntil = Instant.zero
    /// When the next step of the topic's move may be made.
    var nextMoveStep = Instant.zero
    /// When meta may be told again who the members are.
    var nextReport = Instant.zero
    var lastAnnouncement = Instant.zero
    /// Log time may not run ahead of this plus what has passed since (rule 15).
    var electedAt: (wall: Timestamp, now: Instant)?

    /// The members of its group, as its own log says; as meta says, without a replica here.
    var members: [NodeID] {
        let members = raft?.configuration.members ?? []
        return members.isEmpty ? replicas : members
    }
    /// Whether this node's replica may answer readers: one that only listens may be far behind.
    var servesReads: Bool { raft.map { $0.configuration.isVoter($0.id) } ?? false }
    /// Whether readers are sent to another node.
    var relaysReads: Bool {
        guard let raft else { return true }
        return !servesReads && raft.leader != nil
    }
    /// Whether its topic is gone, and its place free for another one.
    var isVacant: Bool { nameBytes.isEmpty }
    /// Whether others vote beside this node.
    var hasOtherVoters: Bool { raft.map { $0.configuration.voters.count > 1 } ?? false }
    /// Whether this node leads the group.
    var isLeader: Bool { raft?.role == .leader }
    /// The node that leads, as far as this node knows.
    var leader: NodeID? { raft == nil ? leaderHint : raft?.leader?.node }
    /// The member that a node is.
    func member(on node: NodeID) -> NodeID? { members.first { $0.node == node } }
}

/// A batch of publishes that was handed to a log, and whom to tell.
struct BatchState {
    /// What became of some publishes in a row.
    struct Outcome {
        /// The first one's sequence, or that of the message that is in the way.
        var first: Sequence
        var count: UInt32
        var kind: PublishOutcome
    }
    let target: PublishBatch.Target
    var outcomes: [Outcome] = []

    /// Adds the outcome of one publish.
    mutating func record(_ sequence: Sequence, _ kind: PublishOutcome) {
        if let last = outcomes.last, kind == .stored, last.kind == .stored,
            last.first.rawValue + UInt64(last.count) == sequence.rawValue
        {
            outcomes[outcomes.count - 1].count += 1
        } else {
            outcomes.append(Outcome(first: sequence, count: 1, kind: kind))
        }
    }
}
