/// How what can happen does.
extension StorageWorld {
    mutating func perform(_ action: StorageAction) {
        switch action {
        case .campaign(let place):
            replicas[place].role = .candidate(votes: 0)
            let term = replicas[place].vote.term + 1
            promise(place, ModelVote(term: term, candidate: place + 1))
        case .vote(let place, let other): vote(place, for: other)
        case .syncSlot(let place): syncSlot(place)
        case .propose(let place): propose(place)
        case .replicate(let place, let other): replicate(place, to: other)
        case .syncLog(let place): syncLog(place)
        case .repair(let place, let other): repair(place, from: other)
        case .clear(let place):
            replicas[place].isSuspect = false
            replicas[place].disk.isSuspect = false
        case .start(let place): start(place)
        case .finishStart(let place): finishStart(place)
        case .crash(let place):
            spent.crashes += 1
            end(place)
        case .cutPower(let place, let fates):
            spent.powerCuts += 1
            replicas[place].disk.cutPower(fates)
            if !bounds.isInterval { replicas[place].disk.isBootNew = false }
            end(place)
        case .failLog(let place): failLog(place)
        case .failSlots(let place): failSlots(place)
        case .rot(let place, let batch, let record):
            spent.rots += 1
            replicas[place].disk.rot(batch, record)
        case .rotSlot(let place, let slot):
            spent.rots += 1
            replicas[place].disk.slots[slot].disk = nil
        }
        checkCopies()
    }

    /// Whatever was acknowledged can be read from some disk.
    private mutating func checkCopies() {
        guard !bounds.isInterval else { return }
        for (place, term) in history.committed.enumerated() {
            let record = ModelRecord(index: place + 1, term: term)
            if !replicas.contains(where: { $0.disk.holds(record, isSynced: false) }) {
                return fail("entry \(place + 1) of term \(term) is on no disk")
            }
        }
    }

    // MARK: Elections

    private mutating func vote(_ place: Int, for other: Int) {
        let vote = ModelVote(term: replicas[other].vote.term, candidate: other + 1)
        replicas[place].role = .follower
        if replicas[place].vote == vote {
            voteDurable(place)
        } else {
            promise(place, vote)
        }
    }

    private mutating func promise(_ place: Int, _ vote: ModelVote) {
        replicas[place].promise(vote)
        guard !bounds.hasSlotFaults else { return }
        while replicas[place].slotsToSync > 0 { syncSlot(place) }
    }

    private mutating func syncSlot(_ place: Int) {
        for slot in replicas[place].disk.slots.indices { replicas[place].disk.slots[slot].sync() }
        advanceSlots(place)
    }

    private mutating func advanceSlots(_ place: Int) {
        let isStarting = replicas[place].role == .starting
        let skipsSecond = !isStarting && !keeps(.bothSlotsBeforeAnswer)
        replicas[place].slotSynced(skipsSecond: skipsSecond)
        if !isStarting, replicas[place].slotsToSync == 0 { voteDurable(place) }
    }

    /// Term and vote are durable: the vote is told.
    private mutating func voteDurable(_ place: Int) {
        let vote = replicas[place].vote
        guard vote.candidate > 0 else { return }
        let other = vote.candidate - 1
        fail(history.voted(place, for: other, in: vote.term))
        guard case .candidate(let votes) = replicas[other].role,
            replicas[other].vote.term == vote.term
        else { return }
        let counted = votes | 1 << place
        replicas[other].role = .candidate(votes: counted)
        if counted.nonzeroBitCount > replicas.count / 2 { lead(other) }
    }

    private mutating func lead(_ place: Int) {
        let term = replicas[place].vote.term
        fail(history.elected(place, in: term))
        if let lack = history.lack(of: replicas[place].log) {
            fail("\(place + 1), the leader of term \(term), \(lack)")
        }
        let start = replicas[place].log.count + 1
        replicas[place].role = .leader(match: [0, 0, 0], barrier: [start, start, start])
        if bounds.entriesMax > 0 { propose(place) }
    }

    // MARK: Replication

