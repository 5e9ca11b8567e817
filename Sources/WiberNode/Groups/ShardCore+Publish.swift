import WiberBase
import WiberLog
import WiberRaft
import WiberTopic
import WiberWire

/// From a publish to its answer: admission at the leader, or the way to it.
extension ShardCore {
    /// Takes a client's publish to the group at `slot`.
    func publish(_ slot: Int, _ body: MessageBody, from connection: ConnectionID) {
        counters.publishes += 1
        if groups[slot].outbox.isEmpty, groups[slot].outstandingForwards == 0, mayAdmit(slot) {
            return admit(slot, body, from: connection)
        }
        let length = body.encodedLength
        guard groups[slot].outboxBytes + length <= limits.outboxBytes else {
            return refuse(
                connection,
                .overloaded,
                "topic \(groups[slot].configuration.name) has \(groups[slot].outboxBytes) bytes "
                    + "waiting for its leader; publish more slowly and try again"
            )
        }
        enqueue(slot, body, from: connection, length: length)
    }

    /// Whether this node may put messages into the group's log now.
    private func mayAdmit(_ slot: Int) -> Bool {
        guard shutdown == nil, let raft = groups[slot].raft, raft.role == .leader else {
            return false
        }
        return raft.refusal == nil && !store.mustWait(groups[slot].id) && fullDisk == nil
            && groups[slot].expiresUntil <= time.now
            && (!groups[slot].configuration.isRestoring || isMetaCurrent)
    }

    private func admit(_ slot: Int, _ body: MessageBody, from connection: ConnectionID) {
        let length = body.encodedLength
        switch decide(slot, body, length: length) {
        case .accepted(let sequence):
            answer(slot, sequence, to: connection, byteCount: length)
        case .duplicate(let first, let index):
            counters.duplicates += 1
            let replySlot = sessions[connection]?.replies.add() ?? 0
            let fence = Mutant.duplicateBeforeCommit.isOn ? .zero : index
            wait(slot, .duplicate(connection, slot: replySlot, of: first), fence)
        case .conflict(let last, let kind):
            let replySlot = sessions[connection]?.replies.add() ?? 0
            let answer = Group.Waiter.Answer.conflict(connection, slot: replySlot, with: last, kind)
            wait(slot, answer, logEnd(slot))
        case .refused(let kind):
            counters.refusedPublishes += 1
            let replySlot = sessions[connection]?.replies.add() ?? 0
            let outcome = BatchState.Outcome(first: .zero, count: 1, kind: kind)
            complete(connection, replySlot, [reply(outcome, 1, slot)])
        }
        markDirty(slot)
    }

    /// Answers once `fence` is committed, and what was asked before is answered.
    private func wait(_ slot: Int, _ answer: Group.Waiter.Answer, _ fence: LogIndex) {
        let last = groups[slot].waiters.last?.fence ?? .zero
        groups[slot].waiters.append(Group.Waiter(fence: max(fence, last), answer: answer))
    }

    /// The fence of all that is in the log or open now.
    private func logEnd(_ slot: Int) -> LogIndex {
        groups[slot].topic.isBuilderEmpty
            ? groups[slot].raft?.lastIndex ?? .zero : Group.Waiter.open
    }

    /// Adds a stored publish to the run of its connection, or begins one.
    private func answer(
        _ slot: Int,
        _ sequence: Sequence,
        to connection: ConnectionID,
        byteCount: Int
    ) {
        if let last = groups[slot].waiters.last, last.fence == Group.Waiter.open,
            case .run(connection, let replySlot, _) = last.answer,
            sessions[connection]?.replies.isNewest(replySlot) == true
        {
            sessions[connection]?.replies.extend(replySlot, byteCount: byteCount)
        } else {
            let replySlot = sessions[connection]?.replies.add(byteCount: byteCount) ?? 0
            groups[slot].waiters.append(
                Group.Waiter(
                    fence: Group.Waiter.open,
                    answer: .run(connection, slot: replySlot, first: sequence)
                )
            )
        }
    }

