public import WiberBase

/// Asks the leader of a group to let another replica lead.
public struct TransferLeadership: Sendable, Equatable {
    /// The group.
    public var group: GroupID
    /// Who shall lead.
    public var node: NodeID
    /// A request.
    public init(group: GroupID, node: NodeID) {
        self.group = group
        self.node = node
    }
}
