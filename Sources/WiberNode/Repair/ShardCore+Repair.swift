import WiberBase
import WiberLog
import WiberWire

/// Damage that a read finds: fetched from another replica, put back, and read again (reliability
/// §3, rules 5 and 11). Nothing is ever served, dropped or renumbered because it cannot be read.
extension ShardCore {
    /// Starts a read from disk; returns the token with which its result comes.
    @discardableResult
    func startRead(_ plan: ReadPlan, for purpose: ReadPurpose) -> UInt64 {
        run(PendingRead(purpose: purpose, group: plan.group, plan: plan))
    }

    @discardableResult
    private func run(_ read: PendingRead) -> UInt64 {
        let token = token()
        reads[token] = read
        emit(.runRead(token: token, read.plan))
        return token
    }

    /// Whether a read that failed waits for a repair now.
    ///
    /// What another node asked for does not: it may be what this node's own repair depends on.
    func waitsForRepair(_ read: PendingRead, _ error: LogError) -> Bool {
        guard case .damaged(let list) = error, let damage = list.first, let cure = damage.cure,
            let offset = damage.offset, offset >= read.repairedBelow, store.holds(damage)
        else { return false }
        var isForPeer = false
        if case .repair = read.purpose { isForPeer = true }
        var read = read
        read.repairedBelow = offset + 1
        let span = read.span
        read.span = min(span * 2, RepairTask.spanMax)
        for token in repairs.keys.sorted() where repairs[token]?.isSame(as: damage) == true {
            guard !isForPeer, (repairs[token]?.waiters.count ?? 0) < limits.readsPerRepair else {
                return false
            }
            repairs[token]?.waiters.append(read)
            return true
        }
        guard !store.isImpaired(cure.group) else { return false }
        var task = RepairTask(damage, cure, span: span, at: time.now)
        if !isForPeer { task.waiters = [read] }
        return add(task) && !isForPeer
    }

    /// Begins a repair, unless there are too many.
    func add(_ task: RepairTask) -> Bool {
        guard repairs.count < LogStore.repairsMax else { return false }
        let id = token()
        repairs[id] = task
        counters.damageFound += 1
        trace(.warning, "damage found", [("place", "\(task.damage)")])
        begin(id)
        return true
    }

    private func begin(_ id: UInt64) {
        guard let task = repairs[id] else { return }
        switch task.cure {
        case .bytes(let group, let offset, let bytes):
            repairs[id]?.isWriting = store.repair(
                group,
                task.damage.path,
                offset: offset,
                with: bytes,
                token: id
            )
        case .file: replaceFile(id)
        case .entry where task.isInRewritten: break  // The next sweep writes the file anew.
        case .entry(let group, let place):
            if let chunk = store.chunk(group, at: place.index), write([chunk], for: id) { return }
            ask(id)
        }
    }

    /// Hands entries to the flush thread, if they are what was written there.
    private func write(_ chunks: [Chunk], for id: UInt64) -> Bool {
        guard let task = repairs[id], !task.isWriting,
            case .entry(let group, let place) = task.cure,
            store.repair(group, task.damage.path, at: place, with: chunks, token: id)
        else { return false }
        repairs[id]?.isWriting = true
        repairs[id]?.askedAt = nil
        return true
    }

    // MARK: Asking

    /// Nodes that may have a group's log and can be asked now, in order of their numbers.
    func holders(of group: GroupID) -> [Int] {
        let replicas = slotOfGroup[group].map { groups[$0].replicas } ?? []
        return peers.indices.filter { place in
            let id = peers[place].id
            return id != selfID && peers[place].openLane != nil
                && (replicas.isEmpty || replicas.contains { $0.node == id })
        }
    }

    /// Asks the next node; after each round there is a pause.
    private func ask(_ id: UInt64) {
        if case .file? = repairs[id]?.cure { return replaceFile(id) }
        guard let task = repairs[id], !task.isInRewritten,
            case .entry(let group, let place) = task.cure
        else { return }
        let holders = holders(of: group)
        guard !holders.isEmpty else {
            repairs[id]?.askedAt = nil
            repairs[id]?.nextAsk = time.now + limits.repairPause
            return
        }
        let holder = holders[task.asked % holders.count]
        repairs[id]?.asked += 1
        repairs[id]?.askedAt = time.now
        let isRoundOver = (task.asked + 1) % holders.count == 0
        repairs[id]?.nextAsk = isRoundOver ? time.now + limits.repairPause : time.now
        let last = place.index.rawValue.addingReportingOverflow(task.span - 1)
        sendFrame(
            .repairRequest(
                RepairRequest(
                    request: id,
                    group: group,
                    first: place.index,
                    last: LogIndex(last.overflow ? .max : last.partialValue),
                    byteBudget: UInt32(RepairTask.byteBudget)
                )
            ),
            to: holder
        )
    }

    /// Puts a damaged file aside, once there is somebody who may have what was in it.
    private func replaceFile(_ id: UInt64) {
        guard let task = repairs[id], !task.isWriting,
            case .file(let group, let path, let bytes) = task.cure
        else { return }
        guard !holders(of: group).isEmpty else {
            repairs[id]?.nextAsk = time.now + limits.repairPause
            return
        }
        let damaged = task.damage.path
        repairs[id]?.isWriting = store.replace(group, damaged, by: path, with: bytes, token: id)
    }

