public import WiberBase

/// What happens to a node of a group.
public enum Input: Equatable, Sendable {
    /// ``Raft/nextDeadline`` has passed.
    case deadline
    /// A message came.
    case received(RaftMessage, from: NodeID)
    /// The driver has put an entry of ``Raft/currentTerm`` behind ``Raft/lastIndex``; at the leader
    /// only, and after a look at ``Raft/refusal``.
    case proposed(kind: EntryKind, bytes: Int)
    /// Answers ``Effect/replicate(to:request:from:through:byteBudget:)``: sent up to `through`;
    /// less than its `from` means that nothing could be sent, and the core will ask again.
    case sent(to: NodeID, through: LogIndex, bytes: Int, term: Term)
    /// The log is durable up to `through`, as appended while `term` was the current one.
    case logDurable(through: LogIndex, term: Term)
    /// That state is durable, and so is everything appended before it was asked for.
    case hardStateDurable(HardState)
    /// The connection to a node ended without goodbye.
    case laneEnded(NodeID)
    /// A new connection to that node was refused or reset.
    case laneRefused(NodeID)
    /// A connection to a node is there; whether it is the same process as before, and whether all that
    /// it sent meanwhile has come.
    case laneOpened(NodeID, isSameIncarnation: Bool, isNothingMissed: Bool = false)
    /// Another process runs on a node: what the one before had acknowledged counts no more.
    case restarted(NodeID)
    /// Asks for an index at which a read is linearizable; leader only.
    case readIndex(context: UInt64)
    /// Hands leadership to a node, or to the voter that is most up to date.
    case transfer(to: NodeID?)
    /// Changes the configuration; ask ``Raft/refusal(of:)`` before.
    case changeConfiguration(Configuration.Target)
    /// Campaigns at once: the first leader that meta has named, or a sole voter.
    case campaign
    /// The entries up to here are in the log no more; they must be committed.
    case compacted(through: LogIndex)
    /// A snapshot up to that entry has replaced what was before it, and is durable.
    case restored(EntryID, Configuration)
}
