public import WiberBase

/// What became of a publish at the leader's door.
public enum Admission: Equatable, Sendable {
    /// It is in the open chunk, with this sequence and time.
    case accepted(Sequence, Timestamp)
    /// It was stored before; told once the entry at that index is committed, which is
    /// ``TopicState/open`` if it is still in the open chunk.
    case duplicate(of: Sequence, at: LogIndex)
    /// It is not stored.
    case refused(AdmissionRefusal)
}

/// Why a publish is not stored.
public enum AdmissionRefusal: Equatable, Sendable, CustomStringConvertible {
    /// Another id would not fit the memory for ids.
    case dedupMemoryFull(limit: Int)
    /// The message alone is larger than a chunk may be.
    case tooLarge(length: Int, limit: Int)
    /// Subject or message id are longer than their length field can say.
    case fieldTooLong(length: Int, limit: Int)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .dedupMemoryFull(let limit):
            "the memory for message ids (\(limit) bytes) is full: not stored; publish without "
                + "an id, or wait for the dedup window to pass"
        case .tooLarge(let length, let limit):
            "a message of \(length) bytes, limit \(limit): not stored; send a smaller one"
        case .fieldTooLong(let length, let limit):
            "a subject or message id of \(length) bytes, limit \(limit): not stored; use a "
                + "shorter one"
        }
    }
}
