import WiberBase
import WiberRaft

/// What a driver does: performs effects, writes to disk, carries messages.
extension RaftLab {
    func step(_ place: Int, _ input: Input, entries: [Entry] = []) {
        guard nodes[place].raft != nil else { return }
        var effects: [Effect] = []
        let liveness = nodes[place].liveness
        nodes[place].raft?.step(input, now: now, liveness: liveness, effects: &effects)
        for effect in effects { perform(effect, place, entries) }
        startDisk(place)
        checks.check(self, place)
    }

    private func perform(_ effect: Effect, _ place: Int, _ entries: [Entry]) {
        let node = place + 1
        switch effect {
        case .persist(let state): nodes[place].diskQueue.append(.persist(state))
        case .appendControl(let entry, let kind):
            if Int(entry.index.rawValue) != nodes[place].log.count + 1 {
                checks.fail("node \(node) appends \(entry) behind \(nodes[place].log.count)")
            }
            payload += 1
            append(
                place,
                from: entry.index,
                [Entry(term: entry.term, kind: kind, payload: payload)]
            )
        case .accept(let from, let through):
            guard case let accepted = entries.suffix(Int(through.rawValue - from.rawValue) + 1),
                nodes[place].raft?.role == .follower
            else { return checks.fail("node \(node) accepts as a leader") }
            append(place, from: from, Array(accepted))
        case .send(let message, let to): post(message, from: place, to: to)
        case .replicate(let to, let request, let from, let through, _):
            let collection = Collection(to: to, request: request, from: from, through: through)
            if roll(conditions.failedReads) {
                step(place, .sent(to: to, through: from.previous, bytes: 0, term: request.term))
            } else if roll(conditions.slowReads) {
                let event = Event.collected(
                    node: place,
                    incarnation: nodes[place].incarnation,
                    collection
                )
                schedule(event, after: pick(0...20_000_000))
            } else {
                finish(collection, at: place)
            }
        case .committed(let through): committed(place, through)
        case .role(let change):
            show("\(node): \(change)")
            if change.role == .leader { checks.elected(self, place) }
        case .readReady(let context, let index):
            show("\(node): read \(context) at \(index)")
            checks.readReady(context, index)
        case .readFailed(let context): show("\(node): read \(context) failed")
        case .configuration(let configuration): show("\(node): configuration \(configuration)")
        case .transferEnded(let succeeded):
            show("\(node): transfer \(succeeded ? "succeeded" : "failed")")
        case .snapshotNeeded(let of): show("\(node): \(of) needs a snapshot")
        }
    }

    private func append(_ place: Int, from index: LogIndex, _ entries: [Entry]) {
        let kept = Int(index.rawValue) - 1
        if kept < nodes[place].log.count {
            show("\(place + 1): truncates from \(index)")
            nodes[place].log.removeSubrange(kept...)
        }
        nodes[place].log.append(contentsOf: entries)
        checks.appended(self, place, from: index)
        let tag = nodes[place].raft?.currentTerm ?? .zero
        nodes[place].diskQueue.append(.append(from: index, entries, tag: tag))
    }

    /// Sends what a core asked to be collected.
    func finish(_ collection: Collection, at place: Int) {
        let request = collection.request
        let count = Int(pick(1...conditions.entriesPerAppend))
        let first = Int(collection.from.rawValue) - 1
        let end = min(Int(collection.through.rawValue), nodes[place].log.count, first + count)
        guard first < end, nodes[place].raft?.currentTerm == request.term else {
            let none = collection.from.previous
            return step(
                place,
                .sent(to: collection.to, through: none, bytes: 0, term: request.term)
            )
        }
        let entries = nodes[place].log[first..<end]
        var message = request
        message.entries = entries.map { AppendedEntry(term: $0.term, kind: $0.kind) }
        post(.append(message), entries.map(\.payload), from: place, to: collection.to)
        let through = LogIndex(UInt64(end))
        let bytes = entries.count * 100
        step(place, .sent(to: collection.to, through: through, bytes: bytes, term: request.term))
    }

    private func committed(_ place: Int, _ through: LogIndex) {
        show("\(place + 1): committed \(through)")
        checks.committed(self, place, from: nodes[place].commit.next, through: through)
        nodes[place].commit = through
    }

    // MARK: Disk

    func startDisk(_ place: Int) {
        let node = nodes[place]
        guard node.raft != nil, node.diskBusy == 0, !node.diskQueue.isEmpty, !node.isDiskStalled
        else { return }
        nodes[place].diskBusy = node.diskQueue.count
        let event = Event.diskDone(node: place, incarnation: node.incarnation)
        schedule(event, after: pick(conditions.diskTime))
    }

    func diskDone(_ place: Int) {
        guard nodes[place].raft != nil else { return }
        let done = nodes[place].diskQueue.prefix(nodes[place].diskBusy)
        nodes[place].diskQueue.removeFirst(nodes[place].diskBusy)
        nodes[place].diskBusy = 0
        for work in done { nodes[place].write(work) }
        for work in done {
            switch work {
            case .append(let from, let entries, let tag):
                let through = LogIndex(from.rawValue + UInt64(entries.count) - 1)
                step(place, .logDurable(through: through, term: tag))
            case .persist(let state): step(place, .hardStateDurable(state))
            }
        }
        startDisk(place)
    }

    // MARK: Network

    func post(
        _ message: RaftMessage,
        _ payloads: [UInt64] = [],
        from: Int,
        to: NodeID
    ) {
        checks.sending(self, message, from: from, to: to)
        let place = Int(to.rawValue) - 1
        guard nodes.indices.contains(place) else { return }
        let letter = Letter(from: from, to: place, message: message, payloads: payloads)
        if roll(conditions.dropped) { return }
        schedule(.deliver(letter), after: pick(conditions.latency))
        if roll(conditions.duplicated) {
            schedule(.deliver(letter), after: pick(conditions.latency) * 3)
        }
    }

    func deliver(_ letter: Letter) {
        guard !blocked.contains([letter.from, letter.to]), nodes[letter.to].raft != nil else {
            return
        }
        if showsMessages, lines != nil {
            show("\(letter.from + 1)→\(letter.to + 1) \(describe(letter.message))")
        }
        let id = NodeID(UInt64(letter.from + 1))
        nodes[letter.to].liveness[id] = now
        var entries: [Entry] = []
        if case .append(let request) = letter.message {
            for (entry, payload) in zip(request.entries, letter.payloads) {
                entries.append(Entry(term: entry.term, kind: entry.kind, payload: payload))
            }
        }
        step(letter.to, .received(letter.message, from: id), entries: entries)
    }

    func beat() {
        for from in nodes.indices where nodes[from].raft != nil {
            for to in nodes.indices where to != from && !blocked.contains([from, to]) {
                let id = NodeID(UInt64(from + 1))
                nodes[to].liveness[id] = now
                nodes[to].liveness.setDiskStalled(nodes[from].isDiskStalled, for: id)
            }
        }
    }
}

extension LabNode {
    /// Changes the disk.
    mutating func write(_ work: DiskWork) {
        switch work {
        case .append(let from, let entries, _):
            diskLog.removeSubrange(min(diskLog.count, Int(from.rawValue) - 1)...)
            diskLog.append(contentsOf: entries)
        case .persist(let state): diskHardState = state
        }
    }
}
