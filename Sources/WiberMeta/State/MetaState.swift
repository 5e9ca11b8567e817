public import WiberBase

/// What a command changed.
public enum MetaChange: Equatable, Sendable {
    /// The cluster exists from now on.
    case formed(UniqueID)
    /// A node's data directory is known.
    case storeBound(NodeID, UniqueID)
    /// A topic exists.
    case topicCreated(GroupID)
    /// A topic is gone.
    case topicDeleted(GroupID)
}

/// Nodes and topics, as the meta group's log makes them: the same on every node.
///
/// 1. A cluster forms once; a second `form` changes nothing.
/// 2. A node is bound to one store, and a store to one node; another one is refused until the node
///    is replaced.
/// 3. The first topic of a name has it until it is deleted; making it again changes nothing.
/// 4. A command that makes no sense is as if it had not been: it may come from a newer version, and
///    must never stop a node.
public struct MetaState: Sendable {
    /// What names the cluster; `nil` until it is formed.
    public private(set) var clusterID: UniqueID?
    /// The nodes, by number.
    public private(set) var nodes: [NodeRecord] = []
    private var topics: [GroupID: TopicRecord] = [:]
    private var groupOfName: [String: GroupID] = [:]
    private var subjects = SubjectIndex()
    /// How many topics each node holds.
    private var load: [NodeID: Int] = [:]

    /// Before the first command.
    public init() {}

    /// Whether the cluster exists.
    public var isFormed: Bool { clusterID != nil }
    /// The number of topics.
    public var topicCount: Int { topics.count }
    /// All topics, oldest first.
    public var allTopics: [TopicRecord] { topics.values.sorted { $0.group < $1.group } }
    /// A node by its number.
    public func node(_ id: NodeID) -> NodeRecord? { nodes.first { $0.id == id } }
    /// A topic by its group.
    public func topic(_ group: GroupID) -> TopicRecord? { topics[group] }
    /// A topic's group by its name.
    public func group(named name: String) -> GroupID? { groupOfName[name] }
    /// The oldest topic that captures a subject.
    public func group(capturing subject: String) -> GroupID? {
        subjects.group(capturing: subject)
    }

    /// Nodes for a topic's replicas: those that hold the fewest, then the lowest numbers.
    ///
    /// - Returns: at least one and at most as many as there are nodes, sorted.
    public func place(replicas: Int) -> [NodeID] {
        let order = nodes.map(\.id).sorted { (load[$0] ?? 0, $0) < (load[$1] ?? 0, $1) }
        return order.prefix(min(max(1, replicas), TopicRecord.replicasMax)).sorted()
    }

    // MARK: Commands

    /// Applies a committed command.
    ///
    /// - Returns: what changed; nothing if the command came too late or twice, or makes no sense.
    public mutating func apply(_ command: MetaCommand, at index: LogIndex) -> [MetaChange] {
        switch command {
        case .form(let cluster, let nodes): form(cluster, nodes)
        case .bindStore(let node, let store): bind(node, store)
        case .createTopic(let topic, let replicas): create(topic, replicas, at: index)
        case .deleteTopic(let group): delete(group)
        }
    }

    private mutating func form(_ cluster: UniqueID, _ nodes: [NodeRecord]) -> [MetaChange] {
        guard clusterID == nil, cluster != .zero, !nodes.isEmpty,
            Set(nodes.map(\.id)).count == nodes.count, !nodes.contains(where: { $0.id == .zero })
        else { return [] }
        clusterID = cluster
        self.nodes = nodes.sorted { $0.id < $1.id }
        return [.formed(cluster)]
    }

    private mutating func bind(_ id: NodeID, _ store: UniqueID) -> [MetaChange] {
        guard store != .zero, !nodes.contains(where: { $0.storeID == store }),
            let place = nodes.firstIndex(where: { $0.id == id }), nodes[place].storeID == .zero
        else { return [] }
        nodes[place].storeID = store
        return [.storeBound(id, store)]
    }

    private mutating func create(
        _ configuration: TopicConfiguration,
        _ replicas: [NodeID],
        at index: LogIndex
    ) -> [MetaChange] {
        let group = GroupID(index.rawValue)
        guard group != .meta, topics[group] == nil, groupOfName[configuration.name] == nil,
            TopicConfiguration.isValidName(Array(configuration.name.utf8)),
            !replicas.isEmpty, replicas.count <= TopicRecord.replicasMax,
            Set(replicas).count == replicas.count, replicas.allSatisfy({ node($0) != nil })
        else { return [] }
        topics[group] = TopicRecord(
            group: group,
            configuration: configuration,
            replicas: replicas.sorted()
        )
        groupOfName[configuration.name] = group
        for subject in configuration.subjects { subjects.insert(subject, group) }
        for node in replicas { load[node, default: 0] += 1 }
        return [.topicCreated(group)]
    }

    private mutating func delete(_ group: GroupID) -> [MetaChange] {
        guard let topic = topics.removeValue(forKey: group) else { return [] }
        groupOfName[topic.configuration.name] = nil
        for subject in topic.configuration.subjects { subjects.remove(subject, group) }
        for node in topic.replicas { load[node, default: 0] -= 1 }
        return [.topicDeleted(group)]
    }
}
