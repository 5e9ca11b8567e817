import WiberBase
import WiberLog
import WiberMeta
import WiberRaft
import WiberTopic
import WiberWire

/// The meta group: formation of the cluster, nodes and topics.
extension ShardCore {
    static let metaSlot = 0

    /// How many of so many nodes vote in meta: 3, from five nodes on 5; the others learn (rule 17).
    static func metaVoters(of nodes: Int) -> Int { nodes >= 5 ? 5 : min(3, nodes) }

    /// Who votes in meta when a cluster begins: the first of its nodes.
    static func metaConfiguration(of nodes: Int) -> Configuration {
        let ids = (1...max(1, UInt64(nodes))).map { NodeID($0) }
        return Configuration(
            voters: Array(ids.prefix(metaVoters(of: ids.count))),
            learners: Array(ids.dropFirst(metaVoters(of: ids.count)))
        )
    }

    /// Who votes in meta before its log says so: for a node of a cluster as the first entry has it, or
    /// nobody; for others as their configuration has it.
    func firstMetaConfiguration(_ log: [Chunk]) -> Configuration {
        for chunk in log {
            if case .form(_, let nodes)? = MetaCommand(chunk) {
                return Self.metaConfiguration(of: nodes.count)
            }
        }
        return store.superblock.clusterID == .zero && !configuration.onlyJoins
            ? Self.metaConfiguration(of: configuration.nodes.count) : Configuration(voters: [])
    }

    // MARK: Proposing

    /// Appends a command as the meta leader.
    func propose(_ command: MetaCommand) {
        let slot = ShardCore.metaSlot
        guard let raft = groups[slot].raft, raft.role == .leader, raft.refusal == nil else {
            return
        }
        guard command.level <= meta.level else {
            return trace(.error, "a command is above the cluster's feature level")
        }
        var bytes: [UInt8] = []
        command.encode(into: &bytes)
        let entry = EntryID(index: raft.lastIndex.next, term: raft.currentTerm)
        let chunk = groups[slot].topic.control(
            .meta,
            bytes,
            group: .meta,
            entry: entry,
            wall: logTime(slot)
        )
        propose(slot, chunk)
    }

    /// Whether this node leads meta, its log is applied to the end, and its disk has room, so that
    /// it may decide.
    var decidesMeta: Bool {
        guard let raft = groups.first?.raft, raft.role == .leader, fullDisk?.isOnlyLow ?? true
        else {
            return false
        }
        return groups[ShardCore.metaSlot].applied == raft.lastIndex
    }

    /// Whether what this node knows of topics is not what it was at some time before its start.
    var isMetaCurrent: Bool {
        guard let raft = groups.first?.raft, raft.leader != nil else { return false }
        return store.term(.meta, at: groups[ShardCore.metaSlot].applied) == raft.currentTerm
    }

    /// The first leader of an unformed cluster makes it one.
    private func proposeFormation() {
        guard decidesMeta, !meta.isFormed, !formationProposed else { return }
        formationProposed = true
        let nodes = peers.prefix(configuration.nodes.count).map { peer in
            var record = NodeRecord(peer.address)
            record.id = peer.id
            record.storeID = peer.id == selfID ? store.superblock.storeID : peer.storeID
            return record
        }
        let cluster = UniqueID(high: random.next(), low: random.next() | 1)
        propose(.form(clusterID: cluster, nodes: nodes))
    }

    /// Binds the stores of nodes that joined after the cluster was formed.
    private func bindStores() {
        guard decidesMeta, meta.isFormed else { return }
        for peer in presentPeers where peer.id != selfID && peer.storeID != .zero {
            if let record = meta.node(peer.id), record.storeID == .zero,
                !meta.nodes.contains(where: { $0.storeID == peer.storeID }),
                peer.levels?.contains(meta.level) ?? false
            {
                return propose(.bindStore(node: peer.id, storeID: peer.storeID))
            }
        }
    }

    /// Creates the topics of the configuration that are missing, and were not deleted.
    private func createConfiguredTopics() {
        guard decidesMeta, meta.isFormed else { return }
        for topic in configuration.topics
        where meta.group(named: topic.name) == nil && !deletedByCommand.contains(topic.name) {
            if create(topic) { return }
        }
    }

    /// Creates a topic; what the configuration says of it counts more than what was asked for.
    ///
    /// - Returns: whether there are nodes for it: one that may not be everywhere waits for them.
    @discardableResult
    private func create(_ asked: TopicConfiguration) -> Bool {
        var topic = configuration.topics.first { $0.name == asked.name } ?? asked
        let replicas = place(replicas: topic.replicas, on: topic.placement)
        guard !replicas.isEmpty, topic.placement.isAnywhere || replicas.count == topic.replicas
        else {
            noteWithoutPlace(topic)
            return false
        }
        topicsWithoutPlace.remove(topic.name)
        topic.replicas = replicas.count
        var command = MetaCommand.createTopic(topic, replicas: replicas)
        if command.level > meta.level {
            guard hasWaitedForLevel() else {
                mustDecideMeta = true
                retrySlots.insert(ShardCore.metaSlot)
                return false
            }
            topic.compression = .none
            command = .createTopic(topic, replicas: replicas)
            trace(
                .warning,
                "a topic is made without compression: the feature level is too low; update it later",
                [("topic", topic.name), ("waits_for", levelWaits ?? "")]
            )
        }
        propose(command)
        return true
    }

