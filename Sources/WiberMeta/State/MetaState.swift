public import WiberBase

/// What a command changed.
public enum MetaChange: Equatable, Sendable {
    /// The cluster exists from now on.
    case formed(UniqueID)
    /// A node's data directory is known.
    case storeBound(NodeID, UniqueID)
    /// A topic exists.
    case topicCreated(GroupID)
    /// A topic is gone; this is what it was.
    case topicDeleted(TopicRecord)
    /// A topic's configuration is another one; this is what it was.
    case topicUpdated(GroupID, before: TopicConfiguration)
    /// A topic is to be held by other nodes, or is held by them now.
    case topicMoved(GroupID)
    /// A node is drained, or is not any more.
    case drained(NodeID)
    /// A node belongs to the cluster.
    case nodeAdded(NodeID)
    /// A node is on its way out.
    case nodeLeaving(NodeID)
    /// A node belongs to the cluster no more; this is what it was.
    case nodeForgotten(NodeRecord)
    /// A node is to be dialled elsewhere.
    case nodeMoved(NodeID)
    /// A node has other tags.
    case nodeTagged(NodeID)
    /// A node can work at other feature levels than before, or runs another release.
    case nodeAnnounced(NodeID)
    /// The cluster is at a higher feature level.
    case levelRaised(FeatureLevel)
}

/// Nodes and topics, as the meta group's log makes them: the same on every node.
///
/// 1. A cluster forms once; a second `form` changes nothing.
/// 2. A node is bound to one store, and a store to one node; another one is refused until the node
///    is replaced.
/// 3. The first topic of a name has it until it is deleted; making it again changes nothing.
/// 4. A command that makes no sense is as if it had not been. One of a kind that this release does not
///    know is not for this state to judge: who reads it must stop, or it would differ from the others.
public struct MetaState: Sendable {
    /// What names the cluster; `nil` until it is formed.
    public private(set) var clusterID: UniqueID?
    /// The nodes, by number.
    public internal(set) var nodes: [NodeRecord] = []
    /// The highest number that a node has had: none is ever given twice.
    public internal(set) var lastNode = NodeID.zero
    /// The stores of nodes that left, the latest ``storesMax`` of them.
    public internal(set) var formerStores: [UniqueID] = []
    /// The cluster's feature level.
    public internal(set) var level = FeatureLevel.base
    private var topics: [GroupID: TopicRecord] = [:]
    private var groupOfName: [String: GroupID] = [:]
    private var subjects = SubjectIndex()
    /// How many topics each node holds.
    private(set) var load: [NodeID: Int] = [:]
    /// The topics that move, those that may not be everywhere, and those that are where they may not be.
    private var moving: Set<GroupID> = []
    private var placed: Set<GroupID> = []
    private var misplaced: Set<GroupID> = []

    /// Before the first command.
    public init() {}

    /// Whether the cluster exists.
    public var isFormed: Bool { clusterID != nil }
    /// The number of topics.
    public var topicCount: Int { topics.count }
    /// The number of topics that move.
    public var movingCount: Int { moving.count }
    /// The number of topics that are, or are on their way, where their placement does not have them.
    public var misplacedCount: Int { misplaced.count }
    /// Those topics, oldest first.
    public var misplacedTopics: [TopicRecord] { misplaced.sorted().compactMap { topics[$0] } }
    /// Whether a topic is one of those.
    public func isMisplaced(_ group: GroupID) -> Bool { misplaced.contains(group) }
    /// The topics that may not be everywhere, oldest first.
    var placedTopics: [TopicRecord] { placed.sorted().compactMap { topics[$0] } }
    /// All topics, oldest first.
    public var allTopics: [TopicRecord] { topics.values.sorted { $0.group < $1.group } }
    /// A node by its number, or as a member of a topic's group.
    public func node(_ id: NodeID) -> NodeRecord? { nodes.first { $0.id == id.node } }
    /// A topic by its group.
    public func topic(_ group: GroupID) -> TopicRecord? { topics[group] }
    /// A topic's group by its name.
    public func group(named name: String) -> GroupID? { groupOfName[name] }
    /// The oldest topic that captures a subject.
    public func group(capturing subject: String) -> GroupID? {
        subjects.group(capturing: subject)
    }

