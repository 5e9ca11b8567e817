import WiberBase
import WiberRaft

/// What a driver does around a core: performs effects, keeps the log, carries messages.
extension RaftWorld {
    mutating func step(
        _ place: Int,
        _ input: Input,
        liveness: Liveness = Liveness(),
        entries: [RaftEntry] = [],
        asSent: Input? = nil
    ) {
        var effects: [Effect] = []
        let moment = now
        replicas[place].value.raft?.step(
            input,
            now: moment,
            liveness: liveness,
            effects: &effects
        )
        if references != nil, let raft = replicas[place].value.raft {
            fail(references?.observe(place, asSent ?? input, effects, raft)?.description)
        }
        for effect in effects { perform(effect, place, entries) }
    }

    private mutating func perform(_ effect: Effect, _ place: Int, _ entries: [RaftEntry]) {
        switch effect {
        case .persist(let state): persist(state, place)
        case .appendControl(let entry, let kind):
            append([own(kind, entry.term, place)], from: entry.index, place)
        case .accept(let from, let through):
            let count = Int(through.rawValue - from.rawValue) + 1
            append(Array(entries.suffix(count)), from: from, place)
        case .send(let message, let node): post(message, [], place, node)
        case .replicate(let node, let request, let from, let through, _):
            collect(request, from, through, place, node)
        case .committed(let through): committed(through, place)
        case .role(let change):
            if change.role == .leader {
                let id = replicas[place].value.id
                fail(history.elected(id, in: change.term))
            }
        case .readReady, .readFailed, .configuration, .transferEnded, .snapshotNeeded: break
        }
    }

    private func own(_ kind: EntryKind, _ term: Term, _ place: Int) -> RaftEntry {
        RaftEntry(term: term, kind: kind, maker: replicas[place].value.id)
    }

    private mutating func persist(_ state: HardState, _ place: Int) {
        replicas[place].value.queue.append(.persist(state))
        if misbehaviour == .hardStateDurableTooEarly { step(place, .hardStateDurable(state)) }
    }

    private mutating func append(_ entries: [RaftEntry], from index: LogIndex, _ place: Int) {
        guard let term = replicas[place].value.raft?.currentTerm else { return }
        let kept = min(replicas[place].value.log.count, Int(index.rawValue) - 1)
        replicas[place].value.log.removeSubrange(kept...)
        replicas[place].value.log.append(contentsOf: entries)
        replicas[place].value.queue.append(.append(from: index, entries, tag: term))
        if misbehaviour == .logDurableTooEarly {
            let last = LogIndex(UInt64(replicas[place].value.log.count))
            step(place, .logDurable(through: last, term: term))
        }
    }

    mutating func propose(_ place: Int) {
        guard let raft = replicas[place].value.raft, raft.refusal == nil else { return }
        append([own(.normal, raft.currentTerm, place)], from: raft.lastIndex.next, place)
        step(place, .proposed(kind: .normal, bytes: 1))
    }

    private mutating func collect(
        _ request: AppendRequest,
        _ from: LogIndex,
        _ through: LogIndex,
        _ place: Int,
        _ node: NodeID
    ) {
        let log = replicas[place].value.log
        let end = min(Int(through.rawValue), log.count)
        let entries = log[(Int(from.rawValue) - 1)..<end]
        var message = request
        message.entries = entries.map { AppendedEntry(term: $0.term, kind: $0.kind) }
        post(.append(message), Array(entries), place, node)
        let sent = Input.sent(
            to: node,
            through: LogIndex(UInt64(end)),
            bytes: entries.count,
            term: request.term
        )
        step(place, sent)
    }

    private mutating func committed(_ through: LogIndex, _ place: Int) {
        guard let term = replicas[place].value.raft?.currentTerm else { return }
        while replicas[place].value.commit < through {
            let index = replicas[place].value.commit.next
            guard index.rawValue <= replicas[place].value.log.count else {
                return fail("\(place + 1) commits \(index), which it does not have")
            }
            let entry = replicas[place].value.log[Int(index.rawValue) - 1]
            replicas[place].value.commit = index
            fail(history.committed(entry, at: index, by: term))
        }
    }

    // MARK: Disk

    mutating func write(_ place: Int) {
        let work = replicas[place].value.queue.removeFirst()
        put(work, place)
        switch work {
        case .append(let from, let entries, let tag):
            let through = LogIndex(from.rawValue + UInt64(entries.count) - 1)
            step(place, .logDurable(through: through, term: tag))
        case .persist(let state): step(place, .hardStateDurable(state))
        }
    }

    /// Changes the disk.
    private mutating func put(_ work: RaftReplica.DiskWork, _ place: Int) {
        replicas[place].value.write(work)
        references?.wrote(place, work)
    }

    mutating func crash(_ place: Int, _ appends: Int, _ hardStates: Int) {
        let queue = replicas[place].value.queue
        for work in queue.filter(\.isAppend).prefix(appends) { put(work, place) }
        for work in queue.filter({ !$0.isAppend }).prefix(hardStates) { put(work, place) }
        replicas[place].value.queue = []
        replicas[place].value.raft = nil
        replicas[place].value.log = []
        replicas[place].value.commit = .zero
        switch misbehaviour {
        case .hardStateForgotten: replicas[place].value.diskHardState = HardState()
        case .voteForgotten: replicas[place].value.diskHardState.votedFor = .zero
        case .lastEntryForgotten: _ = replicas[place].value.diskLog.popLast()
        case .logDurableTooEarly, .hardStateDurableTooEarly, .upToDateCheckSkipped, .commitTooHigh,
            .previousNotChecked, nil:
            break
        }
    }

    /// Everybody notices the new process.
    mutating func restart(_ place: Int) {
        let moment = now
        replicas[place].value.start(now: moment)
        if references != nil, let raft = replicas[place].value.raft {
            fail(references?.started(place, raft)?.description)
        }
        let node = replicas[place].value.id
        for other in replicas.indices where other != place {
            step(other, .laneOpened(node, isSameIncarnation: false))
        }
    }

    // MARK: Time

    mutating func timeout(_ place: Int, asking other: Int?) {
        preVote = other.map { (place, $0) }
        step(place, .deadline)
        while !preVoteLetters.isEmpty { deliver(preVoteLetters.removeFirst()) }
        preVote = nil
    }

    mutating func retry(_ place: Int) {
        var liveness = Liveness()
        for replica in replicas { liveness[replica.value.id] = now }
        step(place, .deadline, liveness: liveness)
    }
}
