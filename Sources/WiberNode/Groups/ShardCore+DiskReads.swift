import WiberBase
import WiberLog
import WiberTopic
import WiberWire

/// What a read from disk was for.
enum ReadPurpose {
    /// A follower that lacks entries which have left the memory.
    case replication(GroupID, ShardCore.Replication)
    /// A subscription that replays.
    case delivery(ConnectionID, GroupID)
    /// A HISTORY.
    case history(UInt64)
    /// The oldest messages of a topic with retention.
    case front(GroupID)
    /// What the index of subjects lacks.
    case index(GroupID)
    /// A message that somebody wants to go.
    case removal(GroupID, Sequence)
    /// Entries that another node's disk lost.
    case repair(NodeID, RepairRequest)
    /// What a group needs to be in use.
    case rebuild(GroupID)
    /// Where the log begins, for a follower that lacks what is before.
    case snapshot(GroupID, NodeID, Term)
    /// The next messages of a backup.
    case backup(UInt64)
    /// A message that somebody asks for.
    case message(UInt64)
    /// What nobody asked for: whether it is still intact.
    case scrub(GroupID)
    /// What a segment has that is written anew.
    case rewrite(GroupID)
}

/// What was read from disk goes to whoever wanted it.
extension ShardCore {
    func readCompleted(_ token: UInt64, _ result: Result<[Chunk], LogError>) {
        guard let read = reads.removeValue(forKey: token) else { return }
        let purpose = read.purpose
        let chunks: [Chunk]
        switch result {
        case .success(let found): chunks = found
        case .failure(let error):
            guard !store.isRemoved(read.group) else { return readFailed(purpose) }
            if isRenewed(read) { return }
            counters.readErrors += 1
            if case .rewrite(let group) = purpose, isForOthers(error) {
                return rewriteReadFailed(group)
            }
            if waitsForRepair(read, error) { return }
            trace(.error, "a read from disk failed", [("error", "\(error)")])
            return readFailed(purpose)
        }
        switch purpose {
        case .replication(let group, let replication):
            finishReplicationRead(group, replication, chunks)
        case .delivery(let connection, let group): continueDelivery(connection, group, chunks)
        case .history(let id):
            guard var job = histories[id], let slot = slotOfGroup[job.group] else { return }
            let before = job.next
            for chunk in chunks where chunk.header.nextSequence > job.next && job.next < job.end {
                add(chunk, to: &job, slot)
            }
            histories[id] = job
            guard job.next > before else { return readFailed(purpose) }
            continueHistory(id)
        case .front(let group): feedFront(group, chunks)
        case .index(let group): feedIndex(group, token, chunks)
        case .removal(let group, let sequence): finishRemovalRead(group, sequence, chunks)
        case .repair(let node, let request): finishRepairRead(request, chunks, for: node)
        case .rebuild(let group): if let slot = slotOfGroup[group] { activate(slot) }
        case .snapshot(let group, let node, let term):
            finishSnapshotRead(group, node, term, chunks)
        case .backup(let id): continueBackup(id, chunks)
        case .message(let id): finishMessageRead(id, chunks)
        case .scrub(let group): scrubbed(group, chunks)
        case .rewrite(let group): finishRewriteRead(group, chunks)
        }
    }

    /// Whether a read that failed goes on in the file that took the place of its own.
    private func isRenewed(_ read: PendingRead) -> Bool {
        guard read.renewals < 3, !store.isCurrent(read.plan), store.renewed(read.plan) != nil else {
            return false
        }
        var read = read
        read.renewals += 1
        rerun(read)
        return true
    }

    /// Whether what is damaged can only be had from another replica, and does not fit in its place.
    private func isForOthers(_ error: LogError) -> Bool {
        guard case .damaged(let list) = error, let damage = list.first, case .entry? = damage.cure
        else { return false }
        return LogStore.isRewritten(damage.path)
    }

    func readFailed(_ purpose: ReadPurpose) {
        let text =
            "this node could not read its disk; run `wiber data check` on it, "
            + "and ask another node meanwhile"
        switch purpose {
        case .replication(let group, let replication):
            finishReplicationRead(group, replication, [])
        case .history(let id):
            guard let job = histories.removeValue(forKey: id) else { return }
            fail(job.connection, job.slot, .storage, text)
        case .delivery(let connection, let group):
            // Who follows the topic elsewhere now, or no more, lacks nothing.
            guard sessions[connection]?.subscriptions.contains(where: { $0.group == group }) == true
            else { return }
            emit(.close(connection, reason: "a message could not be read from disk"))
        case .front(let group):
            if let slot = slotOfGroup[group] { groups[slot].frontReadToken = nil }
        case .index(let group):
            // Whatever is under way for it is asked for again.
            if let slot = slotOfGroup[group] { groups[slot].indexRead = nil }
        case .removal(let group, let sequence): finishRemovalRead(group, sequence, [])
        case .repair(let node, let request): finishRepairRead(request, [], for: node)
        case .rebuild(let group): groupsToRecover.insert(group)
        case .snapshot: break  // The core asks again.
        case .backup(let id): failBackup(id, text)
        case .message(let id): messageReadFailed(id)
        case .scrub(let group): scrubFailed(group)
        case .rewrite(let group): rewriteReadFailed(group)
        }
    }
}
