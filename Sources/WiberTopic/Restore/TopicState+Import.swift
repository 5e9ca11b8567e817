public import WiberBase

/// Messages of a backup, which keep their sequences and times: taken by the leader, while the topic
/// is being restored.
///
/// Sequences that no message has any more are named as removals in the log, so that whoever reads
/// it needs no other rule for them: the topic is as if they had been there and gone.
extension TopicState {
    /// The memory that a topic being restored may spend on what is gone, about, in bytes.
    public static let importedRemovalBytesMax: UInt64 = 1 << 30
    /// No message is of so late a time: those that follow need later ones.
    static let timeMax = Timestamp(UInt64.max / 4)
    /// The most removals beside messages; more get a chunk of their own.
    static let removalsBesideMessages = 64

    /// The next message's sequence, what is in the log and not committed included.
    public var importNext: Sequence { tail.nextSequence }
    /// What the topic holds, what is in the log and not committed included.
    public var importTotals: (messages: UInt64, bytes: UInt64) {
        (tail.liveMessages, tail.liveBytes)
    }

    /// The next chunk of a restore: as many of `messages` as belong in it, from the first on.
    ///
    /// - Returns: the chunk, and how many messages it has: none if only what is gone before the
    ///   first one fits.
    /// - Precondition: there are messages, and `entry` comes right after the log.
    public func importChunk(
        _ messages: ArraySlice<ImportedMessage>,
        group: GroupID,
        entry: EntryID
    ) throws(ImportError) -> (chunk: Chunk, count: Int) {
        guard configuration.isRestoring, builder.isEmpty, let first = messages.first else {
            throw .notRestoring
        }
        guard first.sequence >= tail.nextSequence, first.time > tail.lastTime,
            first.sequence.rawValue < UInt64.max / 4
        else { throw .outOfOrder(first.sequence) }
        guard configuration.dedupKey == .none || budget.hasRoom else { throw .dedupMemoryFull }
        var header = header(group: group, entry: entry)
        let gone = try pass(to: first.sequence, &header)
        let (chunk, bytes) = try collect(messages)
        guard gone.count <= min(Self.removalsBesideMessages, chunk.removalsMax) else {
            return (jump(header, gone), 0)
        }
        var open = chunk
        header.baseSequence = first.sequence
        header.liveMessages &+= UInt64(open.count)
        header.liveBytes &+= bytes
        let count = open.count
        return (open.seal(header, removals: gone), count)
    }

    /// The next chunk that lets sequences before `next` be gone; `nil` if the topic is there.
    ///
    /// - Precondition: `entry` comes right after the log.
    public func importGap(
        to next: Sequence,
        group: GroupID,
        entry: EntryID
    ) throws(ImportError) -> Chunk? {
        guard configuration.isRestoring, builder.isEmpty else { throw .notRestoring }
        guard next >= tail.nextSequence, next.rawValue < UInt64.max / 4 else {
            throw .outOfOrder(next)
        }
        guard next > tail.nextSequence else { return nil }
        var header = header(group: group, entry: entry)
        header.baseSequence = next
        let gone = try pass(to: next, &header)
        return jump(header, gone)
    }

    /// What is gone before `sequence`: from the front if the topic holds nothing.
    private func pass(
        to sequence: Sequence,
        _ header: inout ChunkHeader
    ) throws(ImportError) -> [Removal] {
        guard tail.liveMessages > 0 else {
            header.firstSequence = sequence
            header.baseSequence = sequence
            return []
        }
        let missing = sequence.rawValue - tail.nextSequence.rawValue
        let cost = Removals.cost(ofRow: missing) &+ UInt64(removals.byteCount)
        guard missing == 0 || cost <= Self.importedRemovalBytesMax else {
            throw .tooMuchGone(before: sequence)
        }
        var gone: [Removal] = []
        var next = tail.nextSequence
        while next < sequence {
            let count = min(UInt64(Removal.countMax), sequence.rawValue - next.rawValue)
            gone.append(Removal(first: next, count: UInt32(count)))
            next = Sequence(next.rawValue + count)
        }
        return gone
    }

    /// A chunk that names what is gone, and has no messages.
    private func jump(_ before: ChunkHeader, _ gone: [Removal]) -> Chunk {
        var header = before
        let rows = gone.prefix(ChunkHeader.removalsMax)
        header.kind = .trim
        header.baseTime = tail.lastTime
        header.baseSequence = rows.last?.end ?? header.baseSequence
        header.removalCount = UInt16(rows.count)
        var bytes: [UInt8] = []
        for removal in rows { removal.encode(into: &bytes) }
        return Chunk.control(header, bytes: bytes)
    }

    /// As many messages in a row as a chunk takes.
    private func collect(
        _ messages: ArraySlice<ImportedMessage>
    ) throws(ImportError) -> (ChunkBuilder, bytes: UInt64) {
        var chunk = ChunkBuilder()
        var bytes: UInt64 = 0
        var last: ImportedMessage?
        for message in messages {
            if let last {
                guard message.sequence > last.sequence, message.time > last.time else {
                    throw .outOfOrder(message.sequence)
                }
                guard message.sequence == last.sequence.next,
                    chunk.fits(length: message.body.count, time: message.time)
                else { break }
            }
            guard message.body.count <= Self.bodyLengthMax, message.time < Self.timeMax,
                let (hasID, hasTimeToLive) = Self.has(message.body)
            else { throw .badBody(message.sequence) }
            message.body.withUnsafeBytes {
                chunk.append(
                    encoded: $0,
                    hasID: hasID,
                    hasTimeToLive: hasTimeToLive,
                    time: message.time
                )
            }
            bytes += UInt64(message.body.count)
            last = message
        }
        return (chunk, bytes)
    }

    /// Whether a body has an id, and a time to live; `nil` if it is no body.
    private static func has(_ body: ArraySlice<UInt8>) -> (id: Bool, timeToLive: Bool)? {
        body.withUnsafeBytes { bytes in
            (try? MessageBody.decode(bytes)).map { ($0.id != nil, $0.timeToLive != nil) }
        }
    }
}
