public import WiberBase

/// A topic as the cluster knows it.
public struct TopicRecord: Equatable, Sendable {
    /// Its group: the meta index of the entry that made it.
    public var group: GroupID
    /// What somebody asked it to be.
    public var configuration: TopicConfiguration
    /// The nodes that hold it.
    public var replicas: [NodeID]
}

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
public struct MetaState: Sendable {
    /// What names the cluster; `nil` until it is formed.
    public private(set) var clusterID: UniqueID?
    /// The nodes, by number.
    public private(set) var nodes: [NodeRecord] = []
    private var topics: [GroupID: TopicRecord] = [:]
    private var groupOfName: [String: GroupID] = [:]

    /// Before the first command.
    public init() {}

    /// Whether the cluster exists.
    public var isFormed: Bool { clusterID != nil }
    /// A node by its number.
    public func node(_ id: NodeID) -> NodeRecord? { nodes.first { $0.id == id } }
    /// A topic by its group.
    public func topic(_ group: GroupID) -> TopicRecord? { topics[group] }
    /// A topic's group by its name.
    public func group(named name: String) -> GroupID? { groupOfName[name] }
    /// All topics, oldest first.
    public var allTopics: [TopicRecord] { topics.values.sorted { $0.group < $1.group } }

    /// The oldest topic that captures a subject.
    public func group(capturing subject: String) -> GroupID? {
        let tokens = subject.split(separator: ".", omittingEmptySubsequences: false)
        return allTopics.first { topic in
            topic.configuration.subjects.contains { Self.matches($0, tokens) }
        }?.group
    }

    /// Whether a pattern with `*` (one token) and a final `>` (one or more) matches.
    static func matches(_ pattern: String, _ tokens: [Substring]) -> Bool {
        let parts = pattern.split(separator: ".", omittingEmptySubsequences: false)
        for (place, part) in parts.enumerated() {
            if part == ">" { return place == parts.count - 1 && tokens.count > place }
            guard place < tokens.count, part == "*" || part == tokens[place] else { return false }
        }
        return parts.count == tokens.count
    }

    /// Nodes for a topic's replicas: those that hold the fewest, then the lowest numbers.
    ///
    /// - Returns: at most as many as there are nodes, sorted.
    public func place(replicas: Int) -> [NodeID] {
        var load: [NodeID: Int] = [:]
        for topic in topics.values { for node in topic.replicas { load[node, default: 0] += 1 } }
        let order = nodes.map(\.id).sorted { (load[$0] ?? 0, $0) < (load[$1] ?? 0, $1) }
        return order.prefix(max(1, replicas)).sorted()
    }

    /// Applies a committed command.
    ///
    /// - Returns: what changed; nothing if the command came too late or twice.
    public mutating func apply(_ command: MetaCommand, at index: LogIndex) -> [MetaChange] {
        switch command {
        case .form(let cluster, let nodes):
            guard clusterID == nil else { return [] }
            clusterID = cluster
            self.nodes = nodes.sorted { $0.id < $1.id }
            return [.formed(cluster)]
        case .bindStore(let id, let store):
            guard let place = nodes.firstIndex(where: { $0.id == id }),
                nodes[place].storeID == .zero
            else { return [] }
            nodes[place].storeID = store
            return [.storeBound(id, store)]
        case .createTopic(let configuration, let replicas):
            guard groupOfName[configuration.name] == nil, !replicas.isEmpty else { return [] }
            let group = GroupID(index.rawValue)
            topics[group] = TopicRecord(
                group: group,
                configuration: configuration,
                replicas: replicas
            )
            groupOfName[configuration.name] = group
            return [.topicCreated(group)]
        case .deleteTopic(let group):
            guard let topic = topics.removeValue(forKey: group) else { return [] }
            groupOfName[topic.configuration.name] = nil
            return [.topicDeleted(group)]
        }
    }
}
