public import WiberBase

/// A message that comes with its sequence and its time, from a backup.
public struct ImportedMessage: Equatable, Sendable {
    /// Its place in the topic.
    public var sequence: Sequence
    /// Its log time.
    public var time: Timestamp
    /// An encoded ``MessageBody``.
    public var body: ArraySlice<UInt8>

    /// A message.
    public init(sequence: Sequence, time: Timestamp, body: ArraySlice<UInt8>) {
        self.sequence = sequence
        self.time = time
        self.body = body
    }
}

/// Why a message of a backup cannot come next.
public enum ImportError: Error, Equatable, Sendable {
    /// The topic is not being restored.
    case notRestoring
    /// Sequence or time are not after those of the last message.
    case outOfOrder(Sequence)
    /// The body is none, or too long for a chunk.
    case badBody(Sequence)
    /// The memory for message ids is full.
    case dedupMemoryFull
    /// What is gone before it needs more memory than a topic has for that.
    case tooMuchGone(before: Sequence)
}
