public import WiberBase

/// A topic as the cluster knows it.
public struct TopicRecord: Equatable, Sendable {
    /// The most nodes that may hold a topic.
    public static let replicasMax = 15

    /// Its group: the meta index of the entry that made it.
    public var group: GroupID
    /// What somebody asked it to be.
    public var configuration: TopicConfiguration
    /// The nodes that held it first: they begin with this as the group's configuration.
    public let firstReplicas: [NodeID]
    /// The nodes that hold it, as members of its group; while it moves, also those that are to.
    public var replicas: [NodeID]
    /// Where it is on its way to.
    public var move: Move?

    /// A change of who holds a topic.
    public struct Move: Equatable, Sendable {
        /// The meta entry that asked for it.
        public var id: LogIndex
        /// Who shall hold it.
        public var target: [NodeID]
    }

    /// A topic that begins.
    init(group: GroupID, configuration: TopicConfiguration, replicas: [NodeID]) {
        self.group = group
        self.configuration = configuration
        self.replicas = replicas
        firstReplicas = replicas
    }

    /// The replica that campaigns when the topic begins: another one for the next topic.
    public var firstLeader: NodeID {
        replicas.isEmpty ? .zero : replicas[Int(group.rawValue % UInt64(replicas.count))]
    }
}
