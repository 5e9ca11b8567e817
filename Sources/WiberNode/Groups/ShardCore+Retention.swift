import WiberBase
import WiberLog
import WiberRaft
import WiberTopic

/// Retention: the leader decides in the log, message by message; files follow once every replica
/// whose node is there has their entries (rules.md 22).
extension ShardCore {
    /// Proposes an expiry that no publish has carried, and loads what the next one needs.
    func sweepRetention(_ slot: Int) {
        guard groups[slot].isLeader, groups[slot].id != .meta, shutdown == nil,
            !groups[slot].configuration.isRestoring
        else { return }
        let expired = groups[slot].topic.expireMessages(at: expiryTime(slot))
        counters.messagesExpired += UInt64(expired)
        guard
            groups[slot].topic.mayTrim || groups[slot].topic.idCount > 0
                || groups[slot].topic.removalQueueCount > 0
                || groups[slot].topic.firstSequence > groups[slot].announcedFirst
        else { return }
        loadFront(slot)
        guard groups[slot].topic.isBuilderEmpty, let raft = groups[slot].raft, raft.refusal == nil,
            groups[slot].applied == raft.lastIndex
        else { return }
        let entry = EntryID(index: raft.lastIndex.next, term: raft.currentTerm)
        let chunk = groups[slot].topic.trimChunk(
            group: groups[slot].id,
            entry: entry,
            wall: logTime(slot),
            expiry: expiryTime(slot)
        )
        if let chunk {
            counters.trims += 1
            propose(slot, chunk)
        } else if groups[slot].topic.firstSequence > groups[slot].announcedFirst,
            time.now.since(groups[slot].lastAnnouncement) > .seconds(2)
        {
            announceReplicated(slot, entry)
        }
    }

    /// Tells every replica, in the log, how far all of them hold it: below that files may go.
    ///
    /// Who is absent for long does not count, and gets a snapshot later.
    private func announceReplicated(_ slot: Int, _ entry: EntryID) {
        groups[slot].lastAnnouncement = time.now
        groups[slot].announcedFirst = groups[slot].topic.firstSequence
        guard let raft = groups[slot].raft else { return }
        var lowest = groups[slot].applied
        for node in groups[slot].members where node.node != selfID && !isAbsent(node, slot) {
            lowest = min(lowest, raft.progress(of: node)?.match ?? .zero)
        }
        guard lowest > groups[slot].replicatedTo else { return }
        var bytes: [UInt8] = []
        bytes.appendInteger(lowest.rawValue)
        propose(
            slot,
            groups[slot].topic.control(
                .trim,
                bytes,
                group: groups[slot].id,
                entry: entry,
                wall: logTime(slot)
            )
        )
    }

    /// Whether nothing was heard of a replica's node for long, since this node leads at least.
    private func isAbsent(_ node: NodeID, _ slot: Int) -> Bool {
        let elected = groups[slot].electedAt?.now ?? time.now
        let heard = max(liveness[node] ?? elected, elected)
        return time.now.since(heard) > limits.replicaAbsence
    }

    /// What files have gone is no part of the log any more: who needs it gets a snapshot.
    func compact(_ slot: Int) {
        guard let first = store.firstIndex(groups[slot].id), let raft = groups[slot].raft,
            first.previous > raft.log.base.index
        else { return }
        step(slot, .compacted(through: first.previous))
    }

    /// Gives the topic the oldest messages' sizes and times.
    private func loadFront(_ slot: Int) {
        // Many small chunks, or some large ones.
        var budget = 16 << 20
        while budget > 0, groups[slot].frontReadToken == nil,
            let sequence = groups[slot].topic.frontNeeds
        {
            budget -= 4 << 10
            switch place(of: sequence, slot) {
            case .chunk(let chunk):
                budget -= chunk.bytes.count
                groups[slot].topic.feedFront(chunk)
            case .plan(let plan):
                groups[slot].frontReadToken = startRead(plan, for: .front(groups[slot].id))
            case .gap, .end: return
            }
        }
    }

    func feedFront(_ group: GroupID, _ chunks: [Chunk]) {
        guard let slot = slotOfGroup[group] else { return }
        groups[slot].frontReadToken = nil
        for chunk in chunks where chunk.header.count > 0 { groups[slot].topic.feedFront(chunk) }
    }

    /// Applies what the leader announced, and deletes the files that nobody needs any more.
    func applyTrim(_ slot: Int, _ chunk: Chunk) {
        guard chunk.header.removalCount == 0 else { return }
        let announced = chunk.bytes.withUnsafeBytes { bytes -> UInt64 in
            var reader = ByteReader(bytes, at: ChunkHeader.size)
            return (try? reader.integer(UInt64.self)) ?? 0
        }
        let through = LogIndex(min(announced, groups[slot].applied.rawValue))
        guard through > groups[slot].replicatedTo else { return }
        groups[slot].replicatedTo = through
        trimFiles(slot)
    }

    /// Deletes the files that nobody needs any more, as far as the leader has announced it.
    func trimFiles(_ slot: Int) {
        let through = groups[slot].replicatedTo
        // Ids that are still remembered are read again at a restart: their entries stay.
        let oldest = Mutant.idsTrimmed.isOn ? nil : groups[slot].topic.oldestIDIndex
        let kept = oldest?.previous ?? through
        store.trim(
            groups[slot].id,
            below: min(groups[slot].topic.firstSequence, firstBackedUp(groups[slot].id)),
            index: min(through, kept)
        )
    }
}
