import WiberBase
import WiberLog
import WiberRaft
import WiberWire

/// A follower that lacks closed segments fetches their entries from any replica.
///
/// Replicas give only what is committed, and each entry names the one before it by its checksum, so
/// it does not matter who it came from: what was fetched is taken in as if the leader had sent it. The
/// leader learns of it by the answers, and sends what is behind.
extension ShardCore {
    func receiveOffer(_ offer: CatchUpOffer, from node: NodeID) {
        guard let slot = slotOfGroup[offer.group], let raft = groups[slot].raft,
            let leader = raft.leader, leader.node == node, raft.role == .follower,
            raft.currentTerm == offer.term
        else { return }
        if var task = pulls[offer.group], task.term == offer.term, task.leader == leader {
            task.through = max(task.through, offer.through)
            task.bytesLeft = offer.bytes
            pulls[offer.group] = task
            return
        }
        guard offer.previous.index < offer.through,
            store.term(offer.group, at: offer.previous.index) == offer.previous.term,
            pulls.count < PullTask.countMax
        else { return }
        pulls[offer.group] = PullTask(
            leader: leader,
            term: offer.term,
            next: offer.previous.index.next,
            through: offer.through,
            bytesLeft: offer.bytes,
            since: time.now
        )
        counters.catchUps += 1
        trace(
            .info,
            "fetching what this replica lacks",
            [
                ("topic", groups[slot].configuration.name), ("after", "\(offer.previous)"),
                ("through", "\(offer.through)"), ("bytes", "\(offer.bytes)"),
            ]
        )
        advancePull(offer.group)
    }

    func sweepPulls() {
        for group in pulls.keys.sorted() { advancePull(group) }
    }

    /// Asks for what comes next, unless it is on its way; ends the task when there is nothing to do.
    private func advancePull(_ group: GroupID) {
        guard let task = pulls[group], let slot = slotOfGroup[group] else { return }
        guard isWanted(task, slot), task.next <= task.through else { return endPull(group) }
        if let request = task.request {
            guard time.now.since(request.at) > limits.repairAnswerWait else { return }
            return pullFailed(group)
        }
        guard task.nextAsk <= time.now, !store.isOverBudget, fullDisk == nil else { return }
        askForMore(group)
    }

    /// Whether the leader that made the offer still leads, and lives.
    ///
    /// What is fetched counts as its word, so it must not come from others when the leader is gone.
    private func isWanted(_ task: PullTask, _ slot: Int) -> Bool {
        guard let raft = groups[slot].raft, raft.role == .follower,
            raft.currentTerm == task.term, raft.leader == task.leader, !raft.isLeaderGone,
            let heard = liveness[task.leader], let place = place(of: task.leader)
        else { return false }
        return peers[place].openLane != nil && time.now.since(heard) < .milliseconds(400)
    }

    private func askForMore(_ group: GroupID) {
        guard let task = pulls[group] else { return }
        var holders = holders(of: group)
        guard !holders.isEmpty else { return }
        // The leader has other work.
        holders.sort { one, other in
            peers[other].id == task.leader.node && peers[one].id != task.leader.node
        }
        let request = token()
        pulls[group]?.request = (request, time.now)
        sendFrame(
            .repairRequest(
                RepairRequest(
                    request: request,
                    group: group,
                    first: task.next,
                    last: task.through,
                    byteBudget: UInt32(PullTask.byteBudget)
                )
            ),
            to: holders[task.holder % holders.count]
        )
    }

    /// Takes an answer in; `false` if it is one for somebody else.
    func receivePulled(_ reply: RepairReply, _ chunks: [Chunk]) -> Bool {
        guard let task = pulls[reply.group], task.request?.number == reply.request else {
            return false
        }
        pulls[reply.group]?.request = nil
        guard let slot = slotOfGroup[reply.group], isWanted(task, slot) else {
            endPull(reply.group)
            return true
        }
        guard let (request, last) = append(of: chunks, slot, task) else {
            pullFailed(reply.group)
            return true
        }
        let bytes = UInt64(reply.chunks.count)
        counters.catchUpBytes += bytes
        pulls[reply.group]?.next = last.next
        pulls[reply.group]?.failures = 0
        pulls[reply.group]?.fetchedBytes += bytes
        pulls[reply.group]?.bytesLeft -= min(task.bytesLeft, bytes)
        // The next ones are read elsewhere while these are written here.
        if last < task.through, !store.isOverBudget { askForMore(reply.group) }
        step(slot, .received(.append(request), from: task.leader), chunks: chunks)
        if store.term(reply.group, at: last) != chunks.last?.header.term { endPull(reply.group) }
        advancePull(reply.group)
        return true
    }

    /// What the leader would have sent; `nil` if the chunks do not follow this log.
    private func append(
        of chunks: [Chunk],
        _ slot: Int,
        _ task: PullTask
    ) -> (request: AppendRequest, last: LogIndex)? {
        let group = groups[slot].id
        guard let term = store.term(group, at: task.next.previous),
            let last = chunks.last?.header.index, last <= task.through
        else { return nil }
        var previous = EntryID(index: task.next.previous, term: term)
        var request = AppendRequest(term: task.term, previous: previous, commit: last)
        for chunk in chunks {
            guard chunk.header.group == group, chunk.id.index == previous.index.next,
                chunk.id.term >= previous.term, chunk.id.term <= task.term
            else { return nil }
            previous = chunk.id
            request.entries.append(AppendedEntry(term: chunk.id.term, kind: EntryKind(chunk)))
        }
        return continuesLog(slot, .append(request), chunks) ? (request, last) : nil
    }

    private func pullFailed(_ group: GroupID) {
        pulls[group]?.request = nil
        pulls[group]?.holder += 1
        pulls[group]?.failures += 1
        pulls[group]?.nextAsk = time.now + limits.repairPause
        if let task = pulls[group], task.failures > PullTask.failuresMax { endPull(group) }
    }

    private func endPull(_ group: GroupID) {
        guard let task = pulls.removeValue(forKey: group) else { return }
        let milliseconds = time.now.since(task.since).nanoseconds / 1_000_000
        trace(
            .info,
            "done with fetching",
            [
                ("topic", slotOfGroup[group].map { groups[$0].configuration.name } ?? "\(group)"),
                ("last", "\(store.lastIndex(group) ?? .zero)"), ("bytes", "\(task.fetchedBytes)"),
                ("ms", "\(milliseconds)"),
            ]
        )
    }
}
