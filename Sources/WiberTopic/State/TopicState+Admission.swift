public import WiberBase

/// The leader's door: decide, then log. What is admitted has its sequence and its time at once.
extension TopicState {
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
        wall: Timestamp
    ) -> Admission {
        if let digest {
            expireIDs(max(wall, openTime))
            if let place = dedup.place(of: digest) {
                return .duplicate(of: place.sequence, at: place.index)
            }
            guard dedup.byteCount + DedupTable.entrySize <= Self.dedupMemoryMax else {
                return .refused(.dedupMemoryFull(limit: Self.dedupMemoryMax))
            }
        }
        let time = max(wall, openTime.next)
        let sequence = openNext
        openBytes += UInt64(builder.append(body, time: time))
        openNext = sequence.next
        openTime = time
        if let digest { dedup.insert(digest, sequence, time, Self.open) }
        return .accepted(sequence, time)
    }

    /// Gives up what was admitted and not sealed: it was never in the log.
    public mutating func discardBuilder() {
        builder = ChunkBuilder()
        dedup.truncate(from: Self.open)
        resetOpen()
    }

    /// Closes the open chunk; the header says what the topic is after it, retention included.
    ///
    /// - Parameter expiry: messages older than the retention's age at this time go.
    public mutating func seal(group: GroupID, entry: EntryID, expiry: Timestamp) -> Chunk {
        var header = header(group: group, entry: entry)
        header.liveMessages = tail.liveMessages + UInt64(builder.count)
        header.liveBytes = tail.liveBytes + openBytes
        trim(&header, next: openNext, expiry: expiry)
        dedup.seal(entry.index, open: Self.open)
        return builder.seal(header)
    }

    /// A chunk that only moves the first sequence; `nil` if nothing is due.
    ///
    /// - Precondition: the open chunk is empty.
    public mutating func trimChunk(
        group: GroupID,
        entry: EntryID,
        wall: Timestamp,
        expiry: Timestamp
    ) -> Chunk? {
        var header = header(group: group, entry: entry)
        let before = header.firstSequence
        trim(&header, next: tail.nextSequence, expiry: expiry)
        guard header.firstSequence > before else { return nil }
        header.kind = .trim
        header.baseTime = max(wall, tail.lastTime.next)
        return Chunk.control(header)
    }

    /// A chunk without messages, at the end of the log.
    public func control(
        _ kind: ChunkKind,
        _ bytes: [UInt8],
        group: GroupID,
        entry: EntryID,
        wall: Timestamp
    ) -> Chunk {
        var header = header(group: group, entry: entry)
        header.kind = kind
        header.baseTime = max(wall, tail.lastTime.next)
        return Chunk.control(header, bytes: bytes)
    }

    private func header(group: GroupID, entry: EntryID) -> ChunkHeader {
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
