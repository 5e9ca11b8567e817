import WiberBase
import WiberRaft
import WiberWire

/// A batch on its way to another node, until that node answers.
struct OutstandingForward {
    var group: GroupID
    var node: NodeID
    var batch: PublishBatch
    var sentAt: Instant
}

/// Publishes between nodes. What was sent is never sent again, because nobody can know whether the
/// first time was enough (rule 14); what is refused was not stored and is taken elsewhere.
extension ShardCore {
    /// Sends a batch to the group's leader.
    func forward(_ slot: Int, _ batch: PublishBatch, to place: Int) {
        let request = token()
        let term = groups[slot].raft?.currentTerm ?? .zero
        forwards[request] = OutstandingForward(
            group: groups[slot].id,
            node: peers[place].id,
            batch: batch,
            sentAt: time.now
        )
        groups[slot].outstandingForwards += 1
        groups[slot].forwardTarget = (peers[place].id, term)
        counters.forwarded += UInt64(batch.count)
        let body = ForwardPublish(
            request: request,
            group: groups[slot].id,
            term: term,
            count: UInt32(batch.count),
            bodies: batch.bodies
        )
        sendFrame(.forwardPublish(body), to: place)
    }

    /// Another node forwards publishes to this one, the leader as it believes.
    func receiveForward(_ forward: ForwardPublish, from node: NodeID) {
        guard let slot = slotOfGroup[forward.group], let raft = groups[slot].raft,
            raft.role == .leader,
            forward.term == .zero || raft.currentTerm == forward.term
                || Mutant.staleForwardTaken.isOn,
            shutdown == nil,
            groups[slot].outboxBytes + forward.bodies.count <= limits.outboxBytes,
            forward.count > 0, forward.count <= ChunkHeader.countMax
        else {
            return sendForwardReply(to: node, forward.request, .notLeader, "", [])
        }
        var batch = PublishBatch(order: token(), since: time.now)
        batch.bodies = forward.bodies
        batch.count = Int(forward.count)
        batch.target = .peer(node, request: forward.request)
        counters.publishes += UInt64(forward.count)
        groups[slot].outboxBytes += batch.byteCount
        groups[slot].outbox.append(batch)
        markDirty(slot)
    }

    func sendForwardReply(
        to node: NodeID,
        _ request: UInt64,
        _ status: ForwardStatus,
        _ text: String,
        _ outcomes: [BatchState.Outcome]
    ) {
        guard let place = place(of: node) else { return }
        let runs = outcomes.map {
            ForwardRun(first: $0.first, count: $0.count, outcome: $0.kind)
        }
        let body = ForwardReply(request: request, status: status, text: text, runs: runs)
        sendFrame(.forwardReply(body), to: place)
    }

    func receiveForwardReply(_ reply: ForwardReply, from node: NodeID) {
        guard let forward = forwards[reply.request], forward.node == node else { return }
        forwardEnded(reply.request)
        switch reply.status {
        case .stored:
            let outcomes = reply.runs.map {
                BatchState.Outcome(first: $0.first, count: $0.count, kind: $0.outcome)
            }
            let total = outcomes.reduce(0) { $0 + UInt64($1.count) }
            guard total == UInt64(forward.batch.count),
                case .clients(let runs) = forward.batch.target,
                let slot = slotOfGroup[forward.group]
            else { return failUnknown(forward) }
            answer(runs, outcomes, of: slot)
        case .notLeader: retry(forward)
        case .diskFull:
            guard case .clients(let runs) = forward.batch.target else { return }
            fail(runs, .diskFull, reply.text)
        case .unknown: failUnknown(forward)
        }
    }

    private func forwardEnded(_ request: UInt64) {
        guard let forward = forwards.removeValue(forKey: request) else { return }
        guard let slot = slotOfGroup[forward.group] else { return }
        groups[slot].outstandingForwards -= 1
        if groups[slot].outstandingForwards == 0 { markDirty(slot) }
    }

    private func failUnknown(_ forward: OutstandingForward) {
        if Mutant.forwardSentTwice.isOn { return retry(forward) }
        counters.unknownOutcomes += UInt64(forward.batch.count)
        guard case .clients(let runs) = forward.batch.target else { return }
        fail(runs, .unknown, ShardCore.outcomeUnknown)
    }

    /// A refused batch was not stored: it goes back to its place, with its own deadline.
    private func retry(_ forward: OutstandingForward) {
        guard let slot = slotOfGroup[forward.group] else { return failUnknown(forward) }
        if groups[slot].raft == nil { groups[slot].leaderHint = nextReplica(slot, forward.node) }
        var waiting = [forward.batch]
        waiting[0].wasSent = true
        while let batch = groups[slot].outbox.popFirst() { waiting.append(batch) }
        waiting.sort { $0.order < $1.order }
        for batch in waiting { groups[slot].outbox.append(batch) }
        groups[slot].outboxBytes += forward.batch.byteCount
        groups[slot].forwardTarget = nil  // What is still under way is answered first.
        retrySlots.insert(slot)
    }

    /// For a node without a replica: whom to ask after `node` said that it does not lead.
    private func nextReplica(_ slot: Int, _ node: NodeID) -> NodeID? {
        let replicas = groups[slot].replicas
        guard let place = replicas.firstIndex(where: { $0.node == node.node }) else {
            return replicas.first?.node
        }
        let next = replicas[(place + 1) % replicas.count].node
        guard next == selfID, replicas.count > 2 else { return next }
        return replicas[(place + 2) % replicas.count].node
    }

    /// On a node without a replica: the one it would ask cannot be reached, so another is next.
    func askAnotherReplica(_ slot: Int) {
        guard groups[slot].raft == nil, groups[slot].outstandingForwards == 0,
            let hint = groups[slot].leaderHint
        else { return }
        if let place = place(of: hint), peers[place].openLane != nil,
            peers[place].incoming != nil
        {
            return
        }
        groups[slot].leaderHint = nextReplica(slot, hint)
        retrySlots.insert(slot)
    }

    /// A lane to or from a node ended: nobody will answer what was sent, or the answer is lost.
    func failForwards(to node: NodeID) {
        for request in forwards.keys.sorted() {
            guard let forward = forwards[request], forward.node == node else { continue }
            forwardEnded(request)
            failUnknown(forward)
        }
    }

    /// Another node leads the group now: the one before will not answer, or not in time.
    func failForwards(of group: GroupID, exceptTo leader: NodeID) {
        for request in forwards.keys.sorted() {
            guard let forward = forwards[request], forward.group == group, forward.node != leader
            else { continue }
            forwardEnded(request)
            failUnknown(forward)
        }
    }

    /// Answers that took too long.
    func expireForwards() {
        for request in forwards.keys.sorted() {
            guard let forward = forwards[request],
                time.now.since(forward.sentAt) > limits.answerWait
            else { continue }
            forwardEnded(request)
            failUnknown(forward)
        }
    }
}
