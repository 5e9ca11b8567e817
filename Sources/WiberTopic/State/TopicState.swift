public import WiberBase
import WiberSubject

/// A topic as its log makes it: the same on every replica that has the same log.
///
/// Nothing here is stored anywhere else. The leader decides in ``seal(group:entry:expiry:)`` what the
/// statistics are after a chunk, and writes them into its header; followers adopt them.
///
/// 1. A message's sequence and time are decided when it is admitted, before it is in the log.
/// 2. Messages leave from the front by what a chunk's header says, and from the middle by its removals.
/// 3. A repeat within the dedup window gets the first one's sequence, whoever leads.
public struct TopicState {
    /// The index of what is admitted and not sealed yet.
    public static let open = LogIndex(.max)

    /// What somebody asked the topic to be.
    public internal(set) var configuration: TopicConfiguration
    /// After the last appended chunk.
    public internal(set) var tail = Tail()
    /// After the last applied chunk.
    public internal(set) var committed = Tail()
    var builder = ChunkBuilder()
    /// After the messages in the open chunk.
    var openNext = Sequence(1)
    var openTime = Timestamp.zero
    var openBytes: UInt64 = 0
    /// The open message that everything before it goes with, and the bytes of the open ones before it.
    var openRollup: (sequence: Sequence, bytesBefore: UInt64)?
    var dedup: DedupTable
    /// Whether an id was refused since the last trim chunk.
    var idsAreShort = false
    let budget: DedupBudget
    var front = FrontCursor()
    /// What is before this goes, because somebody asked for it; the leader's alone.
    var purgeTarget = Sequence.zero
    var removals = Removals()
    /// Which messages have which subject, where that is wanted.
    var index: MessageIndex?
    var isIndexAskedFor = false
    /// Whether an index that was asked for had to be dropped; until the topic is changed or used anew.
    var hadNoRoom = false
    /// What the index counts in ``subjects``.
    var indexBytes = 0
    /// Where ``sweepSubjects(most:isLeader:)`` goes on, downwards.
    var sweptSubject = 0
    /// How many subjects are to be looked at before there is nothing left to do.
    var unsweptSubjects = 0
    let subjects: SubjectBudget
    /// When messages go that have a time to live, where the topic has such.
    var deadlines: Deadlines?
    /// What they count in ``deadlineBudget``.
    var deadlineBytes = 0
    let deadlineBudget: DeadlineBudget
    /// Of the last message in the log, and of the last one that is open.
    var tailID = LastID()
    var openID = LastID()
    /// The subject of messages without one.
    let nameBytes: [UInt8]
    var rate = RateMeter()

    /// An empty topic.
    ///
    /// `budget` is the memory for ids, `subjects` that for subjects and `deadlines` that for times to live,
    /// shared with the node's other topics.
    public init(
        configuration: TopicConfiguration,
        budget: DedupBudget = DedupBudget(),
        subjects: SubjectBudget = SubjectBudget(),
        deadlines: DeadlineBudget = DeadlineBudget()
    ) {
        self.configuration = configuration
        self.budget = budget
        self.subjects = subjects
        deadlineBudget = deadlines
        nameBytes = Array((configuration.ownSubject ?? configuration.name).utf8)
        dedup = DedupTable(budget: budget)
    }

    /// Other limits, from now on; what messages are told apart by stays.
    public mutating func configure(_ new: TopicConfiguration) {
        guard new.dedupKey == configuration.dedupKey else { return }
        configuration = new
        if !mayTrim { front.reset() }
        hadNoRoom = false
        if !wantsIndex { dropIndex() }
        if !wantsDeadlines { dropDeadlines() }
        deadlines?.release()
        sweepSubjectsAgain()
    }

    /// Lets the messages before a sequence go, as far as they are in the log by now.
    ///
    /// - Returns: the first sequence that stays.
    public mutating func purge(_ command: TopicCommand) -> Sequence {
        let next = tail.nextSequence
        let target: Sequence
        switch command {
        case .purge(let before): target = min(before, next)
        case .keep(let count):
            target = start(ofNewest: count, in: tail) { removals.takenCount(from: $0, to: $1) }
        case .purgeSubject, .remove, .erase, .importBlock: return .zero
        }
        purgeTarget = max(purgeTarget, target)
        return target
    }

    /// This node leads the topic no more: what was asked of it is over.
    public mutating func endPurge() { purgeTarget = .zero }

    /// Whether messages leave from the front.
    public var mayTrim: Bool {
        !configuration.isRestoring
            && (!configuration.retention.isUnlimited || purgeTarget > tail.firstSequence)
    }

    // MARK: What the committed log says

    /// The first message that is still there.
    public var firstSequence: Sequence { committed.firstSequence }
    /// The next message's sequence, as far as the log is committed.
    public var appliedNextSequence: Sequence { committed.nextSequence }
    /// The messages.
    public var liveMessages: UInt64 { committed.liveMessages }
    /// The bytes of their bodies.
    public var liveBytes: UInt64 { committed.liveBytes }
    /// The last message's time, or that of a later entry.
    public var lastTime: Timestamp { committed.lastTime }
    /// The first message's time, if it is at hand.
    public var firstTime: Timestamp? {
        front.first.flatMap { $0.sequence == committed.firstSequence ? $0.time : nil }
    }

    // MARK: What is watched

    /// The ids that are remembered.
    public var idCount: Int { dedup.count }
    /// The bytes that the ids of this topic take.
    public var dedupByteCount: Int { dedup.byteCount }
    /// The entry of the oldest id that is remembered: its file must stay, or a restart forgets it.
    public var oldestIDIndex: LogIndex? { dedup.firstIndex }

    /// Messages a thousand seconds, over the last ten.
    public mutating func publishRate(now: Instant) -> UInt64 { rate.thousandths(now: now) }
    /// Counts messages for ``publishRate(now:)``.
    public mutating func countPublishes(_ count: UInt64, now: Instant) { rate.add(count, now: now) }
}
