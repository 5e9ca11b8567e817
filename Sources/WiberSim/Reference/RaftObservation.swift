package import WiberBase
package import WiberRaft

/// One step of a core, as somebody saw who looks at what came in, what went out, and what is left.
package struct RaftObservation: Sendable {
    /// What happened; a message as it was sent, whatever the driver made of it.
    package var input: Input
    /// What followed, in order.
    package var effects: [Effect]
    /// The core after it.
    package var after: RaftView

    /// A step.
    package init(input: Input, effects: [Effect], after: RaftView) {
        self.input = input
        self.effects = effects
        self.after = after
    }
}

/// What figure 2 of the paper knows of a server.
package struct RaftView: Equatable, Sendable {
    /// `currentTerm` and `votedFor`.
    package var hardState: HardState
    /// What it is.
    package var role: Role
    /// `commitIndex`.
    package var commitIndex: LogIndex
    /// The last entry of its log.
    package var last: EntryID
    /// The configuration in force.
    package var configuration: Configuration

    /// A server that is described.
    package init(
        hardState: HardState,
        role: Role,
        commitIndex: LogIndex = .zero,
        last: EntryID,
        configuration: Configuration
    ) {
        self.hardState = hardState
        self.role = role
        self.commitIndex = commitIndex
        self.last = last
        self.configuration = configuration
    }

    /// A core as it is now.
    package init(_ raft: Raft) {
        hardState = raft.hardState
        role = raft.role
        commitIndex = raft.commitIndex
        last = raft.lastEntry
        configuration = raft.configuration
    }
}

/// What a core did and figure 2 does not allow.
package struct RaftRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// The rule, as it stands in the paper.
    package var rule: Rule
    /// What was seen.
    package var text: String

    /// What figure 2 demands, and what the thesis and the disk add to it.
    package enum Rule: CaseIterable, Sendable {
        /// Term, vote and log survive a crash.
        case persistentState
        /// What is answered is on stable storage.
        case durableBeforeAnswer
        /// `currentTerm` grows, to the term of a message or by one for an election.
        case terms
        /// One vote a term, and only to a log that is up to date (§5.2, §5.4).
        case votes
        /// A candidate leads with the votes of a majority (§5.2).
        case elections
        /// A leader never overwrites or deletes entries of its log (§5.3).
        case leaderAppendOnly
        /// An append fits behind an entry that both have (§5.3).
        case consistencyCheck
        /// Only what conflicts is deleted (§5.3).
        case truncation
        /// A leader commits what a majority has, of its own term; a follower what it is told of
        /// and has (§5.3, §5.4).
        case commit
        /// A message says what its sender knows.
        case messages
        /// A configuration is in force as soon as it is in the log; one change at a time (§6).
        case configurations
        /// A read waits for a majority (§8).
        case reads
        /// The state is what all steps make of it.
        case state
    }

    /// `votes: 2 votes for 1 and 3 in term 4`.
    package var description: String { "\(rule): \(text)" }
}
