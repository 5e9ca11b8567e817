public import WiberBase
import WiberSubject

/// Messages that say how long they stay: the leader lets them go, as it does with limits of subjects.
///
/// When each of them goes is known from the log, like the index of subjects and read with it.
extension TopicState {
    /// The shortest time to live, in nanoseconds.
    public static let timeToLiveMin: UInt64 = 1_000_000_000

    /// Whether the ends of messages are to be known.
    public var wantsDeadlines: Bool {
        !configuration.isRestoring
            && (configuration.allowsTimeToLive || configuration.timeToLiveDefault != nil)
    }
    /// Whether they are known for every message of the log, and those that are open.
    public var areDeadlinesComplete: Bool { deadlines?.next == openNext }
    /// The messages that are known to have an end.
    public var deadlineCount: Int { deadlines?.count ?? 0 }

    /// Lets messages go whose time is over at the log time `time`, as the leader.
    ///
    /// One that is as old as it may be stays. Those that are decided before all are known are right,
    /// too: a message's end depends on nothing else.
    ///
    /// - Returns: how many go.
    public mutating func expireMessages(at time: Timestamp) -> Int {
        guard wantsDeadlines, deadlines != nil else { return 0 }
        var count = 0
        while removals.queueCount < Self.removalQueueMax,
            let entry = deadlines?.popDue(before: time)
        {
            if isRemoved(entry.sequence) { continue }
            if entry.sequence >= floor, !Mutant.floorIgnored.isOn {
                deadlines?.hold(entry)
                continue
            }
            deadlines?.decide(entry)
            guard isLive(entry.sequence) else { continue }
            removals.add(MessageIndex.Row(sequence: entry.sequence, length: entry.length))
            count += 1
        }
        if count > 0 { index?.goneFromWithin() }
        noteDeadlineMemory()
        return count
    }

    /// Takes in the ends of messages of a chunk of this log that come next.
    mutating func feedDeadlines(_ chunk: Chunk) {
        guard let next = deadlines?.next, chunk.header.kind == .messages,
            chunk.header.baseSequence <= next, next < chunk.header.nextSequence
        else { return }
        guard chunk.header.hasTimesToLive else {
            deadlines?.skip(to: chunk.header.nextSequence)
            return
        }
        chunk.forEachMessage { message in
            if message.sequence >= next {
                deadlines?.skip(to: message.sequence)  // What is erased is not missed.
                deadlines?.append(
                    message.sequence,
                    message.time,
                    message.body.timeToLive,
                    UInt32(clamping: message.length)
                )
            }
            return true
        }
        deadlines?.skip(to: chunk.header.nextSequence)
        pruneDeadlines()
    }

    /// Forgets the ends of messages that are gone for good.
    mutating func pruneDeadlines() {
        guard deadlines != nil else { return }
        let (gone, first) = (removals.committed, committed.firstSequence)
        deadlines?.prune { $0 < first || gone.contains($0) }
        noteDeadlineMemory()
    }

    /// What is open is given up, and what the leader had decided.
    mutating func discardDeadlines() {
        guard let next = deadlines?.next else { return }
        if next > tail.nextSequence {
            deadlines?.truncate(from: tail.nextSequence)
        } else {
            deadlines?.giveUp()
        }
        noteDeadlineMemory()
    }

    mutating func noteDeadlineMemory() {
        let bytes = deadlines?.byteCount ?? 0
        deadlineBudget.change(from: deadlineBytes, to: bytes)
        deadlineBytes = bytes
    }

    mutating func dropDeadlines() {
        deadlines = nil
        noteDeadlineMemory()
    }
}
