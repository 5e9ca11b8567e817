public import WiberBase

/// Retention, message by message: decided by the leader from the sizes and times of the oldest
/// messages, as far as they are at hand; what is not at hand yet goes with a later chunk.
extension TopicState {
    /// The sequence whose chunk the leader should ``feedFront(_:)`` next; `nil`: enough is at hand.
    public var frontNeeds: Sequence? {
        guard !configuration.retention.isUnlimited, front.count < FrontCursor.rowsMax / 2 else {
            return nil
        }
        let next = front.count == 0 ? committed.firstSequence : front.next
        return next < committed.nextSequence ? next : nil
    }

    /// Takes the rows of a committed chunk.
    public mutating func feedFront(_ chunk: Chunk) {
        guard front.count < FrontCursor.rowsMax else { return }
        front.drop(before: tail.firstSequence)
        front.feed(chunk, from: tail.firstSequence)
    }

    /// Moves the first sequence as far as the limits ask for.
    mutating func trim(_ header: inout ChunkHeader, next: Sequence, expiry: Timestamp) {
        let retention = configuration.retention
        guard !retention.isUnlimited else { return }
        front.drop(before: header.firstSequence)
        while header.liveMessages > 0, header.firstSequence < next,
            let row = front.first, row.sequence == header.firstSequence
        {
            let isTooMany = retention.maxMessages.map { header.liveMessages > $0 } ?? false
            let isTooLarge = retention.maxBytes.map { header.liveBytes > $0 } ?? false
            let isTooOld = retention.maxAge.map { age in
                expiry.rawValue > age && row.time.rawValue < expiry.rawValue - age
            }
            guard isTooMany || isTooLarge || isTooOld ?? false else { return }
            _ = front.popFirst()
            header.firstSequence = front.first?.sequence ?? header.firstSequence.next
            header.liveMessages -= 1
            header.liveBytes -= min(header.liveBytes, UInt64(row.length))
        }
    }
}
