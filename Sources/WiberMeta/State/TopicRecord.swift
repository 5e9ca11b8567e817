public import WiberBase

/// A topic as the cluster knows it.
public struct TopicRecord: Equatable, Sendable {
    /// The most nodes that may hold a topic.
    public static let replicasMax = 15

    /// Its group: the meta index of the entry that made it.
    public var group: GroupID
    /// What somebody asked it to be.
    public var configuration: TopicConfiguration
    /// The nodes that hold it.
    public var replicas: [NodeID]

    /// The replica that campaigns when the topic begins: another one for the next topic.
    public var firstLeader: NodeID {
        replicas.isEmpty ? .zero : replicas[Int(group.rawValue % UInt64(replicas.count))]
    }
}
