public import WiberBase

/// What must survive a crash before anybody is told of it (Raft §5.2).
public struct HardState: Equatable, Sendable {
    /// The latest term that this node has seen.
    public var term: Term
    /// Who got its vote in that term; zero: nobody.
    public var votedFor: NodeID
    /// A hard state.
    public init(term: Term = .zero, votedFor: NodeID = .zero) {
        self.term = term
        self.votedFor = votedFor
    }
}

/// What consensus must know about an entry.
public enum EntryKind: Equatable, Sendable {
    /// Anything that consensus does not look at.
    case normal
    /// The entry with which a leader begins its term.
    case noOp
    /// A configuration, in force from the moment it is appended.
    case configuration(Configuration)
}

/// An entry of an append message; its content travels beside the message.
public struct AppendedEntry: Equatable, Sendable {
    /// The term of the leader that made it.
    public var term: Term
    /// What it is.
    public var kind: EntryKind
    /// An entry.
    public init(term: Term, kind: EntryKind) {
        self.term = term
        self.kind = kind
    }
}

/// Asks for a vote, or whether one would be given (Raft §5.2, thesis §9.6).
public struct VoteRequest: Equatable, Sendable {
    /// The term that the candidate wants to lead; for a pre-vote one more than its own.
    public var term: Term
    /// The end of the candidate's log.
    public var last: EntryID
    /// Whether nothing changes by asking.
    public var isPreVote: Bool
    /// Whether the leader asked for this election, so that loyalty to it does not count.
    public var isTransfer: Bool
    /// A request.
    public init(term: Term, last: EntryID, isPreVote: Bool, isTransfer: Bool) {
        self.term = term
        self.last = last
        self.isPreVote = isPreVote
        self.isTransfer = isTransfer
    }
}

/// Answers a ``VoteRequest``.
public struct VoteResponse: Equatable, Sendable {
    /// The request's term if granted, else the voter's own.
    public var term: Term
    /// Whether the vote is given.
    public var isGranted: Bool
    /// Whether it answers a pre-vote.
    public var isPreVote: Bool
    /// A response.
    public init(term: Term, isGranted: Bool, isPreVote: Bool) {
        self.term = term
        self.isGranted = isGranted
        self.isPreVote = isPreVote
    }
}

/// Entries to append after `previous`, and how far the log is committed (Raft §5.3).
public struct AppendRequest: Equatable, Sendable {
    /// The leader's term.
    public var term: Term
    /// The entry before the first of `entries`.
    public var previous: EntryID
    /// The leader's commit index.
    public var commit: LogIndex
    /// The entries, from `previous.index.next` on.
    public var entries: [AppendedEntry]
    /// A request.
    public init(term: Term, previous: EntryID, commit: LogIndex, entries: [AppendedEntry]) {
        self.term = term
        self.previous = previous
        self.commit = commit
        self.entries = entries
    }
}

/// Answers an ``AppendRequest``.
public struct AppendResponse: Equatable, Sendable {
    /// The follower's term.
    public var term: Term
    /// Whether `previous` was not in the follower's log.
    public var isRejected: Bool
    /// How far the follower's log is the leader's, and on its disk.
    public var match: LogIndex
    /// If rejected: the last entry that may agree.
    public var hint: EntryID
    /// The end of the follower's log.
    public var last: LogIndex
    /// A response.
    public init(term: Term, isRejected: Bool, match: LogIndex, hint: EntryID, last: LogIndex) {
        self.term = term
        self.isRejected = isRejected
        self.match = match
        self.hint = hint
        self.last = last
    }
}

/// What nodes of a group tell each other.
public enum RaftMessage: Equatable, Sendable {
    /// Asks for a vote.
    case voteRequest(VoteRequest)
    /// Answers it.
    case voteResponse(VoteResponse)
    /// Appends entries, or only tells the commit index.
    case append(AppendRequest)
    /// Answers it.
    case appendResponse(AppendResponse)
    /// Asks the receiver to campaign at once (thesis §3.10).
    case timeoutNow(term: Term)
    /// The sender leads no longer and knows no successor.
    case stepDown(term: Term)
    /// Asks whether the sender still leads, for reads (thesis §6.4).
    case confirm(term: Term, round: UInt64)
    /// It does, as far as the sender of this knows.
    case confirmed(term: Term, round: UInt64)

    /// The sender's term, or the one it wants.
    public var term: Term {
        switch self {
        case .voteRequest(let request): request.term
        case .voteResponse(let response): response.term
        case .append(let request): request.term
        case .appendResponse(let response): response.term
        case .timeoutNow(let term), .stepDown(let term): term
        case .confirm(let term, _), .confirmed(let term, _): term
        }
    }
}
