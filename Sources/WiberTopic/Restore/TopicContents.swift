public import WiberBase

/// Which messages a topic has at a moment, as far as its log is committed; it stays as it is.
public struct TopicContents {
    /// The first message.
    public let firstSequence: Sequence
    /// The sequence after the last message's.
    public let nextSequence: Sequence
    /// The messages.
    public let liveMessages: UInt64
    /// The bytes of their bodies.
    public let liveBytes: UInt64
    private let removed: SequenceSet

    init(_ topic: TopicState) {
        firstSequence = topic.firstSequence
        nextSequence = topic.appliedNextSequence
        liveMessages = topic.liveMessages
        liveBytes = topic.liveBytes
        removed = topic.removals.committed
    }

    /// Whether a message is there.
    public func has(_ sequence: Sequence) -> Bool {
        sequence >= firstSequence && sequence < nextSequence && !removed.contains(sequence)
    }

    /// The first message from `start` on; ``nextSequence`` if there is none.
    public func firstKept(from start: Sequence) -> Sequence {
        min(nextSequence, removed.firstAbsent(from: max(start, firstSequence)))
    }
}

extension TopicState {
    /// The messages that there are now.
    public var contents: TopicContents { TopicContents(self) }
}
