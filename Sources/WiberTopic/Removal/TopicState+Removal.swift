public import WiberBase
import WiberSubject

/// Messages that leave from the middle.
extension TopicState {
    /// Whether a message is gone, from the front or the middle, as far as the log is committed.
    public func isRemoved(_ sequence: Sequence) -> Bool {
        sequence < committed.firstSequence || removals.committed.contains(sequence)
    }

    /// Whether something has left the topic.
    public var hasGone: Bool {
        committed.firstSequence > Sequence(1) || !removals.committed.isEmpty
    }

    /// How many messages of a range are there, as far as the log is committed.
    public func liveCount(from start: Sequence, to end: Sequence) -> UInt64 {
        let start = max(start, committed.firstSequence)
        guard start < end else { return 0 }
        return end.rawValue - start.rawValue - goneCount(from: start, to: end)
    }

    /// How many messages of a range are gone from the middle, as far as the log is committed.
    public func goneCount(from start: Sequence, to end: Sequence) -> UInt64 {
        removals.committed.count(from: max(start, committed.firstSequence), to: end)
    }

    /// The first message from `start` on that is there, as far as the log is committed; the next
    /// message's sequence if there is none.
    public func firstKept(from start: Sequence) -> Sequence {
        removals.committed.firstAbsent(from: max(start, committed.firstSequence))
    }

    /// Where the newest messages begin, as far as the log is committed.
    public func start(ofNewest count: UInt64) -> Sequence {
        start(ofNewest: count, in: committed) { removals.committed.count(from: $0, to: $1) }
    }

    func start(
        ofNewest count: UInt64,
        in tail: Tail,
        gone: (Sequence, Sequence) -> UInt64
    ) -> Sequence {
        var end = tail.nextSequence
        var missing = count
        // Looks further back at a time while little is there.
        var reach: UInt64 = 1
        while missing > 0, end > tail.firstSequence {
            let most = end.rawValue - tail.firstSequence.rawValue
            var start = Sequence(end.rawValue - min(max(missing, reach), most))
            var live = end.rawValue - start.rawValue - gone(start, end)
            if live >= missing {
                start = Sequence(end.rawValue - min(missing, most))
                live = end.rawValue - start.rawValue - gone(start, end)
                reach = 1
            }
            missing -= live
            end = start
            reach = min(reach * 2, 1 << 40)
        }
        return end
    }

    /// The messages between the first and the last that are gone.
    public var removedCount: UInt64 { removals.committed.count }
    /// The memory that knows of messages that are gone, in bytes.
    public var removalByteCount: Int { removals.byteCount }
    /// The messages that shall go and are not in the log yet.
    public var removalQueueCount: Int { removals.queueCount }

    /// Whether a message is there, as far as this leader has decided.
    public func isLive(_ sequence: Sequence) -> Bool {
        sequence >= openFirst && sequence < openNext && !removals.isGone(sequence)
    }

    /// The first message that is there once what is open is stored.
    var openFirst: Sequence { max(tail.firstSequence, openRollup?.sequence ?? .zero) }

    /// Lets one message go, whose body has `length` bytes, unless it is gone.
    public mutating func remove(_ sequence: Sequence, length: UInt32) {
        guard isLive(sequence) else { return }
        if !Mutant.removedCounts.isOn { index?.goneFromWithin() }
        removals.add(MessageIndex.Row(sequence: sequence, length: length))
    }

    /// Lets a message go, whose body has `length` bytes, unless it is gone, and has it erased.
    public mutating func erase(_ sequence: Sequence, length: UInt32) {
        guard sequence > .zero, sequence < tail.nextSequence else { return }
        if isLive(sequence), !Mutant.removedCounts.isOn { index?.goneFromWithin() }
        removals.addErasure(MessageIndex.Row(sequence: sequence, length: length))
    }

    /// Whether a wish to have a message erased waits for the log.
    public func isErasureOpen(_ sequence: Sequence) -> Bool { removals.isErasureOpen(sequence) }

    /// Whether the log has asked to erase something since it was asked last.
    public var hasErasures: Bool { !removals.erasures.isEmpty }

    /// What the log has asked to erase, once.
    public mutating func takeErasures() -> [Erasure] { removals.takeErasures() }

    /// Whether a body may be erased: an id that is still remembered is read again at a start.
    public func mayErase(_ sequence: Sequence) -> Bool {
        isRemoved(sequence) && !dedup.remembers(sequence)
    }

    /// Whether the topic remembers the id of a message in a range.
    public func remembersIDs(from start: Sequence, to end: Sequence) -> Bool {
        dedup.remembers(from: start, to: end)
    }

    /// The size of a message's body, in bytes; `nil` if the chunk does not have it.
    public static func length(of sequence: Sequence, in chunk: Chunk) -> UInt32? {
        var length: UInt32?
        chunk.forEachRow { row in if row.sequence == sequence { length = row.length } }
        return length
    }

    /// Takes what waits in the queue into a chunk with this header.
    mutating func takeRemovals(_ header: inout ChunkHeader, most: Int) -> [Removal] {
        guard removals.queueCount > 0 else { return [] }
        let taken = removals.take(most: most, from: header.firstSequence)
        header.liveMessages -= min(header.liveMessages, taken.messages)
        header.liveBytes -= min(header.liveBytes, taken.bytes)
        header.isErasing = taken.removals.contains { $0.isErasing }
        return taken.removals
    }
}
