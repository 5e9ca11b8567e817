/// A replica: its process, if it runs, and its disk.
struct ModelReplica: Equatable, Sendable {
    enum Role: Equatable, Sendable {
        /// No process.
        case down
        /// Has read its disk, and writes again what has to be.
        case starting
        /// Found no hard state, and will not start again.
        case refused
        case follower
        /// With the votes so far, a bit for each replica.
        case candidate(votes: Int)
        /// With what each replica has of its log, as far as it was told, and what a suspect must
        /// have of it to be one no more.
        case leader(match: [Int], barrier: [Int])
    }

    var role = Role.follower
    var disk = ModelDisk()
    /// Term and vote as the process has them.
    var vote = ModelVote()
    var log: [ModelRecovery.Entry] = []
    /// So much of the log may be acknowledged: synced, or written if that suffices.
    var durable = 0
    /// The first index that waits until what is being written is synced; 0 if none does.
    var waiting = 0
    /// How many fsyncs the hard state still needs; each but the last two is before any writing.
    var slotsToSync = 0
    /// The slot that is written, or was last.
    var slot = 0
    var isSuspect = false

    var isUp: Bool {
        switch role {
        case .down, .starting, .refused: false
        case .follower, .candidate, .leader: slotsToSync == 0
        }
    }

    var isRunning: Bool {
        switch role {
        case .down, .refused: false
        case .starting, .follower, .candidate, .leader: true
        }
    }

    var isLeader: Bool {
        if case .leader = role { return true }
        return false
    }

    var isWriting: Bool { disk.wal.contains { $0.place == .cache } }
    var hasHole: Bool { log.contains(where: \.isHole) }
    var lastTerm: Int { log.last?.term ?? 0 }

    /// Whether its log is at least as up to date as that of `other`.
    func isUpToDate(with other: ModelReplica) -> Bool {
        (lastTerm, log.count) >= (other.lastTerm, other.log.count)
    }

    /// So many entries at the beginning are the same as in `other`.
    func agreement(with other: ModelReplica) -> Int {
        var count = 0
        while count < log.count, count < other.log.count,
            log[count].term == other.log[count].term
        {
            count += 1
        }
        return count
    }

    /// So many entries at the beginning are durable, readable, and the same as in `leader`.
    func match(with leader: ModelReplica, stopsAtHole: Bool) -> Int {
        let count = min(durable, agreement(with: leader))
        guard stopsAtHole, let hole = log.firstIndex(where: \.isHole) else { return count }
        return min(count, hole)
    }

    // MARK: Writing

    /// Records of the log from an index on.
    func records(from index: Int) -> [ModelRecord] {
        (index...max(index, log.count)).compactMap { index in
            guard index <= log.count else { return nil }
            let entry = log[index - 1]
            return ModelRecord(index: index, term: entry.term, isReadable: !entry.isHole)
        }
    }

    /// Appends what the log has from `index` on, now or when the disk is free.
    mutating func append(from index: Int, isAcknowledgedEarly: Bool) {
        durable = min(durable, index - 1)
        if isAcknowledgedEarly {
            disk.wal.append(ModelBatch(records: records(from: index)))
            durable = log.count
        } else if isWriting {
            waiting = waiting == 0 ? index : min(waiting, index)
        } else {
            disk.wal.append(ModelBatch(records: records(from: index)))
        }
    }

    /// Takes what was written for durable, and writes what has waited for that.
    mutating func synced(_ written: [ModelBatch]) {
        for record in written.flatMap(\.records)
        where record.isReadable && record.index <= log.count {
            if log[record.index - 1].term == record.term { log[record.index - 1].isHole = false }
        }
        durable = waiting == 0 ? log.count : waiting - 1
        guard waiting > 0 else { return }
        disk.wal.append(ModelBatch(records: records(from: waiting)))
        waiting = 0
    }

    /// Begins to make a term and a vote durable.
    mutating func promise(_ vote: ModelVote) {
        self.vote = vote
        slot = 0
        slotsToSync = 2
        disk.slots[0].write(vote)
    }

    /// The slot that was written is taken for durable: on to the next.
    mutating func slotSynced(skipsSecond: Bool) {
        slotsToSync = skipsSecond ? 0 : slotsToSync - 1
        if slotsToSync == 1 { slot = 1 - slot }
        if slotsToSync == 0 {
            slot = 0
        } else {
            disk.slots[slot].write(vote)
        }
    }

    /// Ends the process.
    mutating func end() {
        role = .down
        vote = ModelVote()
        log = []
        durable = 0
        waiting = 0
        slotsToSync = 0
        slot = 0
        isSuspect = false
    }
}

extension ModelReplica: CustomStringConvertible {
    var description: String {
        let slots = disk.slots.map { slot in
            let disk = slot.disk.map { "\($0.term)/\($0.candidate)" } ?? "bad"
            return slot.cache.map { "\(disk)(\($0.term)/\($0.candidate) in cache)" } ?? disk
        }
        let wal = disk.wal.map(\.description).joined(separator: " ")
        let mark = disk.isSuspect ? ", marked suspect" : ""
        let process: String
        switch role {
        case .down: process = "down"
        case .refused: process = "refuses to start"
        case .starting: process = "starting, \(memory)"
        case .follower: process = "follower, \(memory)"
        case .candidate: process = "candidate, \(memory)"
        case .leader(let match, _):
            process = "leader, \(memory), match \(match.map(String.init).joined(separator: ","))"
        }
        return "\(process); disk: hard \(slots.joined(separator: " ")), log \(wal)\(mark)"
    }

    private var memory: String {
        let entries = log.map { $0.isHole ? "\($0.term)?" : "\($0.term)" }.joined(separator: ",")
        let suspect = isSuspect ? ", suspect" : ""
        return "term \(vote.term) vote \(vote.candidate) log \(entries.isEmpty ? "-" : entries)"
            + " durable \(durable)\(suspect)"
    }
}

extension ModelBatch: CustomStringConvertible {
    /// `[1/1 2/1?]synced`: index and term, a question mark where the bytes cannot be read.
    var description: String {
        let text = records.map { "\($0.index)/\($0.term)\($0.isReadable ? "" : "?")" }
        let state = damage.map { "\($0)" } ?? "\(place)"
        return "\(isWholeTail ? "|" : "")[\(text.joined(separator: " "))]\(state)"
    }
}
