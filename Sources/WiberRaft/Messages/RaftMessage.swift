public import WiberBase

/// What an entry is to the core, which never sees its bytes.
public enum EntryKind: Equatable, Sendable {
    /// Whatever the group is for.
    case normal
    /// What a leader begins its term with (Raft §8).
    case noOp
    /// A configuration, in force as soon as it is in the log.
    case configuration(Configuration)
}

/// An entry of an append; its bytes travel beside the message.
public struct AppendedEntry: Equatable, Sendable {
    /// The term of the leader that made it.
    public var term: Term
    /// What it is.
    public var kind: EntryKind
    /// An entry of a term.
    public init(term: Term, kind: EntryKind) {
        self.term = term
        self.kind = kind
    }
}

/// Asks for a vote, or whether one would be given (Raft §5.2; thesis §9.6).
public struct VoteRequest: Equatable, Sendable {
    /// The term to lead; of a pre-vote: the term that would follow.
    public var term: Term
    /// The candidate's last entry.
    public var last: EntryID
    /// Only asks: changes no term and no vote.
    public var isPreVote: Bool
    /// The leader itself wants this election: its being alive is no reason to refuse.
    public var isTransfer: Bool
    /// A request for a vote.
    public init(term: Term, last: EntryID, isPreVote: Bool = false, isTransfer: Bool = false) {
        self.term = term
        self.last = last
        self.isPreVote = isPreVote
        self.isTransfer = isTransfer
    }
}

/// Answers a ``VoteRequest``.
public struct VoteResponse: Equatable, Sendable {
    /// The term that was asked for if granted, the voter's own if refused.
    public var term: Term
    /// Whether the vote is given.
    public var isGranted: Bool
    /// Whether it was only asked for.
    public var isPreVote: Bool
    /// An answer to a candidate.
    public init(term: Term, isGranted: Bool, isPreVote: Bool = false) {
        self.term = term
        self.isGranted = isGranted
        self.isPreVote = isPreVote
    }
}

/// A leader's entries, or news of its commit index, or a question (Raft §5.3).
public struct AppendRequest: Equatable, Sendable {
    /// The leader's term.
    public var term: Term
    /// The entry before the first one here; zero if that is the first of all.
    public var previous: EntryID
    /// The leader's commit index.
    public var commit: LogIndex
    /// The entries after `previous`, in order.
    public var entries: [AppendedEntry]
    /// Wants an answer at once, also if nothing is new; otherwise only durable news are answered.
    public var isProbe: Bool
    /// An append.
    public init(
        term: Term,
        previous: EntryID,
        commit: LogIndex,
        entries: [AppendedEntry] = [],
        isProbe: Bool = false
    ) {
        self.term = term
        self.previous = previous
        self.commit = commit
        self.entries = entries
        self.isProbe = isProbe
    }
}

/// Answers an ``AppendRequest``.
public struct AppendResponse: Equatable, Sendable {
    /// The follower's term; above the leader's, nothing else here counts.
    public var term: Term
    /// Whether `previous` did not match.
    public var isRejected: Bool
    /// The log is the leader's and durable up to here, as verified in this term.
    public var match: LogIndex
    /// The log is the leader's up to here, durable or not.
    public var verified: LogIndex
    /// Of a rejection: the index of `previous`, by which old rejections are known.
    public var refused: LogIndex
    /// Of a rejection: the last entry at or before `refused` whose term is not above that of
    /// `previous`; the first mismatch of every later term is skipped in one step.
    public var hint: EntryID
    /// An answer to a leader.
    public init(
        term: Term,
        isRejected: Bool = false,
        match: LogIndex,
        verified: LogIndex,
        refused: LogIndex = .zero,
        hint: EntryID = .zero
    ) {
        self.term = term
        self.isRejected = isRejected
        self.match = match
        self.verified = verified
        self.refused = refused
        self.hint = hint
    }
}

/// What nodes of a group say to each other.
public enum RaftMessage: Equatable, Sendable {
    /// Asks for a vote.
    case voteRequest(VoteRequest)
    /// Answers it.
    case voteResponse(VoteResponse)
    /// Entries, or news of the commit index.
    case append(AppendRequest)
    /// Answers it.
    case appendResponse(AppendResponse)
    /// Campaign at once, says the leader of that term (Raft thesis §3.10).
    case timeoutNow(Term)
    /// I led that term, and lead no more.
    case stepDown(Term)
    /// Am I still the leader of that term? The number says which time this is asked.
    case confirm(Term, round: UInt64)
    /// Answers it.
    case confirmed(Term, round: UInt64)

    /// The term that the sender speaks of.
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