    private func enqueue(
        _ slot: Int,
        _ body: MessageBody,
        from connection: ConnectionID,
        length: Int
    ) {
        let count = groups[slot].outbox.count
        if count == 0 || groups[slot].outbox[count - 1].isFull {
            groups[slot].outbox.append(PublishBatch(order: token(), since: time.now))
        }
        let newest = groups[slot].outbox.count - 1
        let replySlot: UInt64
        if let run = groups[slot].outbox[newest].newestRun, run.connection == connection,
            sessions[connection]?.replies.isNewest(run.slot) == true
        {
            sessions[connection]?.replies.extend(run.slot, byteCount: length)
            replySlot = run.slot
        } else {
            replySlot = sessions[connection]?.replies.add(byteCount: length) ?? 0
        }
        groups[slot].outbox[newest].append(body, connection: connection, slot: replySlot)
        groups[slot].outboxBytes += length
        markDirty(slot)
    }

    // MARK: The end of a turn

    /// Moves the outbox, seals the open chunk, and feeds whoever follows the topic.
    func endTurn(of slot: Int) {
        groups[slot].isDirty = false
        if slot == ShardCore.metaSlot { decideMeta() }
        moveOutbox(slot)
        if hasLogJob, !groups[slot].topic.isBuilderEmpty,
            groups[slot].topic.builderByteCount < 64 << 10
        {
            postponedSlots.append(slot)
        } else {
            seal(slot)
        }
        advanceImport(slot)
        answerWaiters(slot)  // Duplicates of what is committed wait for nothing else.
        deliver(slot)
    }

    private func moveOutbox(_ slot: Int) {
        while let batch = groups[slot].outbox.first {
            let outstanding = groups[slot].outstandingForwards
            if mayAdmit(slot), outstanding == 0 {
                popOutbox(slot)
                admit(slot, batch)
            } else if refusesForFullDisk(slot) {
                popOutbox(slot)
                refuseForFullDisk(batch)
            } else if case .peer(let node, let request) = batch.target, !groups[slot].isLeader {
                popOutbox(slot)
                sendForwardReply(to: node, request, .notLeader, "", [])
            } else if let target = forwardTarget(slot) {
                popOutbox(slot)
                forward(slot, batch, to: target)
            } else {
                return askAnotherReplica(slot)
            }
        }
    }

    /// The node that the next batch goes to, if it may go now.
    private func forwardTarget(_ slot: Int) -> Int? {
        let group = groups[slot]
        guard let leader = group.leader, let place = place(of: leader),
            peers[place].openLane != nil, peers[place].isWritable,
            peers[place].incoming != nil  // The answer comes on the lane that it opened.
        else { return nil }
        guard group.outstandingForwards > 0 else { return place }
        // Without a term of its own a node cannot tell which leader refused: one at a time.
        guard let raft = group.raft, let target = group.forwardTarget else { return nil }
        return target.node == leader && target.term == raft.currentTerm ? place : nil
    }

    func popOutbox(_ slot: Int) {
        guard let batch = groups[slot].outbox.popFirst() else { return }
        groups[slot].outboxBytes -= batch.byteCount
    }

    /// Admits a whole batch; one waiter answers it once its last message is committed.
    private func admit(_ slot: Int, _ batch: PublishBatch) {
        var state = BatchState(target: batch.target)
        var fence = groups[slot].waiters.last?.fence ?? .zero
        batch.visitBodies { encoded in
            guard let encoded, let body = try? MessageBody.decode(encoded) else {
                return state.record(.zero, .tooLarge)
            }
            switch decide(slot, body, length: encoded.count) {
            case .accepted(let sequence):
                state.record(sequence, .stored)
                fence = Group.Waiter.open
            case .duplicate(let first, let stored):
                counters.duplicates += 1
                state.record(first, .duplicate)
                if !Mutant.duplicateBeforeCommit.isOn { fence = max(fence, stored) }
            case .conflict(let last, let kind):
                state.record(last, kind)
                fence = max(fence, logEnd(slot))
            case .refused(let kind):
                counters.refusedPublishes += 1
                state.record(.zero, kind)
            }
        }
        if fence == Group.Waiter.open, groups[slot].topic.isBuilderEmpty {
            fence = groups[slot].raft?.lastIndex ?? .zero
        }
        let id = token()
        batches[id] = state
        groups[slot].waiters.append(Group.Waiter(fence: fence, answer: .batch(id)))
        markDirty(slot)
    }

