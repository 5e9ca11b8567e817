import WiberBase
import WiberLog
import WiberRaft
import WiberTopic
import WiberWire

/// A HISTORY that is being answered.
struct HistoryJob {
    let connection: ConnectionID
    let slot: UInt64
    let group: GroupID
    /// What was asked for; `nil`: the newest.
    let from: Sequence?
    let limit: UInt64
    var next = Sequence.zero
    var end = Sequence.zero
    /// How many more messages belong to it.
    var left: UInt64 = 0
    var writer: HistoryWriter?
}

/// Linearizable reads: confirmed by the leader, served from this node's own log (rule 19).
extension ShardCore {
    /// Begins a HISTORY; its reply comes at `slot` of the connection.
    func beginHistory(_ job: HistoryJob) {
        let id = token()
        histories[id] = job
        counters.histories += 1
        requestRead(job.group, .history(id))
    }

    func requestRead(_ group: GroupID, _ origin: Group.Read.Origin) {
        guard let slot = slotOfGroup[group] else { return }
        let context = token()
        groups[slot].reads[context] = Group.Read(
            origin: origin,
            index: nil,
            deadline: time.now + limits.leaderWait
        )
        if Mutant.historyLocal.isOn { return readReady(slot, context, groups[slot].applied) }
        askReadIndex(slot, context)
    }

    /// Asks the leader, this node or another, how far a read must have been applied.
    private func askReadIndex(_ slot: Int, _ context: UInt64) {
        if groups[slot].isLeader {
            step(slot, .readIndex(context: context))
        } else if let leader = groups[slot].leader, let place = place(of: leader),
            peers[place].openLane != nil
        {
            sendFrame(
                .readIndexRequest(ReadIndexRequest(request: context, group: groups[slot].id)),
                to: place
            )
        } else {
            unaskedReads.append((groups[slot].id, context))
        }
    }

    /// Reads that found no leader are asked again at each sweep, until their deadline.
    func retryReads() {
        let unasked = unaskedReads
        unaskedReads.removeAll(keepingCapacity: true)
        for (group, context) in unasked {
            guard let slot = slotOfGroup[group], groups[slot].reads[context] != nil else {
                continue
            }
            askReadIndex(slot, context)
        }
    }

    func receiveReadIndex(_ request: ReadIndexRequest, from node: NodeID) {
        guard let slot = slotOfGroup[request.group], groups[slot].isLeader else {
            return sendReadIndexReply(to: node, request.request, request.group, nil)
        }
        let context = token()
        groups[slot].reads[context] = Group.Read(
            origin: .peer(node, request: request.request),
            index: nil,
            deadline: time.now + limits.leaderWait
        )
        step(slot, .readIndex(context: context))
    }

    func receiveReadIndexReply(_ reply: ReadIndexReply, from node: NodeID) {
        if let group = wound(awaiting: reply.request) { return barrierReply(group, reply.index) }
        guard let slot = slotOfGroup[reply.group] else { return }
        if let index = reply.index {
            readReady(slot, reply.request, index)
        } else if groups[slot].reads[reply.request] != nil {
            unaskedReads.append((reply.group, reply.request))
        }
    }

    private func sendReadIndexReply(
        to node: NodeID,
        _ request: UInt64,
        _ group: GroupID,
        _ index: LogIndex?
    ) {
        guard let place = place(of: node) else { return }
        sendFrame(
            .readIndexReply(ReadIndexReply(request: request, group: group, index: index)),
            to: place
        )
    }

    func readReady(_ slot: Int, _ context: UInt64, _ index: LogIndex) {
        guard let read = groups[slot].reads[context], read.index == nil else { return }
        if case .peer(let node, let request) = read.origin {
            groups[slot].reads[context] = nil
            return sendReadIndexReply(to: node, request, groups[slot].id, index)
        }
        groups[slot].reads[context]?.index = index
        answerReads(slot)
    }

    func readFailed(_ slot: Int, _ context: UInt64) {
        guard let read = groups[slot].reads[context] else { return }
        switch read.origin {
        case .peer(let node, let request):
            groups[slot].reads[context] = nil
            sendReadIndexReply(to: node, request, groups[slot].id, nil)
        case .history, .backup, .message: unaskedReads.append((groups[slot].id, context))
        }
    }

