public import WiberBase

/// What a step asks the driver for, in this order.
public enum Effect: Equatable, Sendable {
    /// Make durable, then say ``Input/hardStateDurable(_:)``.
    case persist(HardState)
    /// Seal an entry of the leader's own and append it.
    case appendControl(EntryID, EntryKind)
    /// Append these entries of the message at hand; what the log has from there on goes first.
    case accept(from: LogIndex, through: LogIndex)
    /// Send; never an append with entries.
    case send(RaftMessage, to: NodeID)
    /// Collect entries from `from`, at most through `through` and about `byteBudget` bytes but at
    /// least one, send them with `request`, then say ``Input/sent(to:through:bytes:term:)``.
    case replicate(
        to: NodeID,
        request: AppendRequest,
        from: LogIndex,
        through: LogIndex,
        byteBudget: Int
    )
    /// Everything up to here is committed.
    case committed(through: LogIndex)
    /// The node's role, term or leader is new.
    case role(RoleChange)
    /// A read is linearizable once this index is applied.
    case readReady(context: UInt64, index: LogIndex)
    /// A read cannot be confirmed here.
    case readFailed(context: UInt64)
    /// The configuration in force is new, by an append or a truncation.
    case configuration(Configuration)
    /// A transfer is over; if it succeeded, this node leads no more.
    case transferEnded(succeeded: Bool)
    /// A follower needs what the log has no more.
    case snapshotNeeded(NodeID)
}