    func sealIfFull(_ slot: Int, adding length: Int) {
        if !groups[slot].topic.fits(length: length, wall: logTime(slot)) { seal(slot) }
    }

    /// Closes the open chunk, appends it and starts its replication.
    func seal(_ slot: Int) {
        guard !groups[slot].topic.isBuilderEmpty, let raft = groups[slot].raft else { return }
        guard raft.role == .leader else { return groups[slot].topic.discardBuilder() }
        let entry = EntryID(index: raft.lastIndex.next, term: raft.currentTerm)
        let chunk = groups[slot].topic.seal(
            group: groups[slot].id,
            entry: entry,
            expiry: expiryTime(slot)
        )
        var place = groups[slot].waiters.count - 1
        while place >= 0, groups[slot].waiters[place].fence == Group.Waiter.open {
            groups[slot].waiters[place].fence = entry.index
            place -= 1
        }
        propose(slot, chunk)
    }

    // MARK: Refusal

    /// Refuses publishes that have waited for a leader for too long.
    func expireOutbox(_ slot: Int) {
        while let batch = groups[slot].outbox.first,
            time.now.since(batch.since) > limits.leaderWait
        {
            popOutbox(slot)
            counters.refusedWithoutLeader += UInt64(batch.count)
            switch batch.target {
            case .clients(let runs):
                if groups[slot].isLeader {
                    fail(runs, .overloaded, overloadedText(slot))
                } else {
                    fail(runs, .noLeader, noLeaderText(slot))
                }
            case .peer(let node, let request):
                sendForwardReply(to: node, request, .notLeader, "", [])
                returnForwards(slot, of: node)
            }
        }
    }

    /// Sends back what another node, or any, has forwarded and is not in the log: all of it, since what
    /// came later must not be stored before what goes back.
    func returnForwards(_ slot: Int, of node: NodeID? = nil) {
        var kept: [PublishBatch] = []
        while let batch = groups[slot].outbox.first {
            popOutbox(slot)
            if case .peer(let sender, let request) = batch.target, node ?? sender == sender {
                sendForwardReply(to: sender, request, .notLeader, "", [])
            } else {
                kept.append(batch)
            }
        }
        for batch in kept {
            groups[slot].outbox.append(batch)
            groups[slot].outboxBytes += batch.byteCount
        }
    }

    private func overloadedText(_ slot: Int) -> String {
        "topic \(groups[slot].configuration.name) takes no more for now, because disks or followers "
            + "do not keep up; not stored, try again more slowly"
    }

    /// Why a publish or a read finds no leader, for people.
    func noLeaderText(_ slot: Int) -> String {
        leaderlessText(slot) + "; not stored, try again when more of its nodes are up"
    }

    /// Why a topic has no leader.
    func leaderlessText(_ slot: Int) -> String {
        let group = groups[slot]
        let since = group.leaderlessSince.map { " since \($0.rfc3339)" } ?? ""
        let down = group.members.filter { id in
            place(of: id).map { peers[$0].health != .alive } ?? false
        }
        let names = down.map { name(of: $0) }.joined(separator: ", ")
        let why = down.isEmpty ? "an election is under way" : "replica \(names) is down"
        return "topic \(group.configuration.name) has no leader\(since): \(why)"
    }
}
