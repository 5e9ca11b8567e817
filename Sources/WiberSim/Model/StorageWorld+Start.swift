/// Ends and starts.
extension StorageWorld {
    /// A leader hears of the new process before anything else of it, and forgets what the old one
    /// had.
    mutating func end(_ place: Int) {
        replicas[place].end()
        for other in replicas.indices {
            guard case .leader(var match, let barrier) = replicas[other].role else { continue }
            match[place] = 0
            replicas[other].role = .leader(match: match, barrier: barrier)
        }
    }

    /// Reads the disk, and writes again what has to be.
    mutating func start(_ place: Int) {
        var replica = replicas[place]
        let found = ModelRecovery(replica.disk, breaking: broken)
        guard let vote = found.vote ?? (keeps(.refusedWithoutSlot) ? nil : ModelVote()) else {
            replicas[place].role = .refused
            if spent.rots == 0 { fail("\(place + 1) refuses to start, and nothing has rotted") }
            return
        }
        replica.role = .starting
        replica.vote = vote
        replica.log = found.log
        let isUnsure = found.isSuspect || bounds.isInterval && replica.disk.isBootNew
        replica.isSuspect = replica.disk.isSuspect || isUnsure
        if keeps(.suspectMarkDurable) { replica.disk.isSuspect = replica.isSuspect }
        replica.disk.isBootNew = false
        if bounds.hasSlotFaults { rewriteSlots(&replica, read: vote) }
        if keeps(.pageCacheDistrusted) { copyTail(&replica) }
        replicas[place] = replica
    }

    /// Begins to write the slots again, after an fsync of what was read.
    private func rewriteSlots(_ replica: inout ModelReplica, read vote: ModelVote) {
        let contents = replica.disk.slots.map(\.content)
        let differing = contents.firstIndex { $0 != vote }
        guard keeps(.slotsRewritten), differing != nil || keeps(.equalSlotsRewritten) else {
            return
        }
        replica.slot = keeps(.readSlotWrittenLast) ? differing ?? 0 : 0
        if keeps(.readSlotSynced) {
            replica.slotsToSync = 3
        } else {
            replica.slotsToSync = 2
            replica.disk.slots[replica.slot].write(vote)
        }
    }

    /// Writes the whole log to a new file, its holes with it.
    private func copyTail(_ replica: inout ModelReplica) {
        if !keeps(.oldFileKept) { replica.disk.wal = [] }
        var records = replica.records(from: 1)
        if !keeps(.holeMarkCopied), let hole = records.firstIndex(where: { !$0.isReadable }) {
            records.removeSubrange(hole...)
        }
        guard !records.isEmpty else { return }
        if !keeps(.tailInOneBatch), records.count > 1 {
            replica.disk.wal.append(ModelBatch(records: [records.removeFirst()]))
            replica.disk.wal.append(ModelBatch(records: records))
        } else {
            replica.disk.wal.append(ModelBatch(records: records, isWholeTail: true))
        }
    }

    /// All of that is durable: the old file may be used again, and the process takes part.
    mutating func finishStart(_ place: Int) {
        var replica = replicas[place]
        if keeps(.pageCacheDistrusted) {
            let old = replica.disk.wal.filter { $0.place != .cache }
            replica.disk.wal.removeAll { $0.place != .cache }
            if !keeps(.generationChecked) { replica.disk.recycled = old }
            replica.disk.syncLog(isSealing: keeps(.durableEndSealed))
        } else {
            while replica.disk.wal.last?.isDamaged ?? false { replica.disk.wal.removeLast() }
        }
        replica.durable = replica.log.count
        replica.role = .follower
        replicas[place] = replica
        for other in replicas.indices where keeps(.barrierSetAtRestart) {
            guard case .leader(let match, var barrier) = replicas[other].role else { continue }
            barrier[place] = replicas[other].log.count
            replicas[other].role = .leader(match: match, barrier: barrier)
        }
    }
}
