package import WiberBase
import WiberLog
package import WiberRaft
import WiberTopic
import WiberWire

/// What drives the groups' consensus: inputs to the core, and what its effects ask for.
extension ShardCore {
    /// Steps a group and does what follows.
    ///
    /// `chunks` came beside the append message in `input`.
    func step(_ slot: Int, _ input: Input, chunks: [Chunk] = []) {
        guard groups[slot].raft != nil else { return }
        var effects: [Effect] = []
        groups[slot].stepCount &+= 1
        groups[slot].raft?.step(input, now: time.now, liveness: liveness, effects: &effects)
        nextRaftDeadline = min(nextRaftDeadline, groups[slot].raft?.nextDeadline ?? .distantFuture)
        // Before anything of another leader is taken in: what waits may be replaced by it.
        if !groups[slot].isLeader,
            !groups[slot].waiters.isEmpty || !groups[slot].purges.isEmpty
                || groups[slot].importTask != nil
        {
            failWaiters(slot)
        }
        for effect in effects { perform(effect, slot, chunks) }
        if !effects.isEmpty { markDirty(slot) }
    }

    /// Steps every group that has a replica here.
    func stepAll(_ input: Input) {
        for slot in groups.indices { step(slot, input) }
    }

    private func perform(_ effect: Effect, _ slot: Int, _ chunks: [Chunk]) {
        let id = groups[slot].id
        switch effect {
        case .persist(let state):
            store.persist(id, term: state.term, votedFor: state.votedFor)
        case .appendControl(let entry, let kind):
            appendControl(slot, entry, kind)
        case .accept(let first, let last):
            accept(slot, first...last, chunks)
        case .send(let message, let node):
            send(message, slot, to: node)
        case .replicate(let node, let request, let first, let last, let budget):
            replicate(
                slot,
                Replication(
                    node: node,
                    request: request,
                    first: first,
                    last: last,
                    byteBudget: budget
                )
            )
        case .committed(let through): committed(slot, through)
        case .role(let change): roleChanged(slot, change)
        case .readReady(let context, let index): readReady(slot, context, index)
        case .readFailed(let context): readFailed(slot, context)
        case .configuration: counters.configurationChanges += 1
        case .transferEnded(let succeeded):
            trace(
                .info,
                "leadership transfer ended",
                [("topic", groups[slot].configuration.name), ("succeeded", "\(succeeded)")]
            )
        case .snapshotNeeded(let node):
            sendSnapshot(slot, to: node)
        }
    }

    // MARK: Appending

    private func appendControl(_ slot: Int, _ entry: EntryID, _ kind: EntryKind) {
        var control: [UInt8] = []
        let chunkKind: ChunkKind
        switch kind {
        case .noOp, .normal: chunkKind = .noOp
        case .configuration(let configuration):
            chunkKind = .configuration
            configuration.encode(into: &control)
        }
        let chunk = groups[slot].topic.control(
            chunkKind,
            control,
            group: groups[slot].id,
            entry: entry,
            wall: logTime(slot)
        )
        append(slot, chunk)
    }

    /// Appends a chunk that this node made as the leader; the core must be told separately.
    func append(_ slot: Int, _ chunk: Chunk) {
        groups[slot].topic.appended(chunk, digester: digester)
        store.append(groups[slot].id, [chunk], tag: groups[slot].raft?.currentTerm ?? .zero)
        counters.chunksAppended += 1
    }

    /// Appends a chunk that this node made as the leader, and starts its replication.
    func propose(_ slot: Int, _ chunk: Chunk) {
        append(slot, chunk)
        step(slot, .proposed(kind: .normal, bytes: chunk.bytes.count))
    }

    private func accept(_ slot: Int, _ indices: ClosedRange<LogIndex>, _ chunks: [Chunk]) {
        let accepted = chunks.filter { indices.contains($0.header.index) }
        invariant(
            UInt64(accepted.count) == indices.upperBound.rawValue - indices.lowerBound.rawValue + 1,
            "\(accepted.count) chunks for \(indices)"
        )
        let id = groups[slot].id
        if let last = store.lastIndex(id), indices.lowerBound <= last {
            groups[slot].topic.truncated(
                from: indices.lowerBound,
                last: chunkBefore(slot, indices.lowerBound)
            )
            counters.truncations += 1
        }
        for chunk in accepted { groups[slot].topic.appended(chunk, digester: digester) }
        store.append(id, accepted, tag: groups[slot].raft?.currentTerm ?? .zero)
        counters.chunksAppended += UInt64(accepted.count)
    }

    /// The chunk before an index: in memory, since a truncated tail never reaches a segment's end
    /// but by one entry, whose chunk the log keeps.
    private func chunkBefore(_ slot: Int, _ index: LogIndex) -> Chunk? {
        let id = groups[slot].id
        guard index > LogIndex(1) else { return nil }
        if let chunk = store.chunk(id, at: index.previous) { return chunk }
        guard let plan = store.plan(id, from: index.previous, byteBudget: 1) else { return nil }
        return (try? startupReader(plan))?.first { $0.header.index == index.previous }
    }

