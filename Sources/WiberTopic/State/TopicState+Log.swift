public import WiberBase
import WiberSubject

/// Following the log: O(1) work a chunk, unless its messages have ids.
extension TopicState {
    /// A chunk was appended to the log, here or from the leader, or is read again at a start.
    ///
    /// `digester` is asked only where the topic remembers ids.
    public mutating func appended(_ chunk: Chunk, digester: Digester) {
        rememberIDs(chunk, digester)
        tail = Tail(after: chunk.header, lastTime: max(tail.lastTime, chunk.lastTime))
        followLastID(chunk)
        removals.appended(chunk)
        if chunk.header.removalCount > 0, chunk.header.kind == .trim { index?.goneFromWithin() }
        feedIndex(chunk)
        if builder.isEmpty { resetOpen() }
    }

    /// A chunk that is known to be committed is read again at a start: both of the above, and less work.
    public mutating func recovered(_ chunk: Chunk, digester: Digester) {
        rememberIDs(chunk, digester)
        tail = Tail(after: chunk.header, lastTime: max(tail.lastTime, chunk.lastTime))
        committed = tail
        followLastID(chunk)
        removals.recovered(chunk)
        dedup.expire(before: windowStart(committed.lastTime))
        resetOpen()
    }

    /// Entries from `index` on were removed from the log.
    ///
    /// `last` is the chunk before them; `nil` if they were the first.
    public mutating func truncated(from index: LogIndex, last: Chunk?) {
        discardBuilder()
        if !Mutant.idsKeptAfterTruncation.isOn { dedup.truncate(from: index) }
        front.reset()
        removals.truncated(from: index)
        tail = last.map { Tail(after: $0.header, lastTime: $0.lastTime) } ?? Tail()
        truncateLastID(last)
        deadlines?.truncate(from: tail.nextSequence)
        noteDeadlineMemory()
        self.index?.truncate(from: tail.nextSequence)
        noteIndexMemory()
        sweepSubjectsAgain()
        resetOpen()
    }

    /// A chunk was committed.
    ///
    /// Frees the memory of ids that are out of the window by committed log time: that time can
    /// never fall again, so that no truncation brings a message back within its window.
    public mutating func applied(_ chunk: Chunk) {
        let lastTime = max(committed.lastTime, chunk.lastTime)
        let first = committed.firstSequence
        committed = Tail(after: chunk.header, lastTime: lastTime)
        front.drop(before: committed.firstSequence)
        front.dropAhead(before: committed.nextSequence)
        let hasGone = removals.applied(chunk.header)
        if hasGone, chunk.header.kind == .trim { index?.goneFromWithin() }
        if hasGone || committed.firstSequence > first {
            sweepSubjectsAgain()
            pruneDeadlines()
        }
        dedup.expire(before: windowStart(lastTime))
    }

    /// How far back the log must be read at a start, in log time: every chunk with a message from
    /// then on goes through ``appended(_:digester:)``, and ``applied(_:)`` if it is committed.
    ///
    /// Counts from committed time, because what follows may be truncated and log time fall back.
    ///
    /// - Parameter committed: the header of the last chunk that is known to be committed.
    /// - Returns: `nil` if that chunk and what follows it are enough.
    public func recoveryNeeds(committed: ChunkHeader) -> Timestamp? {
        switch configuration.dedupKey {
        case .none: nil
        case .id, .content: Mutant.idsForgotten.isOn ? nil : windowStart(committed.baseTime)
        }
    }

    /// What the topic remembers a message by; `nil` if by nothing.
    public func digest(of body: MessageBody, _ digester: Digester) -> Digest128? {
        switch configuration.dedupKey {
        case .none: nil
        case .id: body.id.map(digester)
        case .content: digester(body.payload)
        }
    }

    private mutating func rememberIDs(_ chunk: Chunk, _ digester: Digester) {
        let header = chunk.header
        switch configuration.dedupKey {
        case .none: return
        case .id: guard header.hasIDs else { return }
        case .content: break
        }
        // What this leader has sealed itself is remembered since its admission.
        guard header.kind == .messages, dedup.lastIndex ?? .zero < header.index else { return }
        chunk.forEachMessage { message in
            if let digest = digest(of: message.body, digester) {
                dedup.insert(digest, message.sequence, message.time, header.index)
            }
            return true
        }
    }

    /// The oldest time that is still within the dedup window at `time`.
    func windowStart(_ time: Timestamp) -> Timestamp {
        let window = configuration.dedupWindow
        return time.rawValue > window ? Timestamp(time.rawValue - window) : .zero
    }

    mutating func resetOpen() {
        openNext = tail.nextSequence
        openTime = Mutant.tailNotFollowed.isOn ? committed.lastTime : tail.lastTime
        openBytes = 0
        openRollup = nil
        openID = tailID
    }
}
