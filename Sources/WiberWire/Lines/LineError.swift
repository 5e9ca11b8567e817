/// The codes of `ERR` lines: what a program may look at.
public enum LineErrorCode: String, Sendable, CaseIterable {
    /// The first word is no command.
    case unknownCommand = "UNKNOWN_COMMAND"
    /// An argument is missing, or one too many.
    case badArguments = "BAD_ARGUMENTS"
    /// An argument that should be a number is not, or is out of range.
    case badNumber = "BAD_NUMBER"
    /// A topic's name, a subject or a message id has characters that it cannot have.
    case badName = "BAD_NAME"
    /// A line, or what stands before its text, is too long.
    case tooLong = "TOO_LONG"
    /// A line did not end in time.
    case lineTimeout = "LINE_TIMEOUT"
    /// No topic has this name or captures this subject.
    case noTopic = "NO_TOPIC"
    /// The topic has no leader; nothing was stored.
    case noLeader = "NO_LEADER"
    /// Nobody knows whether the message was stored.
    case unknown = "UNKNOWN"
    /// Too much is under way.
    case overloaded = "OVERLOADED"
    /// The memory for message ids is full.
    case dedupFull = "DEDUP_FULL"
    /// Another message than the publisher expects is the last one; nothing was stored.
    case conflict = "CONFLICT"
    /// The last message has another id than the publisher expects; nothing was stored.
    case idConflict = "ID_CONFLICT"
    /// The publish has a time to live, and the topic takes none; nothing was stored.
    case timeToLive = "TTL"
    /// The time to live of a publish is none; nothing was stored.
    case timeToLiveInvalid = "BAD_TTL"
    /// The publish asks messages to go that the topic keeps; nothing was stored.
    case kept = "KEPT"
    /// The publish asks earlier messages to go, and the topic does not allow it; nothing was stored.
    case rollup = "ROLLUP"
    /// The publisher expects another topic; nothing was stored.
    case wrongTopic = "WRONG_TOPIC"
    /// The topic waits for the rest of a backup; nothing was stored.
    case restoring = "RESTORING"
    /// The topic would hold more than its quota; nothing was stored.
    case quota = "QUOTA"
    /// The leader's disk is full; nothing was stored.
    case diskFull = "DISK_FULL"
    /// The disk failed.
    case storage = "STORAGE"
    /// This version does not have it.
    case unsupported = "UNSUPPORTED"
    /// A limit of the connection is reached.
    case limit = "LIMIT"
    /// There is no such subscription.
    case notSubscribed = "NOT_SUBSCRIBED"
    /// This node has no replica of the topic.
    case notHere = "NOT_HERE"
}

/// A line that is no request: what is wrong, and what to do.
public struct LineError: Error, Equatable, Sendable {
    /// What a program may look at.
    public var code: LineErrorCode
    /// What a person reads.
    public var text: String
}
