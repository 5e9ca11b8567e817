import WiberBase
import WiberLog
import WiberMeta
import WiberRaft
import WiberTopic

/// The start: what the disk holds becomes groups again.
extension ShardCore {
    func recover(_ recovery: Recovery) {
        let meta = TopicConfiguration(name: "meta", replicas: configuration.nodes.count)
        if !store.isRegistered(.meta) { store.register(.meta, name: "meta") }
        recoveredGroups = recovery.groups
        let slot = addGroup(.meta, meta, replicas: metaConfiguration.voters)
        replayMeta(slot)
        for summary in recovery.groups where summary.id != .meta {
            trace(
                .info,
                "group recovered",
                [
                    ("group", "\(summary.id)"),
                    ("last_index", "\(store.lastIndex(summary.id) ?? .zero)"),
                    ("term", "\(summary.term)"),
                ]
            )
        }
        if configuration.nodes.count == 1 { step(slot, .campaign) }
    }

    /// Applies what is known to be committed: everything that reached a segment.
    private func replayMeta(_ slot: Int) {
        let committed = groups[slot].applied
        var index = store.firstIndex(.meta) ?? LogIndex(1)
        while index <= committed {
            guard let chunks = chunks(.meta, from: index, through: committed),
                let last = chunks.last
            else { return emit(.fatal("the meta log cannot be read; run `wiber data check`")) }
            for chunk in chunks { applyMeta(chunk) }
            index = last.header.index.next
        }
    }

    /// Reads entries at the start, where blocking is fine.
    private func chunks(_ id: GroupID, from: LogIndex, through: LogIndex) -> [Chunk]? {
        if let chunk = store.chunk(id, at: from) { return [chunk] }
        guard let plan = store.plan(id, from: from, byteBudget: 1 << 20),
            let chunks = try? startupReader(plan)
        else { return nil }
        return chunks.filter { $0.header.index >= from && $0.header.index <= through }
    }

    /// Adds a group; returns its slot.
    func addGroup(_ id: GroupID, _ configuration: TopicConfiguration, replicas: [NodeID]) -> Int {
        let recovered = recoveredGroups.first { $0.id == id }
        let isReplica = replicas.contains(selfID) || id == .meta
        let committed = recovered?.segmentEnd ?? .zero
        var group = Group(
            id: id,
            configuration: configuration,
            nameBytes: Array(configuration.name.utf8),
            replicas: replicas,
            raft: nil,
            topic: TopicState(configuration: configuration, budget: dedupBudget)
        )
        group.applied = committed
        if isReplica {
            var options = RaftOptions(seed: random.next())
            options.uncommittedBytesMax = store.uncommittedBytesMax
            group.raft = Raft(
                id: selfID,
                options: options,
                hardState: HardState(
                    term: recovered?.term ?? .zero,
                    votedFor: recovered?.votedFor ?? .zero
                ),
                log: raftLog(id, replicas),
                commit: committed,
                now: time.now
            )
        } else {
            group.leaderHint = replicas.first
        }
        let slot = groups.count
        groups.append(group)
        slotOfGroup[id] = slot
        nextRaftDeadline = min(nextRaftDeadline, group.raft?.nextDeadline ?? .distantFuture)
        if id != .meta { slotOfName[group.nameBytes] = slot }
        rebuildTopic(slot)
        markDirty(slot)
        return slot
    }

    private func raftLog(_ id: GroupID, _ replicas: [NodeID]) -> RaftLog {
        let initial =
            id == .meta ? metaConfiguration : Configuration(voters: replicas, learners: [])
        let recovered = recoveredGroups.first { $0.id == id }
        let configurations = (recovered?.configurations ?? []).compactMap { chunk in
            if case .configuration(let configuration) = EntryKind(chunk) {
                return (chunk.header.index, configuration)
            }
            return nil
        }
        return RaftLog(
            base: recovered?.base ?? .zero,
            runs: recovered?.termRuns ?? [],
            last: store.lastIndex(id) ?? .zero,
            initial: initial,
            configurations: configurations
        )
    }

    /// The topic's state from the last committed header and what came after it.
    private func rebuildTopic(_ slot: Int) {
        let id = groups[slot].id
        guard let last = store.lastIndex(id), let first = store.firstIndex(id) else { return }
        let committed = groups[slot].applied
        var from = committed == .zero ? first : committed
        if let needed = dedupStart(slot, first: first, last: last) { from = min(from, needed) }
        var index = from
        while index <= last {
            guard let chunks = chunks(id, from: index, through: last), let end = chunks.last else {
                return emit(.fatal("group \(id) cannot be read; run `wiber data check`"))
            }
            for chunk in chunks {
                groups[slot].topic.appended(chunk, digester: digester)
                if chunk.header.index <= committed { groups[slot].topic.applied(chunk) }
            }
            index = end.header.index.next
        }
        findLastMessageTime(slot)
    }

    /// The last message's time, which later entries without messages do not tell.
    private func findLastMessageTime(_ slot: Int) {
        let next = groups[slot].topic.appliedNextSequence
        guard groups[slot].id != .meta, next > Sequence(1) else { return }
        switch place(of: next.previous, slot) {
        case .chunk(let chunk): groups[slot].lastMessageTime = Self.lastTime(chunk)
        case .plan(let plan):
            let chunk = (try? startupReader(plan))?.first { $0.header.nextSequence >= next }
            groups[slot].lastMessageTime = chunk.flatMap { Self.lastTime($0) }
        case .gap, .end: break
        }
    }

    /// The first entry whose ids still matter.
    private func dedupStart(_ slot: Int, first: LogIndex, last: LogIndex) -> LogIndex? {
        let id = groups[slot].id
        // From committed time: a truncated tail must not make the window end earlier.
        let applied = groups[slot].applied
        guard applied > .zero, let end = store.header(id, at: applied) ?? store.lastHeader(id),
            let start = groups[slot].topic.recoveryNeeds(committed: end)
        else { return nil }
        return max(first, store.firstIndex(id, since: start) ?? last)
    }
}
