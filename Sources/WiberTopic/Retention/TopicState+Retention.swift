public import WiberBase

/// Retention, message by message: decided by the leader from the sizes and times of the oldest
/// messages, as far as they are at hand; what is not at hand yet goes with a later chunk.
extension TopicState {
    /// The sequence whose chunk the leader should ``feedFront(_:)`` next; `nil`: enough is at hand.
    ///
    /// May name a message that is not committed yet: it is fed with its commit, or earlier.
    public var frontNeeds: Sequence? {
        guard mayTrim, !isPurgedWhole, front.count < FrontCursor.rowsMax / 2 else {
            return nil
        }
        let next = frontEnd
        return next < tail.nextSequence ? next : nil
    }

    /// The first message that is there and not at hand.
    private var frontEnd: Sequence {
        removals.firstKept(from: front.end(from: tail.firstSequence))
    }

    /// Takes the rows of a chunk of this log.
    public mutating func feedFront(_ chunk: Chunk) {
        guard mayTrim, front.count < FrontCursor.rowsMax else {
            return
        }
        front.drop(before: tail.firstSequence)
        front.feed(chunk, from: frontEnd)
    }

    /// A chunk that only moves the first sequence, or only log time so that expired ids go; `nil`
    /// if nothing is due.
    ///
    /// - Precondition: the open chunk is empty.
    public mutating func trimChunk(
        group: GroupID,
        entry: EntryID,
        wall: Timestamp,
        expiry: Timestamp
    ) -> Chunk? {
        invariant(builder.isEmpty, "a trim beside \(builder.count) open messages")
        var header = header(group: group, entry: entry)
        let before = header.firstSequence
        let removals = takeRemovals(&header, most: ChunkHeader.removalsMax)
        trim(&header, next: tail.nextSequence, expiry: expiry)
        guard header.firstSequence > before || !removals.isEmpty || areIDsDue(expiry) else {
            return nil
        }
        idsAreShort = false
        header.kind = .trim
        header.baseTime = max(wall, tail.lastTime.next)
        header.removalCount = UInt16(removals.count)
        var bytes: [UInt8] = []
        for removal in removals { removal.encode(into: &bytes) }
        return Chunk.control(header, bytes: bytes)
    }

    /// Moves the first sequence as far as the limits ask for.
    ///
    /// `next` is the sequence after the last message of the chunk with this header.
    mutating func trim(_ header: inout ChunkHeader, next: Sequence, expiry: Timestamp) {
        skipRemoved(&header, next)
        guard mayTrim else { return }
        front.drop(before: header.firstSequence)
        if isPurgedWhole, next == tail.nextSequence {
            // Nothing is left: no need to look at what goes.
            front.drop(before: next)
            header.firstSequence = next
            header.liveMessages = 0
            header.liveBytes = 0
            return
        }
        while header.liveMessages > 0, header.firstSequence < next,
            let row = front.first, row.sequence == header.firstSequence,
            isDue(row, header, expiry)
        {
            front.popFirst()
            header.firstSequence = row.sequence.next
            header.liveMessages -= 1
            header.liveBytes -= min(header.liveBytes, UInt64(row.length))
            if skipRemoved(&header, next) { front.drop(before: header.firstSequence) }
        }
    }

    /// Moves the first sequence to a message that is there.
    ///
    /// - Returns: whether it moved.
    @discardableResult
    private func skipRemoved(_ header: inout ChunkHeader, _ next: Sequence) -> Bool {
        guard removals.isTaken(header.firstSequence) else { return false }
        header.firstSequence = min(next, removals.firstKept(from: header.firstSequence))
        return true
    }

    /// Whether everything that is in the log shall go.
    private var isPurgedWhole: Bool {
        purgeTarget >= tail.nextSequence && tail.firstSequence < tail.nextSequence
            && floor >= tail.nextSequence
    }

    /// Whether the oldest message must go.
    ///
    /// One that is exactly `max_age` old stays.
    private func isDue(
        _ row: FrontCursor.Row,
        _ header: ChunkHeader,
        _ expiry: Timestamp
    ) -> Bool {
        guard row.sequence < floor else { return false }
        if row.sequence < purgeTarget { return true }
        let retention = configuration.retention
        if let most = retention.maxMessages, header.liveMessages > most { return true }
        if let most = retention.maxBytes, header.liveBytes > most { return true }
        guard let age = retention.maxAge, expiry.rawValue > age else { return false }
        return row.time.rawValue < expiry.rawValue - age
    }

    /// Whether moving log time forward is worth an entry: the last id of an idle topic has expired,
    /// or one had to be refused and others can go.
    private func areIDsDue(_ expiry: Timestamp) -> Bool {
        let oldest = idsAreShort ? dedup.firstTime : dedup.lastTime
        guard let oldest else { return false }
        return oldest < windowStart(expiry)
    }
}
