import WiberBase
import WiberLog
import WiberMeta
import WiberRaft
import WiberTopic
import WiberWire

/// What a node says about itself: JSON that HTTP and the line protocol share.
extension ShardCore {
    /// `nil` once the node serves; else the reason for which it does not.
    public func readiness() -> String? {
        guard shutdown == nil else { return "shutting down" }
        guard lameDuck == nil else { return "lame duck mode: clients are asked to move" }
        if let disk = fullDisk, disk.isQuota {
            return "the disk quota is used up: reading goes on, publishing when there is room"
        }
        if let disk = fullDisk {
            let what = disk.isOnlyLow ? "nearly full" : "full"
            return
                "the disk is \(what) (\(disk.path)): reading goes on, publishing when there is room"
        }
        if let versionRefusal { return versionRefusal }
        guard joining == nil else { return "this node joins the cluster" }
        guard store.superblock.clusterID != .zero else {
            if let joinRefusal { return joinRefusal }
            if configuration.onlyJoins { return "no cluster was found to join yet" }
            return "the cluster is not formed yet: a majority of its nodes must be up"
        }
        if let reason = recoveryReadiness { return reason }
        guard groups[ShardCore.metaSlot].leader != nil else {
            return "the meta group has no leader"
        }
        guard meta.node(selfID) != nil else {
            return "this node joins the cluster: it waits for the cluster's log"
        }
        let waiting = groups.first { $0.raft != nil && $0.leader == nil }
        return waiting.map { "topic \($0.configuration.name) has no leader" }
    }

    /// The JSON of `/api/cluster`.
    public func clusterJSON() -> [UInt8] {
        let nodes = presentPeers.map { peer in
            ClusterStatus.Node(
                id: peer.address.name,
                host: peer.address.host,
                port: peer.address.port,
                httpPort: peer.address.httpPort,
                state: peer.id == selfID ? "alive" : peer.health.rawValue,
                isDrained: meta.node(peer.id)?.isDrained ?? false,
                isLeaving: meta.node(peer.id)?.isLeaving ?? false,
                metaRole: metaRole(of: peer.id),
                tags: meta.node(peer.id)?.tags ?? [],
                replicas: replicaCount(peer.id),
                leaders: groups.count { $0.id != .meta && $0.leader == peer.id },
                since: peer.healthSince,
                roundTrip: peer.id == selfID ? nil : peer.roundTrip,
                levels: peer.id == selfID
                    ? configuration.levels : peer.levels ?? meta.node(peer.id)?.levels,
                wire: peer.id == selfID ? configuration.wire : peer.wire,
                software: software(of: peer)
            )
        }
        return ClusterStatus(
            cluster: configuration.cluster,
            clusterID: store.superblock.clusterID,
            node: configuration.nodeName,
            metaLeader: groups[ShardCore.metaSlot].leader.map { name(of: $0) },
            level: level,
            levelWaitsFor: levelWaits,
            nodes: nodes
        ).json
    }

    /// What a node says that it runs, or what the log says of one that is away.
    private func software(of peer: Peer) -> String? {
        if peer.id == selfID { return configuration.version }
        return peer.software.isEmpty ? meta.node(peer.id)?.software : peer.software
    }

    /// What a node is in the meta group.
    private func metaRole(of node: NodeID) -> String {
        guard let configuration = groups[ShardCore.metaSlot].raft?.configuration else {
            return "unknown"
        }
        if configuration.isVoter(node) { return "voter" }
        return configuration.learners.contains(node) ? "learner" : "none"
    }

    /// How many topics a node holds.
    private func replicaCount(_ node: NodeID) -> Int {
        groups.count { $0.id != .meta && $0.replicas.contains { $0.node == node } }
    }

    /// The JSON of `/api/topics`: an array.
    public func topicsJSON() -> [UInt8] {
        var json = JSONWriter()
        let slots = groups.indices.filter { groups[$0].id != .meta && !groups[$0].isVacant }
            .sorted { groups[$0].configuration.name < groups[$1].configuration.name }
        json.array(slots) { json, slot in status(slot).write(into: &json) }
        return json.bytes
    }

    /// The JSON of `/api/topics/<name>`; `nil` if there is no such topic.
    public func topicJSON(_ name: String) -> [UInt8]? {
        guard let slot = slotOfName[Array(name.utf8)] else { return nil }
        var json = JSONWriter()
        status(slot).write(into: &json)
        return json.bytes
    }

    private func status(_ slot: Int) -> TopicStatus {
        var status = TopicStatus(configuration: groups[slot].configuration)
        let group = groups[slot]
        status.leader = group.leader.map { name(of: $0) }
        let report = currentReport(slot)
        let members = group.raft == nil ? report?.replicas.map(\.node) : nil
        status.replicas = (members ?? group.members).map { replica($0, of: group, report) }
        status.target = meta.topic(group.id)?.move?.target.map { name(of: $0) }.sorted()
        status.term = group.raft?.currentTerm.rawValue ?? report?.term.rawValue ?? 0
        if group.raft == nil {
            status.firstSequence = report?.first.rawValue ?? 1
            status.lastSequence = report?.next.previous.rawValue ?? 0
            status.messages = report?.messages ?? 0
            status.bytes = report?.bytes ?? 0
            status.lastTime = (report?.next ?? Sequence(1)) > Sequence(1) ? report?.lastTime : nil
        } else {
            status.firstSequence = group.topic.firstSequence.rawValue
            status.lastSequence = group.topic.appliedNextSequence.previous.rawValue
            status.messages = group.topic.liveMessages
            status.bytes = group.topic.liveBytes
            status.lastTime = group.lastMessageTime
            status.firstTime = group.topic.liveMessages > 0 ? firstTime(slot) : nil
        }
        let span = status.lastSequence &+ 1 &- status.firstSequence
        status.removed = span > status.messages ? span - status.messages : 0
        status.erasuresPending = UInt64(group.erasures.count)
        status.subjectCount = group.topic.subjectCount.map { UInt64($0) }
        status.subscribers = UInt64(group.subscribers.count)
        status.publishRateThousandths = groups[slot].topic.publishRate(now: time.now)
        return status
    }

    private func firstTime(_ slot: Int) -> Timestamp? {
        if let time = groups[slot].topic.firstTime { return time }
        let first = groups[slot].topic.firstSequence
        guard case .chunk(let chunk) = place(of: first, slot) else { return nil }
        var found: Timestamp?
        chunk.forEachMessage { message in
            guard message.sequence >= first else { return true }
            found = message.time
            return false
        }
        return found
    }

    private func replica(
        _ node: NodeID,
        of group: Group,
        _ report: TopicReport?
    ) -> TopicStatus.Replica {
        let known = report?.replicas.first { $0.node == node.node }
        let isLearner = group.raft?.configuration.learners.contains(node) ?? false
        let role =
            group.leader == node.node
            ? "leader" : isLearner ? "learner" : group.leader == nil ? "unknown" : "follower"
        return TopicStatus.Replica(
            node: name(of: node),
            role: role,
            matchIndex: known?.match.rawValue,
            isCurrent: group.leader != nil && known?.isCurrent ?? false
        )
    }
}