    // MARK: Requests

    /// Asks for a topic; returns whether anybody was asked.
    func requestTopic(_ topic: TopicConfiguration) -> Bool {
        let slot = ShardCore.metaSlot
        if groups[slot].isLeader {
            guard decidesMeta, meta.isFormed else { return false }
            if meta.group(named: topic.name) == nil { create(topic) }
            return true
        }
        guard let leader = groups[slot].leader, let place = place(of: leader),
            peers[place].openLane != nil
        else { return false }
        sendFrame(
            .createTopic(CreateTopic(request: token(), topic: MetaCommand.encode(topic))),
            to: place
        )
        return true
    }

    func receiveCreateTopic(_ request: CreateTopic, from node: NodeID) {
        guard let topic = try? MetaCommand.decodeTopic(request.topic),
            TopicConfiguration.isValidName(Array(topic.name.utf8))
        else { return }
        _ = requestTopicHere(topic)
    }

    /// As ``requestTopic(_:)``, never passed on.
    private func requestTopicHere(_ topic: TopicConfiguration) -> Bool {
        guard groups[ShardCore.metaSlot].isLeader else { return false }
        return requestTopic(topic)
    }

    func receiveCreateTopicReply(_ reply: CreateTopicReply) {
        guard !reply.text.isEmpty else { return }
        trace(.warning, "a topic was refused", [("why", reply.text)])
    }

    // MARK: Applying

    func applyMeta(_ chunk: Chunk) {
        mustDecideMeta = true
        guard chunk.header.kind == .meta else { return }
        let index = chunk.header.index
        guard let command = MetaCommand(chunk) else {
            // Without it this node's nodes and topics would differ from those of the others.
            return emit(
                .fatal(
                    "entry \(index) of the meta log says something that this binary (wiber"
                        + " \(configuration.version)) does not know: start node"
                        + " \(configuration.nodeName) with the release that the other nodes run"
                )
            )
        }
        for change in meta.apply(command, at: index) { perform(change, at: index) }
    }

    /// What a leader of meta proposes by itself; never while effects of a step are under way.
    func decideMeta() {
        guard mustDecideMeta else { return }
        mustDecideMeta = false
        proposeFormation()
        bindStores()
        noteAddresses()
        createConfiguredTopics()
        moveMisplaced()
        noteAnnouncements()
    }

    private func perform(_ change: MetaChange, at index: LogIndex) {
        switch change {
        case .formed(let cluster): formed(cluster)
        case .storeBound(let node, let store):
            if node == selfID, store == self.store.superblock.storeID, let id = meta.clusterID {
                bind(id)
            }
            nodesChanged()
        case .topicCreated(let group): openTopic(group)
        case .topicDeleted(let record): closeTopic(record, at: index)
        case .topicUpdated(let group, let before): topicUpdated(group, before)
        case .topicMoved(let group): topicMoved(group, at: index)
        case .nodeAdded(let node), .nodeMoved(let node), .nodeLeaving(let node):
            nodesChanged()
            noteNode(node)
        case .nodeForgotten(let record): nodeForgotten(record)
        case .nodeTagged(let node): noteTags(of: node)
        case .nodeAnnounced: break
        case .levelRaised(let level): noteLevel(level)
        case .drained(let node):
            trace(
                .info,
                "a node's drain was changed",
                [
                    ("node", name(of: node)),
                    ("drained", "\(meta.node(node)?.isDrained ?? false)"),
                ]
            )
        }
    }

    private func formed(_ cluster: UniqueID) {
        trace(.info, "cluster formed", [("cluster_id", "\(cluster)")])
        nodesChanged()
        // A store that meta does not know yet joins once it is bound.
        guard meta.node(selfID)?.storeID == store.superblock.storeID else { return }
        bind(cluster)
    }

    private func bind(_ cluster: UniqueID) {
        guard store.superblock.clusterID == .zero else { return }
        store.bind(clusterID: cluster, nodeID: selfID)
        groups[ShardCore.metaSlot].raft?.areTermsDivided = false
    }

    /// Starts this node's part of a topic.
    private func openTopic(_ id: GroupID) {
        guard let record = meta.topic(id), slotOfGroup[id] == nil else { return }
        let isReplica = record.replicas.contains { $0.node == selfID }
        let slot = addGroup(
            id,
            record.configuration,
            replicas: record.replicas,
            first: record.firstReplicas
        )
        groups[slot].placedAt = LogIndex(id.rawValue)
        takeUp(slot)
        capture(id, record.configuration.subjects)
        if isReplica, groups[slot].raft?.lastIndex == .zero,
            record.firstLeader == selfID
        {
            step(slot, .campaign)
        }
        trace(
            .info,
            "topic opened",
            [("topic", record.configuration.name), ("group", "\(id)"), ("replica", "\(isReplica)")]
        )
        topicAppeared(groups[slot].nameBytes, slot)
    }
}