    /// Serves the reads whose index is applied.
    func answerReads(_ slot: Int) {
        guard !groups[slot].reads.isEmpty else { return }
        let applied = groups[slot].applied
        for context in groups[slot].reads.keys.sorted() {
            guard let read = groups[slot].reads[context], let index = read.index, index <= applied
            else { continue }
            groups[slot].reads[context] = nil
            switch read.origin {
            case .history(let id): startHistory(id, slot)
            case .backup(let id): startBackup(id, slot)
            case .message(let id): startMessageRead(id, index)
            case .peer: break  // Answered as soon as its index was known.
            }
        }
    }

    func expireReads(_ slot: Int) {
        guard !groups[slot].reads.isEmpty else { return }
        for context in groups[slot].reads.keys.sorted() {
            guard let read = groups[slot].reads[context], read.deadline < time.now else { continue }
            groups[slot].reads[context] = nil
            switch read.origin {
            case .peer(let node, let request):
                sendReadIndexReply(to: node, request, groups[slot].id, nil)
            case .history(let id):
                guard let job = histories.removeValue(forKey: id) else { continue }
                fail(job.connection, job.slot, .noLeader, noLeaderText(slot))
            case .backup(let id): failBackup(id, noLeaderText(slot))
            case .message(let id): expireMessageRead(id, slot)
            }
        }
    }

    // MARK: HISTORY

    private func startHistory(_ id: UInt64, _ slot: Int) {
        guard var job = histories[id] else { return }
        let first = groups[slot].topic.firstSequence
        let end = groups[slot].topic.appliedNextSequence
        job.left = min(job.limit, limits.historyMessages)
        if let from = job.from {
            job.next = min(max(from, first), end)
        } else {
            job.next = groups[slot].topic.start(ofNewest: job.left)
        }
        job.end = end
        job.writer = HistoryWriter(
            topic: groups[slot].configuration.name,
            subject: groups[slot].configuration.ownSubject,
            from: job.next,
            limit: job.left
        )
        histories[id] = job
        continueHistory(id)
    }

    func continueHistory(_ id: UInt64) {
        guard var job = histories[id], let group = slotOfGroup[job.group] else { return }
        while job.left > 0 {
            job.next = groups[group].topic.firstKept(from: job.next)
            guard job.next < job.end, (job.writer?.byteCount ?? 0) < limits.historyBytes else {
                break
            }
            switch place(of: job.next, group) {
            case .chunk(let chunk): add(chunk, to: &job, group)
            case .plan(let plan):
                histories[id] = job
                startRead(plan, for: .history(id))
                return
            case .gap(let next): job.next = max(next, job.next.next)
            case .end: job.end = job.next
            }
        }
        histories[id] = nil
        var text: [UInt8] = []
        job.writer?.finish(into: &text)
        complete(job.connection, job.slot, text)
    }

    func add(_ chunk: Chunk, to job: inout HistoryJob, _ slot: Int) {
        let before = job.next
        chunk.forEachMessage { message in
            guard message.sequence >= job.next else { return true }
            guard job.left > 0 else { return false }
            guard !groups[slot].topic.isRemoved(message.sequence) else {
                job.next = message.sequence.next
                return true
            }
            guard message.sequence < job.end, let writer = job.writer,
                writer.byteCount + message.length <= limits.historyBytes || writer.count == 0
            else {
                job.end = min(job.end, message.sequence)
                return false
            }
            job.writer?.add(message)
            job.left -= 1
            job.next = message.sequence.next
            return true
        }
        if job.next == before { job.next = max(job.next.next, chunk.header.nextSequence) }
    }

    /// Where the message with a sequence is to be had.
    enum MessagePlace {
        case chunk(Chunk)
        case plan(ReadPlan)
        /// Nothing has this sequence; the next that exists is this one.
        case gap(next: Sequence)
        case end
    }

    /// Finds a committed message.
    func place(of sequence: Sequence, _ slot: Int) -> MessagePlace {
        let id = groups[slot].id
        switch store.index(id, of: sequence) {
        case .memory(let index):
            guard index <= groups[slot].applied, let chunk = store.chunk(id, at: index) else {
                return .end
            }
            return .chunk(chunk)
        case .segment(let plan): return .plan(plan)
        case .belowStart(let first):
            return .gap(next: max(first, groups[slot].topic.firstSequence))
        case .beyondEnd: return .end
        }
    }
}