    func overlapping(_ subject: String, except group: GroupID?) -> GroupID? {
        subjects.group(overlapping: subject, except: group)
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
        case .updateTopic(let group, let before, let after): update(group, before, after)
        case .move(let group, let nodes): move(group, nodes, at: index)
        case .settled(let group, let id, let members): settled(group, id, members)
        case .drain(let node, let isDrained): drain(node, isDrained)
        case .addNode(let record, let replaced): add(record, replacing: replaced, at: index)
        case .removeNode(let node): remove(node)
        case .forgetNode(let node): forget(node)
        case .moveNode(let record): move(record)
        case .restored(let group): restored(group)
        case .tagNode(let node, let tags): tag(node, tags)
        case .announce(let node, let levels, let software): announce(node, levels, software)
        case .raise(let level): raise(to: level)
        }
    }

    private mutating func form(_ cluster: UniqueID, _ nodes: [NodeRecord]) -> [MetaChange] {
        guard clusterID == nil, cluster != .zero, !nodes.isEmpty,
            Set(nodes.map(\.id)).count == nodes.count,
            nodes.allSatisfy({ $0.id > .zero && $0.id.node == $0.id })
        else { return [] }
        clusterID = cluster
        self.nodes = nodes.sorted { $0.id < $1.id }
        lastNode = self.nodes.last?.id ?? .zero
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
            isPlace(replicas)
        else { return [] }
        topics[group] = TopicRecord(
            group: group,
            configuration: configuration,
            replicas: replicas.sorted()
        )
        groupOfName[configuration.name] = group
        for subject in configuration.subjects { subjects.insert(subject, group) }
        for node in replicas { load[node, default: 0] += 1 }
        note(group)
        return [.topicCreated(group)]
    }

    private mutating func delete(_ group: GroupID) -> [MetaChange] {
        guard let topic = topics.removeValue(forKey: group) else { return [] }
        groupOfName[topic.configuration.name] = nil
        note(group)
        for subject in topic.configuration.subjects { subjects.remove(subject, group) }
        for node in topic.replicas { load[node.node, default: 0] -= 1 }
        return [.topicDeleted(topic)]
    }

    private mutating func update(
        _ group: GroupID,
        _ looked: TopicConfiguration?,
        _ configuration: TopicConfiguration
    ) -> [MetaChange] {
        guard let before = topics[group]?.configuration, looked ?? before == before,
            before != configuration,
            before.name == configuration.name, before.dedupKey == configuration.dedupKey,
            before.replicas == configuration.replicas,
            before.restoredFrom == configuration.restoredFrom,
            before.isRestoring == configuration.isRestoring
        else { return [] }
        for subject in before.subjects { subjects.remove(subject, group) }
        for subject in configuration.subjects { subjects.insert(subject, group) }
        topics[group]?.configuration = configuration
        note(group)
        return [.topicUpdated(group, before: before)]
    }

    private mutating func restored(_ group: GroupID) -> [MetaChange] {
        guard let before = topics[group]?.configuration, before.isRestoring else { return [] }
        topics[group]?.configuration.isRestoring = false
        return [.topicUpdated(group, before: before)]
    }

    private mutating func move(
        _ group: GroupID,
        _ nodes: [NodeID],
        at index: LogIndex
    ) -> [MetaChange] {
        guard let record = topics[group], isPlace(nodes) else { return [] }
        // Who holds it stays the member that it is; others are new ones.
        let target = nodes.map { node in
            record.replicas.first { $0.node == node }
                ?? NodeID(node, since: Mutant.memberReused.isOn ? .zero : index)
        }.sorted()
        guard record.move?.target ?? record.replicas != target else { return [] }
        topics[group]?.move = TopicRecord.Move(id: index, target: target)
        topics[group]?.configuration.replicas = target.count
        hold(group, record.replicas + target)
        note(group)
        return [.topicMoved(group)]
    }

    /// Who is no member any more, and shall not be one, holds the topic no more.
    private mutating func settled(
        _ group: GroupID,
        _ id: LogIndex,
        _ members: [NodeID]
    ) -> [MetaChange] {
        guard let record = topics[group], let move = record.move, move.id == id, !members.isEmpty,
            members.allSatisfy({ record.replicas.contains($0) })
        else { return [] }
        if members.sorted() == move.target { topics[group]?.move = nil }
        hold(group, members + move.target)
        note(group)
        return [.topicMoved(group)]
    }

    /// Says which nodes hold a topic.
    private mutating func hold(_ group: GroupID, _ nodes: [NodeID]) {
        for node in topics[group]?.replicas ?? [] { load[node.node, default: 0] -= 1 }
        let holders = Set(nodes).sorted()
        topics[group]?.replicas = holders
        for node in holders { load[node.node, default: 0] += 1 }
    }

    /// Notes whether a topic moves, and whether it is where it may be.
    mutating func note(_ group: GroupID) {
        moving.remove(group)
        placed.remove(group)
        misplaced.remove(group)
        guard let record = topics[group] else { return }
        if record.move != nil { moving.insert(group) }
        let placement = record.configuration.placement
        guard !placement.isAnywhere else { return }
        placed.insert(group)
        if !fits(record.move?.target ?? record.replicas, placement) { misplaced.insert(group) }
    }

    private mutating func drain(_ id: NodeID, _ isDrained: Bool) -> [MetaChange] {
        guard let place = nodes.firstIndex(where: { $0.id == id }),
            nodes[place].isDrained != isDrained, !nodes[place].isLeaving
        else { return [] }
        nodes[place].isDrained = isDrained
        return [.drained(id)]
    }

    /// Whether a topic can be held by these nodes, named without what members they are.
    private func isPlace(_ replicas: [NodeID]) -> Bool {
        !replicas.isEmpty && replicas.count <= TopicRecord.replicasMax
            && Set(replicas).count == replicas.count
            && replicas.allSatisfy { $0.node == $0 && node($0) != nil }
    }
}