    private mutating func propose(_ place: Int) {
        let term = replicas[place].vote.term
        replicas[place].log.append(ModelRecovery.Entry(term: term))
        let index = replicas[place].log.count
        replicas[place].append(from: index, isAcknowledgedEarly: isAcknowledgedEarly)
        acknowledge(place, to: place)
    }

    private mutating func replicate(_ place: Int, to other: Int) {
        let leader = replicas[place]
        replicas[other].role = .follower
        guard replicas[other].vote.term == leader.vote.term else {
            return promise(other, ModelVote(term: leader.vote.term))
        }
        let agreed = replicas[other].agreement(with: leader)
        if agreed < leader.log.count {
            replicas[other].log.removeSubrange(agreed...)
            replicas[other].log += leader.log[agreed...]
            replicas[other].append(from: agreed + 1, isAcknowledgedEarly: isAcknowledgedEarly)
        }
        acknowledge(other, to: place)
    }

    /// What a replica may answer to the leader.
    func matchAnswered(_ place: Int, to leader: ModelReplica) -> Int {
        if replicas[place].isSuspect, keeps(.suspectDoesNotCount) { return 0 }
        return replicas[place].match(with: leader, stopsAtHole: keeps(.holeEndsMatch))
    }

    private mutating func acknowledge(_ place: Int, to other: Int) {
        guard case .leader(var match, let barrier) = replicas[other].role,
            replicas[other].vote.term == replicas[place].vote.term
        else { return }
        match[place] = max(match[place], matchAnswered(place, to: replicas[other]))
        replicas[other].role = .leader(match: match, barrier: barrier)
        let index = match.sorted()[1]
        guard index > 0, replicas[other].log[index - 1].term == replicas[other].vote.term else {
            return
        }
        fail(history.committed(replicas[other].log, through: index))
    }

    private mutating func acknowledgeToLeader(_ place: Int) {
        for other in replicas.indices where replicas[other].isLeader {
            acknowledge(place, to: other)
        }
    }

    // MARK: The log

    private mutating func syncLog(_ place: Int) {
        let written = replicas[place].disk.wal.filter { $0.place == .cache }
        replicas[place].disk.syncLog(isSealing: keeps(.durableEndSealed))
        replicas[place].synced(written)
        acknowledgeToLeader(place)
    }

    private mutating func failLog(_ place: Int) {
        spent.failedSyncs += 1
        let written = replicas[place].disk.wal.filter { $0.place == .cache }
        replicas[place].disk.failSync()
        if keeps(.failedSyncIsFatal) || replicas[place].role == .starting { return end(place) }
        replicas[place].synced(written)
        acknowledgeToLeader(place)
    }

    private mutating func failSlots(_ place: Int) {
        spent.failedSyncs += 1
        for slot in replicas[place].disk.slots.indices
        where replicas[place].disk.slots[slot].cache != nil {
            replicas[place].disk.slots[slot].isClean = true
        }
        if keeps(.failedSyncIsFatal) || replicas[place].role == .starting { return end(place) }
        advanceSlots(place)
    }

    /// Writes the first hole and all after it again, with what a peer has of it.
    private mutating func repair(_ place: Int, from other: Int) {
        guard let hole = replicas[place].log.firstIndex(where: \.isHole) else { return }
        var records = replicas[place].records(from: hole + 1)
        let peer = replicas[other].log
        for slot in records.indices {
            let index = records[slot].index
            guard index <= peer.count, peer[index - 1].term == records[slot].term,
                !peer[index - 1].isHole
            else { continue }
            records[slot].isReadable = true
        }
        if !keeps(.repairWritesTail) { records = Array(records.prefix(1)) }
        if !keeps(.holeMarkedUntilSynced) { replicas[place].disk.forgetHoles() }
        replicas[place].disk.wal.append(ModelBatch(records: records))
    }
}

extension ModelDisk {
    mutating func rot(_ batch: Int, _ record: Int?) {
        if let record {
            wal[batch].records[record].isReadable = false
            wal[batch].isRotten = true
        } else {
            wal[batch].damage = .table
        }
    }

    /// Takes the marks of holes away, as if they were not part of the log.
    mutating func forgetHoles() {
        for batch in wal.indices { wal[batch].records.removeAll { !$0.isReadable } }
    }
}