    /// The node that was asked cannot help.
    private func askAnother(_ id: UInt64) {
        repairs[id]?.askedAt = nil
        if let task = repairs[id], task.nextAsk <= time.now { ask(id) }
    }

    func receiveRepairReply(_ reply: RepairReply, from node: NodeID) {
        if let group = wound(awaiting: reply.request), group == reply.group {
            return woundReply(group, Self.chunks(in: reply.chunks) ?? [])
        }
        if receivePulled(reply, Self.chunks(in: reply.chunks) ?? []) { return }
        if receiveForRewrite(reply, Self.chunks(in: reply.chunks) ?? []) { return }
        guard let task = repairs[reply.request], task.group == reply.group, !task.isWriting else {
            return
        }
        guard let chunks = Self.chunks(in: reply.chunks) else {
            counters.badFrames += 1
            trace(.warning, "a damaged repair was dropped", [("node", name(of: node))])
            return askAnother(reply.request)
        }
        guard !write(chunks, for: reply.request), !skip(task, reply.request, to: chunks.first)
        else { return }
        askAnother(reply.request)
    }

    /// What a group needs for its start is damaged here, and has left the log of another replica: the
    /// topic's state begins where that log does, if this one has that entry.
    ///
    /// Retention removes only what every replica holds, and only with what is committed after it.
    private func skip(_ task: RepairTask, _ id: UInt64, to start: Chunk?) -> Bool {
        guard let start, case .entry(let group, let place) = task.cure,
            start.header.group == group, start.header.index > place.index,
            let slot = slotOfGroup[group], groups[slot].raft == nil, !store.isImpaired(group),
            start.header.index > groups[slot].skippedTo,  // Else it did not help the last time.
            isHeld(start)
        else { return false }
        groups[slot].skippedTo = start.header.index
        repairs[id] = nil
        nextRecovery = time.now
        trace(
            .warning,
            "damage that has left the topic is passed over",
            [("place", "\(task.damage)"), ("log_start", "\(start.header.index)")]
        )
        for read in task.waiters { readFailed(read.purpose) }
        return true
    }

    /// Whether this log has an entry that another one begins with, which is committed.
    private func isHeld(_ chunk: Chunk) -> Bool {
        let header = chunk.header
        let recovered = recoveredGroups.first { $0.id == header.group }
        if let end = recovered?.segmentEnd, header.index <= end { return true }
        let own = store.chunk(header.group, at: header.index)?.header
        return own?.id == header.id && own?.checksum == header.checksum
    }

    /// The chunks of an answer, each verified; `nil` if anything about one is wrong.
    private static func chunks(in bytes: [UInt8]) -> [Chunk]? {
        bytes.withUnsafeBytes { bytes in
            var chunks: [Chunk] = []
            var offset = 0
            while offset < bytes.count {
                guard let chunk = try? Chunk.decode(bytes, at: offset) else { return nil }
                chunks.append(chunk)
                offset += chunk.bytes.count
            }
            return chunks
        }
    }

    /// Asks again where no answer came, and gives up what takes too long.
    func sweepRepairs() {
        for id in repairs.keys.sorted() {
            guard let task = repairs[id], !task.isWriting else { continue }
            if time.now.since(task.since) > limits.repairWait {
                giveUp(id)
            } else if let askedAt = task.askedAt {
                if time.now.since(askedAt) > limits.repairAnswerWait { ask(id) }
            } else if task.nextAsk <= time.now {
                ask(id)
            }
        }
    }

    private func giveUp(_ id: UInt64) {
        if let task = repairs[id], task.isForRecovery {
            repairs[id]?.since = time.now
            return trace(
                .error,
                "a group waits for an entry that no node that is up has",
                [("group", "\(task.group)"), ("place", "\(task.damage)")]
            )
        }
        guard let task = repairs.removeValue(forKey: id) else { return }
        counters.repairsFailed += 1
        trace(.error, "damage not repaired", [("place", "\(task.damage)")])
        for read in task.waiters { readFailed(read.purpose) }
    }

    /// Repairs that are durable now: what waited for them is read again.
    func repaired(_ tokens: [UInt64]) {
        for id in tokens {
            guard let task = repairs.removeValue(forKey: id) else { continue }
            counters.repairs += 1
            trace(.info, "damage repaired", [("place", "\(task.damage)")])
            for read in task.waiters { rerun(read) }
            if task.isForRecovery { startRecovery(task.group, span: task.span * 2) }
        }
    }

    /// Reads again; the token by which a subscription or a sweep knows its read is a new one.
    func rerun(_ read: PendingRead) {
        var read = read
        if !store.isCurrent(read.plan), let plan = store.renewed(read.plan) {
            read.plan = plan
            read.repairedBelow = 0
        }
        let token = run(read)
        switch read.purpose {
        case .delivery(let connection, let group):
            guard
                let place = sessions[connection]?.subscriptions.firstIndex(where: {
                    $0.group == group
                })
            else { return }
            sessions[connection]?.subscriptions[place].readToken = token
        case .front(let group):
            if let slot = slotOfGroup[group] { groups[slot].frontReadToken = token }
        case .index(let group):
            if let slot = slotOfGroup[group] { groups[slot].indexRead?.token = token }
        case .replication, .history, .backup, .message, .repair, .rebuild, .snapshot, .scrub,
            .removal, .rewrite, .lastID:
            break
        }
    }
}
