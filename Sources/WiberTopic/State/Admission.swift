public import WiberBase

/// What became of a publish at the leader's door.
public enum Admission: Equatable, Sendable {
    /// It is in the open chunk, with this sequence and time.
    case accepted(Sequence, Timestamp)
    /// It was stored before; told once the entry at that index is committed, which is
    /// ``TopicState/open`` if it is still in the open chunk.
    case duplicate(of: Sequence, at: LogIndex)
    /// It is not stored, because another message than the publisher expects is the last one; told once
    /// all that is in the log or open now is committed.
    case conflict(actual: Sequence)
    /// The same, because the last message, this one, has another id than the publisher expects.
    case otherID(actual: Sequence)
    /// It is not stored.
    case refused(AdmissionRefusal)
}

/// Why a publish is not stored.
public enum AdmissionRefusal: Equatable, Sendable {
    /// Another id would not fit the memory for ids.
    case dedupMemoryFull
    /// Another subject would not fit the memory for subjects.
    case subjectMemoryFull
    /// Which messages have which subject is not known yet.
    case subjectsUnknown
    /// Another message with a time to live would not fit the memory for those.
    case deadlineMemoryFull
    /// The id of the last message is not known yet.
    case lastIDUnknown
    /// Messages would go along that the topic's floor keeps.
    case kept
    /// The message alone is larger than a chunk may be.
    case tooLarge
    /// The topic would have more messages than its quota.
    case quotaOfMessages
    /// The topic would have more bytes than its quota.
    case quotaOfBytes
    /// Subject or message id are longer than their length field can say.
    case fieldTooLong
}

/// What a publish depends on, and what it takes along.
public struct PublishConditions: Equatable, Sendable {
    /// Earlier messages that go with the publish.
    public enum Rollup: Equatable, Sendable {
        /// Those of the same subject.
        case subject
        /// All.
        case all
    }

    /// The topic's last sequence must be this; 0: it has never had a message.
    public var lastSequence: UInt64?
    /// The sequence of the subject's newest message must be this; 0: it has none.
    public var lastSubjectSequence: UInt64?
    /// The subject that is meant by that; `nil`: the publish's own.
    public var subject: [UInt8]?
    /// The topic's last message must have this id.
    public var lastID: [UInt8]?
    /// What goes.
    public var rollup: Rollup?

    /// A publish that depends on nothing.
    public init() {}

    var needsIndex: Bool { lastSubjectSequence != nil || rollup == .subject }
}
