public import WiberBase
import WiberSubject

/// The leader's door: decide, then log. What is admitted has its sequence and its time at once.
extension TopicState {
    /// The largest body that fits a chunk by itself, in bytes.
    public static let bodyLengthMax =
        ChunkHeader.lengthMax - ChunkHeader.size - ChunkHeader.rowSize

    /// Whether nothing waits to be sealed.
    public var isBuilderEmpty: Bool { builder.isEmpty }
    /// The bytes that wait to be sealed.
    public var builderByteCount: Int { builder.byteCount }

    /// Whether another message fits the open chunk.
    public func fits(length: Int, wall: Timestamp) -> Bool {
        builder.fits(length: length, time: max(wall, openTime.next))
    }

    /// Takes a message into the open chunk, unless it is there already.
    ///
    /// - Precondition: it ``fits(length:wall:)``; `digest` is ``digest(of:_:)`` of it.
    public mutating func admit(
        _ body: MessageBody,
        digest: Digest128?,
        wall: Timestamp,
        conditions: PublishConditions = PublishConditions()
    ) -> Admission {
        let isTimeFree = Mutant.timeNotAfterLast.isOn && builder.isEmpty
        let time = isTimeFree ? wall : max(wall, openTime.next)
        if let digest {
            if let place = dedup.place(of: digest, since: windowStart(time)) {
                return .duplicate(of: place.sequence, at: place.index)
            }
            guard budget.hasRoom else {
                idsAreShort = true
                return .refused(.dedupMemoryFull)
            }
        }
        if let refusal = Self.refusal(of: body) { return .refused(refusal) }
        if let other = check(conditions, body) { return other }
        if let refusal = refusalForMemory(body) { return .refused(refusal) }
        let sequence = openNext
        beginIndexIfEmpty()
        let isIndexed = index?.next == sequence
        let isTimed = deadlines?.next == sequence
        if let refusal = overQuota(body, conditions.rollup, isIndexed: isIndexed) {
            return .refused(refusal)
        }
        let length = builder.append(body, time: time)
        openNext = sequence.next
        openTime = time
        openBytes += UInt64(length)
        if let digest { dedup.insert(digest, sequence, time, Self.open) }
        if mayTrim {
            let row = FrontCursor.Row(sequence: sequence, time: time, length: UInt32(length))
            front.admit(row, from: tail.firstSequence)
        }
        openID.set(body.id, of: sequence)
        if isTimed {
            deadlines?.append(sequence, time, body.timeToLive, UInt32(clamping: length))
            noteDeadlineMemory()
        }
        if conditions.rollup == .all { openRollup = (sequence, openBytes - UInt64(length)) }
        if isIndexed { addOpen(body, sequence, UInt32(clamping: length), conditions.rollup) }
        return .accepted(sequence, time)
    }

    private mutating func addOpen(
        _ body: MessageBody,
        _ sequence: Sequence,
        _ length: UInt32,
        _ rollup: PublishConditions.Rollup?
    ) {
        guard let number = addToIndex(body, sequence, length, isNew: true) else { return }
        noteIndexMemory()
        if rollup == .subject {
            rollUp(number, before: sequence)
        } else {
            limit(number, most: Self.excessMax)
        }
    }

    /// What a publish that depends on others gets instead of a sequence.
    private mutating func check(_ conditions: PublishConditions, _ body: MessageBody) -> Admission?
    {
        if conditions.needsIndex, !isIndexComplete {
            askForIndex()
            beginIndexIfEmpty()
            guard isIndexComplete else {
                return .refused(isIndexTooLarge ? .subjectMemoryFull : .subjectsUnknown)
            }
        }
        if let expected = conditions.lastSubjectSequence {
            let newest = newestSequence(of: conditions.subject, or: body)
            if newest.rawValue != expected { return .conflict(actual: newest) }
        }
        if let expected = conditions.lastSequence, openNext.previous.rawValue != expected {
            return .conflict(actual: openNext.previous)
        }
        if let expected = conditions.lastID {
            guard knowsLastID else { return .refused(.lastIDUnknown) }
            if !openID.is(expected) { return .otherID(actual: openNext.previous) }
        }
        return reachesFloor(conditions.rollup, body) ? .refused(.kept) : nil
    }

    /// What a message needs more memory for than there is.
    private func refusalForMemory(_ body: MessageBody) -> AdmissionRefusal? {
        guard hasRoom(for: body) else { return .subjectMemoryFull }
        return body.timeToLive == nil || deadlineBudget.hasRoom ? nil : .deadlineMemoryFull
    }

    /// Why a body can be in no chunk.
    private static func refusal(of body: MessageBody) -> AdmissionRefusal? {
        let limit = Int(UInt16.max)
        if body.subject?.count ?? 0 > limit || body.id?.count ?? 0 > limit { return .fieldTooLong }
        return body.encodedLength > bodyLengthMax ? .tooLarge : nil
    }

    /// Gives up what was admitted and not sealed: it was never in the log.
    public mutating func discardBuilder() {
        builder = ChunkBuilder()
        dedup.truncate(from: Self.open)
        front.discard(from: tail.nextSequence)
        let hadRemovals = removals.discard()
        if hadRemovals || index.map({ $0.next > tail.nextSequence }) == true {
            index?.truncate(from: tail.nextSequence)
            sweepSubjectsAgain()
        }
        discardDeadlines()
        resetOpen()
    }

    /// Closes the open chunk; the header says what the topic is after it, retention included.
    ///
    /// Messages that are older than the retention's age at the time `expiry` go.
    ///
    /// - Precondition: the open chunk has a message, and `entry` comes right after the log.
    public mutating func seal(group: GroupID, entry: EntryID, expiry: Timestamp) -> Chunk {
        var header = header(group: group, entry: entry)
        header.liveMessages &+= UInt64(builder.count)
        header.liveBytes &+= openBytes
        if let (sequence, bytesBefore) = openRollup {
            header.firstSequence = sequence
            header.liveMessages = openNext.rawValue - sequence.rawValue
            header.liveBytes = openBytes - bytesBefore
            openRollup = nil
        }
        let removals = takeRemovals(&header, most: builder.removalsMax)
        trim(&header, next: openNext, expiry: expiry)
        dedup.seal(entry.index, open: Self.open)
        return builder.seal(header, removals: removals)
    }

    /// A chunk without messages, at the end of the log.
    ///
    /// Its time is not ahead of messages that are open, or of those that a restore brings: they come
    /// after it.
    public func control(
        _ kind: ChunkKind,
        _ bytes: [UInt8],
        group: GroupID,
        entry: EntryID,
        wall: Timestamp
    ) -> Chunk {
        var header = header(group: group, entry: entry)
        header.kind = kind
        let mayMove = builder.isEmpty && !configuration.isRestoring
        header.baseTime = mayMove ? max(wall, tail.lastTime.next) : tail.lastTime
        return Chunk.control(header, bytes: bytes)
    }

    func header(group: GroupID, entry: EntryID) -> ChunkHeader {
        var header = ChunkHeader()
        header.previousChecksum = tail.checksum
        header.group = group
        header.index = entry.index
        header.term = entry.term
        header.baseSequence = tail.nextSequence
        header.baseLamport = tail.nextLamport
        header.firstSequence = tail.firstSequence
        header.liveBytes = tail.liveBytes
        header.liveMessages = tail.liveMessages
        return header
    }
}
