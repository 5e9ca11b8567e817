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
        if !recovery.impaired.isEmpty, presentPeers.count == 1 {
            // Nobody else has it: the same words as for damage that has no cure.
            emit(.fatal("\(LogError.damaged(recovery.impairedBy))"))
        }
        for group in recovery.impaired {
            wounds[group] = WoundTask(at: time.now)
            startRecovery(group)
        }
        _ = addGroup(.meta, meta, replicas: presentPeers.map(\.id), first: [])
        for group in store.removedGroups { store.discard(group) }
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
    }

    /// What the meta log has committed: everything that reached a segment.
    ///
    /// - Returns: `nil` if a chunk cannot be read; a repair of it is under way then.
    private func committedMeta(through committed: LogIndex) -> [Chunk]? {
        var found: [Chunk] = []
        var index = store.firstIndex(.meta) ?? LogIndex(1)
        while index <= committed {
            guard let chunks = chunks(.meta, from: index, through: committed),
                let last = chunks.last
            else { return nil }
            found += chunks
            index = last.header.index.next
        }
        return found
    }

    /// What stands in the meta log behind what is committed, and so is in memory.
    private func metaTail(after committed: LogIndex) -> [Chunk] {
        var chunks: [Chunk] = []
        var index = committed.next
        while chunks.count < 1_024, let chunk = store.chunk(.meta, at: index) {
            chunks.append(chunk)
            index = index.next
        }
        return chunks
    }

    /// Reads entries at the start, where blocking is fine.
    private func chunks(_ id: GroupID, from: LogIndex, through: LogIndex) -> [Chunk]? {
        if let chunk = store.chunk(id, at: from) { return [chunk] }
        guard let plan = store.plan(id, from: from, byteBudget: 1 << 20) else { return nil }
        guard let chunks = try? startupReader(plan) else {
            // The same again where it does not block, and where damage is repaired.
            startRead(plan, for: .rebuild(id))
            return nil
        }
        return chunks.filter { $0.header.index >= from && $0.header.index <= through }
    }

    /// Adds a group; returns its slot.
    ///
    /// `first` are the nodes that may begin without being told who holds it.
    func addGroup(
        _ id: GroupID,
        _ configuration: TopicConfiguration,
        replicas: [NodeID],
        first: [NodeID]
    ) -> Int {
        var group = Group(
            id: id,
            configuration: configuration,
            nameBytes: Array(configuration.name.utf8),
            replicas: replicas,
            firstReplicas: first,
            raft: nil,
            topic: TopicState(
                configuration: configuration,
                budget: dedupBudget,
                subjects: subjectBudget,
                deadlines: deadlineBudget
            )
        )
        group.leaderHint = replicas.first { $0.node != selfID }?.node
        let slot = freeSlots.popLast() ?? groups.count
        if slot == groups.count {
            groups.append(group)
        } else {
            group.stepCount = groups[slot].stepCount &+ 1
            groups[slot] = group
        }
        slotOfGroup[id] = slot
        if id != .meta { slotOfName[group.nameBytes] = slot }
        if id == .meta { activate(slot) }
        markDirty(slot)
        return slot
    }

    /// Takes this node's replica into use: as soon as all that it needs can be read.
    ///
    /// Until then the node behaves as one without a replica: it neither votes nor acknowledges.
    func activate(_ slot: Int) {
        let id = groups[slot].id
        guard groups[slot].raft == nil, store.isRegistered(id), !store.isImpaired(id) else {
            return
        }
        let recovered = recoveredGroups.first { $0.id == id }
        let committed = max(recovered?.segmentEnd ?? .zero, groups[slot].skippedTo)
        groups[slot].applied = committed
        let seed = random.next()
        guard rebuildTopic(slot),
            let commands = id == .meta ? committedMeta(through: committed) : []
        else {
            groups[slot].topic.truncated(from: LogIndex(1), last: nil)
            groups[slot].topic = TopicState(
                configuration: groups[slot].configuration,
                budget: dedupBudget,
                subjects: subjectBudget,
                deadlines: deadlineBudget
            )
            groups[slot].applied = .zero
            return
        }
        var options = RaftOptions(seed: seed)
        options.uncommittedBytesMax = store.uncommittedBytesMax
        groups[slot].raft = Raft(
            id: ownMember(of: id),
            options: options,
            hardState: HardState(
                term: recovered?.term ?? .zero,
                votedFor: recovered?.votedFor ?? .zero
            ),
            log: raftLog(slot, first: firstConfiguration(slot, commands)),
            commit: committed,
            now: time.now
        )
        groups[slot].raft?.areTermsDivided = id == .meta && store.superblock.clusterID == .zero
        groups[slot].leaderHint = nil
        groups[slot].stepCount &+= 1
        nextRaftDeadline = min(nextRaftDeadline, groups[slot].raft?.nextDeadline ?? .distantFuture)
        for chunk in commands { applyMeta(chunk) }
        if id == .meta, groups[slot].raft?.configuration.isSoleVoter(selfID) == true {
            step(slot, .campaign)
        }
        markDirty(slot)
    }

    private func raftLog(_ slot: Int, first: Configuration) -> RaftLog {
        let id = groups[slot].id
        let recovered = recoveredGroups.first { $0.id == id }
        let base = recovered?.base ?? .zero
        let configurations = (recovered?.configurations ?? []).compactMap { chunk in
            if case .configuration(let configuration) = EntryKind(chunk) {
                return (chunk.header.index, configuration)
            }
            return nil
        }
        let below = configurations.last { $0.0 <= base.index }?.1
        return RaftLog(
            base: base,
            runs: recovered?.termRuns ?? [],
            last: store.lastIndex(id) ?? .zero,
            initial: below ?? first,
            configurations: configurations
        )
    }

    /// Who votes before the log says so: nobody as far as a replica knows that came later; it gets
    /// its configuration with its log (rule 9).
    private func firstConfiguration(_ slot: Int, _ committed: [Chunk]) -> Configuration {
        let group = groups[slot]
        if group.id == .meta {
            return firstMetaConfiguration(committed + metaTail(after: group.applied))
        }
        let isFirst = ownMember(of: group.id).since == .zero
        return Configuration(voters: isFirst ? group.firstReplicas : [])
    }

    /// The topic's state from the last committed header and what came after it.
    ///
    /// - Returns: `false` if a chunk cannot be read.
    private func rebuildTopic(_ slot: Int) -> Bool {
        let id = groups[slot].id
        guard let last = store.lastIndex(id), let first = store.firstIndex(id) else { return true }
        let committed = groups[slot].applied
        var from = committed == .zero ? first : committed
        let removals = Mutant.removalsForgotten.isOn ? nil : store.firstRemovals(id)
        let needed = [dedupStart(slot, first: first, last: last), removals]
        if let start = needed.compactMap({ $0 }).min() {
            from = max(min(from, start), groups[slot].skippedTo)
        }
        var index = from
        while index <= last {
            guard let chunks = chunks(id, from: index, through: last), let end = chunks.last else {
                return false
            }
            for chunk in chunks {
                if chunk.header.index <= committed {
                    groups[slot].topic.recovered(chunk, digester: digester)
                } else {
                    groups[slot].topic.appended(chunk, digester: digester)
                }
            }
            index = end.header.index.next
        }
        findLastMessageTime(slot)
        return true
    }

    /// The last message's time, which later entries without messages do not tell.
    private func findLastMessageTime(_ slot: Int) {
        let next = groups[slot].topic.appliedNextSequence
        guard groups[slot].id != .meta, next > Sequence(1) else { return }
        // After a restore there may be sequences at the end that no message has.
        let newest = groups[slot].topic.start(ofNewest: 1)
        groups[slot].lastMessageTime =
            lastMessageTime(of: next.previous, slot) ?? lastMessageTime(of: newest, slot)
    }

    /// The time of the last message in the chunk that has a sequence; `nil` if none has it.
    private func lastMessageTime(of sequence: Sequence, _ slot: Int) -> Timestamp? {
        switch place(of: sequence, slot) {
        case .chunk(let chunk): return noteLast(chunk, slot)
        case .plan(let plan):
            let chunk = (try? startupReader(plan))?.first {
                $0.header.nextSequence > sequence
            }
            return chunk.flatMap { noteLast($0, slot) }
        case .gap, .end: return nil
        }
    }

    /// The last message was found: its id is known, too.
    private func noteLast(_ chunk: Chunk, _ slot: Int) -> Timestamp? {
        groups[slot].topic.findLastID(in: chunk)
        return Self.lastTime(chunk)
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