    func logCompleted(_ job: LogJob) {
        hasLogJob = false
        let took = time.now.since(logJobSince)
        logJobSince = time.now
        counters.flushNanoseconds &+= took.nanoseconds
        if took > limits.slowFlush {
            counters.slowFlushes += 1
            let milliseconds = took.nanoseconds / 1_000_000
            trace(.warning, "slow flush of the log", [("ms", "\(milliseconds)")])
        }
        let completions = store.complete(job)
        // All of them first: taking meta into use opens topics.
        for case .whole(let group) in completions { noteWhole(group) }
        for completion in completions {
            switch completion {
            case .log(let group, let through, let tag):
                guard let slot = slotOfGroup[group] else { continue }
                step(slot, .logDurable(through: through, term: tag))
            case .hardState(let group, let term, let votedFor):
                guard let slot = slotOfGroup[group] else { continue }
                step(slot, .hardStateDurable(HardState(term: term, votedFor: votedFor)))
            case .superblock: break
            case .whole(let group): becameWhole(group)
            case .installed(let group, _): noteInstalled(group)
            case .removed(let group): noteRemoved(group)
            }
        }
        // What was left open while the disk was busy can go now.
        for slot in postponedSlots { markDirty(slot) }
        postponedSlots.removeAll(keepingCapacity: true)
    }

    // MARK: Messages

    /// Takes in a group's message from another node.
    func receiveRaft(_ group: GroupID, _ body: UnsafeRawBufferPointer, from node: NodeID) {
        guard let slot = slotOfGroup[group], groups[slot].raft != nil else { return }
        guard let members = RaftMembers(body), members.sender.node == node,
            let (message, chunks) = try? RaftMessageCodec.decode(members.message, group: group)
        else {
            counters.badFrames += 1
            return trace(.warning, "a damaged message was dropped", [("node", name(of: node))])
        }
        // What was for, or is of, a member that this node or the other one was before is void.
        guard members.receiver == groups[slot].raft?.id else { return }
        switch message {
        case .voteRequest: guard mayVote(for: node) else { return }
        case .voteResponse: guard countsVote(of: node) else { return }
        case .timeoutNow: guard mayCampaign else { return }
        case .append, .appendResponse, .stepDown, .confirm, .confirmed: break
        }
        guard continuesLog(slot, message, chunks) else {
            counters.badFrames += 1
            return trace(
                .error,
                "entries that do not continue the log were dropped",
                [("node", name(of: node)), ("topic", groups[slot].configuration.name)]
            )
        }
        step(slot, .received(message, from: members.sender), chunks: chunks)
    }

    /// Whether each chunk names the one before it by its checksum, the first one's in this log
    /// included: what Raft concludes from index and term, seen in the contents.
    func continuesLog(_ slot: Int, _ message: RaftMessage, _ chunks: [Chunk]) -> Bool {
        guard case .append(let request) = message, let first = chunks.first else { return true }
        for (before, after) in zip(chunks, chunks.dropFirst()) {
            guard after.header.previousChecksum == before.header.checksum else { return false }
        }
        guard let own = store.header(groups[slot].id, at: request.previous.index),
            own.id == request.previous
        else { return true }
        return first.header.previousChecksum == own.checksum
    }

    // MARK: Role

    private func roleChanged(_ slot: Int, _ change: RoleChange) {
        let group = groups[slot]
        trace(
            .info,
            "role changed",
            [
                ("topic", group.configuration.name), ("role", "\(change.role)"),
                ("term", "\(change.term)"),
                ("leader", change.leader.map { name(of: $0) } ?? "unknown"),
            ]
        )
        counters.roleChanges += 1
        if change.role == .leader { counters.elections += 1 }
        groups[slot].leaderlessSince = change.leader == nil ? time.wall : nil
        groups[slot].electedAt = change.role == .leader ? (time.wall, time.now) : nil
        if change.role == .leader { groups[slot].topic.sweepSubjectsAgain() }
        if change.role != .leader {
            failWaiters(slot)
            returnForwards(slot)
        }
        if let leader = change.leader { failForwards(of: group.id, exceptTo: leader) }
        if groups[slot].id == .meta, change.role == .leader { formationProposed = false }
        markDirty(slot)
    }

    /// What a leader stamps with: rule 15's bound until the cluster clock exists.
    func logTime(_ slot: Int) -> Timestamp { time.wall }

    /// The time that expiry goes by: never ahead of the time at election plus what has passed.
    func expiryTime(_ slot: Int) -> Timestamp {
        guard let elected = groups[slot].electedAt else { return .zero }
        if Mutant.expiryByWallClock.isOn { return time.wall }
        let passed = time.now.since(elected.now).nanoseconds
        let bound = elected.wall.rawValue &+ passed
        return Timestamp(min(time.wall.rawValue, bound))
    }
}

extension EntryKind {
    /// What the core must know about a chunk.
    package init(_ chunk: Chunk) {
        switch chunk.header.kind {
        case .messages, .meta, .trim: self = .normal
        case .noOp: self = .noOp
        case .configuration:
            let decoded = chunk.bytes.withUnsafeBytes { bytes -> Configuration? in
                var reader = ByteReader(bytes, at: ChunkHeader.size)
                return try? Configuration.decode(&reader)
            }
            self = decoded.map { .configuration($0) } ?? .normal
        }
    }
}
