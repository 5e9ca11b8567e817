public import WiberBase

/// What became of a publish at the leader's door.
public enum Admission: Sendable {
    /// It is in the open chunk, with this sequence and time.
    case accepted(Sequence, Timestamp)
    /// It was stored before; told once the entry at that index is committed.
    case duplicate(of: Sequence, at: LogIndex)
    /// It is not stored.
    case refused(AdmissionRefusal)
}

/// Why a publish is not stored.
public enum AdmissionRefusal: Sendable, CustomStringConvertible {
    /// Another id would not fit the memory for ids.
    case dedupMemoryFull(limit: Int)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .dedupMemoryFull(let limit):
            "the memory for message ids (\(limit) bytes) is full: not stored; publish without "
                + "an id, or wait for the dedup window to pass"
        }
    }
}

/// A topic as its log makes it: the same on every replica that has the same log.
///
/// Nothing here is stored anywhere else. The leader decides in ``seal(group:entry:expiry:)`` what the
/// statistics are after a chunk, and writes them into its header; followers adopt them.
public struct TopicState: Sendable {
    /// The index of what is admitted and not sealed yet.
    static let open = LogIndex(.max)
    /// The memory for ids of one topic, in bytes (`dedup_memory`).
    public static let dedupMemoryMax = 256 << 20

    /// What somebody asked the topic to be.
    public let configuration: TopicConfiguration
    /// After the last appended chunk.
    public internal(set) var tail = Tail()
    /// After the last applied chunk.
    public internal(set) var committed = Tail()
    var builder = ChunkBuilder()
    /// After the messages in the open chunk.
    var openNext = Sequence(1)
    var openTime = Timestamp.zero
    var openBytes: UInt64 = 0
    var dedup = DedupTable()
    var front = FrontCursor()
    var rate = RateMeter()

    /// An empty topic.
    public init(configuration: TopicConfiguration) { self.configuration = configuration }

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
    /// The bytes that the ids of this topic take.
    public var dedupByteCount: Int { dedup.byteCount }
    /// The first message's time, if it is at hand.
    public var firstTime: Timestamp? {
        front.first.flatMap { $0.sequence == committed.firstSequence ? $0.time : nil }
    }

    /// Messages a thousand seconds, over the last ten.
    public mutating func publishRate(now: Instant) -> UInt64 { rate.thousandths(now: now) }
    /// Counts messages for ``publishRate(now:)``.
    public mutating func countPublishes(_ count: UInt64, now: Instant) { rate.add(count, now: now) }

    // MARK: What follows the log

    /// A chunk was appended to the log, here or from the leader.
    public mutating func appended(_ chunk: Chunk, digester: Digester) {
        var lastTime = max(tail.lastTime, chunk.header.baseTime)
        if chunk.header.kind == .messages {
            chunk.forEachMessage { message in
                lastTime = max(lastTime, message.time)
                if let digest = digest(of: message.body, digester) {
                    dedup.insert(digest, message.sequence, message.time, chunk.header.index)
                }
                return true
            }
            expireIDs(lastTime)
        }
        tail = Tail(after: chunk.header, lastTime: lastTime)
        if builder.isEmpty { resetOpen() }
    }

    /// Entries from `index` on were removed from the log.
    ///
    /// - Parameter last: the chunk before them; `nil` if they were the first.
    public mutating func truncated(from index: LogIndex, last: Chunk?) {
        dedup.truncate(from: index)
        front.reset()
        discardBuilder()
        guard let last else {
            tail = Tail()
            return resetOpen()
        }
        var lastTime = last.header.baseTime
        last.forEachMessage { message in
            lastTime = max(lastTime, message.time)
            return true
        }
        tail = Tail(after: last.header, lastTime: lastTime)
        resetOpen()
    }

    /// A chunk was committed.
    public mutating func applied(_ chunk: Chunk) {
        var lastTime = max(committed.lastTime, chunk.header.baseTime)
        if chunk.header.count > 0 {
            lastTime = max(lastTime, chunk.lastTime)
        }
        committed = Tail(after: chunk.header, lastTime: lastTime)
        front.drop(before: committed.firstSequence)
    }

    /// What the topic remembers a message by; `nil` if by nothing.
    public func digest(of body: MessageBody, _ digester: Digester) -> Digest128? {
        switch configuration.dedupKey {
        case .none: nil
        case .id: body.id.map(digester)
        case .content: digester(body.payload)
        }
    }

    mutating func expireIDs(_ now: Timestamp) {
        let window = configuration.dedupWindow
        guard now.rawValue > window else { return }
        dedup.expire(before: Timestamp(now.rawValue - window))
    }

    mutating func resetOpen() {
        openNext = tail.nextSequence
        openTime = tail.lastTime
        openBytes = 0
    }
}

extension Chunk {
    /// The last message's time.
    var lastTime: Timestamp {
        guard header.count > 0 else { return header.baseTime }
        let row = ChunkHeader.size + (Int(header.count) - 1) * ChunkHeader.rowSize
        let delta = bytes.withUnsafeBytes { raw -> UInt32 in
            var reader = ByteReader(raw, at: row + 4)
            return (try? reader.integer(UInt32.self)) ?? 0
        }
        return Timestamp(header.baseTime.rawValue &+ UInt64(delta))
    }
}
