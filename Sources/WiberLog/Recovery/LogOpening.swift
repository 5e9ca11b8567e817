import WiberBase

/// Opens a data directory, step by step; blocks, and runs before anything is answered.
struct LogOpening {
    let disk: any Disk
    let options: LogOptions
    let identity: LogIdentity
    var recovery = Recovery()
    private var groups: [GroupLog] = []
    private var cuts: [RecoveredSegments.Cut] = []
    /// What each group's log holds after its segments, and what is written of it again.
    private var tails: [WALReplay.Tail] = []
    private var committed: [LogIndex] = []

    init(_ disk: any Disk, _ options: LogOptions, _ identity: LogIdentity) {
        self.disk = disk
        self.options = options
        self.identity = identity
    }

    mutating func run() throws(LogError) -> (LogStore, Recovery) {
        var slots = SlotRecovery(disk)
        guard var superblock = try slots.superblock() else {
            guard slots.damages.isEmpty else { throw .damaged(slots.damages) }
            return try create()
        }
        guard superblock.nodeName == identity.nodeName else {
            throw .wrongNode(found: superblock.nodeName, expected: identity.nodeName)
        }
        if let refusal = LevelRefusal(superblock, identity.levels, software: identity.software) {
            throw .level(refusal)
        }
        try slots.readGroups()
        guard slots.damages.isEmpty else { throw .damaged(slots.damages) }
        recovery.repairs = slots.repairs + slots.badCopies.map(\.description)
        let log = try replay(superblock, slots.groups)
        try attempt { () throws(DiskError) in
            for step in slots.repairSteps + log.quarantine { try step.run(on: disk) }
        }
        var wal = try rewrite(&superblock, log)
        try attempt { () throws(DiskError) in
            for cut in cuts { try cut.run(on: disk) }
            for number in log.badFiles {
                let file = WALFile(number: number, size: options.walFileSize)
                for step in file.creationSteps(salt: superblock.salt) { try step.run(on: disk) }
                try disk.syncDirectory(WALFile.directory)
                wal.addFree(file)
            }
        }
        return finish(superblock, wal)
    }

    // MARK: An existing one

    /// The write-ahead log as it was found.
    private struct FoundLog {
        var files: [WALFile]
        var badFiles: [UInt64]
        var chain: WALScan.Chain
        /// What was damaged, to be kept for people.
        var quarantine: [DiskStep] = []
    }

    private mutating func replay(
        _ superblock: Superblock,
        _ slots: [(slot: GroupSlot, hard: HardSlot)]
    ) throws(LogError) -> FoundLog {
        var scan = WALScan(disk, salt: superblock.salt, fileCount: superblock.walFileCount)
        var replay = WALReplay(slots)
        let chain = try attempt { () throws(DiskError) in
            try scan.run()
            let chain = try scan.chain()
            try replay.run(chain, on: disk)
            return chain
        }
        var damages = scan.damages + replay.damages
        guard damages.isEmpty || options.hasReplicas, superblock.walFileCount < 1 << 20 else {
            throw .damaged(damages)
        }
        recovery.replayedEntries = replay.entryCount
        recovery.tornTail = chain.tornTail
        recovery.impairedBy = damages
        recovery.repairs += damages.map { "\($0) (kept in quarantine)" }
        damages = []
        for (slot, hard) in slots {
            do throws(LogError) {
                try restore(slot, hard, replay.tail(of: slot.group, hard))
            } catch .damaged(let list) {
                damages += list
            }
        }
        let known = Set(slots.map(\.slot.group))
        for group in replay.tails.keys.sorted() where !known.contains(group) {
            damages.append(
                Damage(path: WALFile.directory, what: "group \(group) is not in `groups`")
            )
        }
        guard damages.isEmpty else { throw .damaged(damages) }
        var found = FoundLog(files: scan.files, badFiles: scan.badFiles, chain: chain)
        found.quarantine = scan.damages.compactMap { damage in
            damage.offset.map {
                .quarantine(path: damage.path, offset: $0, count: WALFile.blockSize)
            }
        }
        found.quarantine += replay.damaged.map { batch in
            let length = min(batch.header.paddedLength, batch.file.size - batch.offset)
            return .quarantine(path: batch.file.path, offset: batch.offset, count: length)
        }
        return found
    }

    private mutating func restore(
        _ slot: GroupSlot,
        _ hard: HardSlot,
        _ tail: WALReplay.Tail
    ) throws(LogError) {
        guard !hard.isRemoved else {
            committed.append(.zero)
            tails.append(WALReplay.Tail())
            recovery.removed.append(slot.group)
            return groups.append(GroupLog.removed(groups.count, slot, hard))
        }
        var tail = tail
        let plan = GroupRecovery(
            slot: slot,
            hard: hard,
            limit: tail.limit(hard),
            sparseInterval: options.sparseInterval
        )
        if let damage = tail.damage(slot.group) {
            guard options.hasReplicas else { throw .damaged([damage]) }
            recovery.impairedBy.append(damage)
        }
        do throws(LogError) {
            let segments = try plan.readRepairing(disk) {
                recovery.repairs.append("\($0) (repaired)")
            }.segments
            try add(slot, hard, &tail, segments)
        } catch .damaged(let list) {
            if Mutant.damagedIsNew.isOn { return openAsNew(slot) }
            guard list.allSatisfy({ $0.cure != nil }) else { throw .damaged(list) }
            recovery.impaired.append(plan.group)
            recovery.impairedBy += list
            recovery.repairs += list.map { "\($0) (waits for another replica)" }
            committed.append(GroupLog.lastInSegments(hard, plan.limit))
            var group = GroupLog.impaired(groups.count, plan)
            if !tail.isSound { group.wound = Wound(tail, needed: hard.segmentEnd, generation: 0) }
            groups.append(group)
        }
        tails.append(tail)
    }

    /// What ``Mutant/damagedIsNew`` does.
    private mutating func openAsNew(_ slot: GroupSlot) {
        tails.append(WALReplay.Tail())
        committed.append(.zero)
        groups.append(GroupLog(number: groups.count, slot: slot, hard: HardSlot(group: slot.group)))
    }

    private mutating func add(
        _ slot: GroupSlot,
        _ hard: HardSlot,
        _ tail: inout WALReplay.Tail,
        _ segments: RecoveredSegments
    ) throws(LogError) {
        var group = GroupLog(number: groups.count, slot: slot, hard: hard)
        group.restore(segments)
        let last = tail.rows.last?.index ?? group.last.index
        let needed = max(segments.committed, hard.segmentEnd)
        let isCutForgiven = Mutant.segmentRotCut.isOn || Mutant.rotCutAsTorn.isOn
        if last < needed, !tail.isSuspect, !isCutForgiven {
            let what =
                "the log of group \(slot.group) ends at \(last), and entry \(needed) was in a"
                + " segment"
            let damage = Damage(path: WALFile.directory, what: what)
            guard options.hasReplicas else { throw .damaged([damage]) }
            recovery.impairedBy.append(damage)
            tail.isSuspect = true
        }
        if !tail.isSound {
            recovery.impaired.append(slot.group)
            group.wound = Wound(tail, needed: needed, generation: 0)
        }
        committed.append(needed)
        cuts += segments.cuts
        groups.append(group)
    }

    /// Makes every entry that is not in a segment durable in a fresh file.
    ///
    /// The page cache is not the disk (rule 3). Replay starts there next time.
    private mutating func rewrite(
        _ superblock: inout Superblock,
        _ log: FoundLog
    ) throws(LogError) -> WriteAheadLog {
        let chain = log.chain
        let rows = tails.indices.map { place in
            groups[place].wound?.marks(groups[place].id) ?? tails[place].rows
        }
        recovery.rewrittenBytes = tails.flatMap(\.chunks).reduce(0) { $0 + $1.bytes.count }
        let generation = chain.generationMax + 1
        // Above what is void, also if batches were lost: what is written now counts.
        let voided = groups.map(\.hard.voided).max() ?? 0
        let header = BatchHeader(
            generation: generation,
            sequence: max(chain.sequenceMax, voided) + 1,
            durable: chain.durable,
            oldestGeneration: generation,
            previousChecksum: chain.batches.last?.header.checksum ?? 0
        )
        let batch = Batch(header, rows.flatMap { $0 }, salt: superblock.salt)
        let (file, steps) = fresh(batch, log.files, chain, superblock)
        superblock.walFileCount = max(superblock.walFileCount, file.number)
        superblock.incarnation += 1
        superblock.bootID = identity.bootID
        superblock.software = identity.software
        // In a cluster it has the number that the cluster gave it, whatever a configuration says.
        if superblock.clusterID == .zero { superblock.nodeID = identity.nodeID }
        superblock.generation += 1
        let block = superblock
        try attempt { () throws(DiskError) in
            for step in steps { try step.run(on: disk) }
            try DiskStep.batch(path: file.path, offset: WALFile.firstOffset, batch).run(on: disk)
            if !Mutant.cacheTrusted.isOn { try disk.sync(file.path) }
            try disk.syncDirectory(WALFile.directory)
            for step in Superblock.steps([(0, block)], path: Superblock.path) {
                try step.run(on: disk)
            }
        }
        append(generation)
        return WriteAheadLog(
            salt: superblock.salt,
            active: file,
            offset: WALFile.firstOffset + batch.paddedLength,
            header: batch.header,
            free: log.files.filter { $0 != file },
            lastNumber: superblock.walFileCount,
            slots: groups.indices.filter { !rows[$0].isEmpty }
        )
    }

    private func fresh(
        _ batch: Batch,
        _ files: [WALFile],
        _ chain: WALScan.Chain,
        _ superblock: Superblock
    ) -> (WALFile, [DiskStep]) {
        let needed = WALFile.firstOffset + batch.paddedLength
        // Room for what comes next, so that the file is not full at once.
        let wanted = needed + options.walFileSize / 4
        if let file = files.first(where: { !chain.live.contains($0.number) && $0.size >= wanted }) {
            return (file, [])
        }
        let size = max(options.walFileSize, WALFile.padded(wanted))
        let file = WALFile(number: superblock.walFileCount + 1, size: size)
        return (file, file.creationSteps(salt: superblock.salt))
    }

    private mutating func append(_ generation: UInt64) {
        for place in groups.indices {
            groups[place].notedGeneration = generation
            guard groups[place].wound == nil else {
                groups[place].wound?.generation = generation
                continue
            }
            for chunk in tails[place].chunks {
                groups[place].append(chunk, generation: generation)
            }
            if tails[place].rows.isEmpty { groups[place].notedGeneration = 0 }
            groups[place].advance(commit: committed[place])
        }
    }

    mutating func finish(
        _ superblock: Superblock,
        _ wal: WriteAheadLog
    ) -> (LogStore, Recovery) {
        var store = LogStore(superblock: superblock, options: options, wal: wal)
        for place in groups.indices {
            let group = groups[place]
            store.slots[group.id] = place
            guard group.wound == nil else { continue }
            store.unflushedBytes += group.unflushedBytes
            guard group.recovery == nil, group.removal == nil else { continue }
            recovery.groups.append(Self.describe(group, tails[place].chunks))
        }
        store.groups = groups
        store.removedCount = recovery.removed.count
        for slot in groups.indices {
            store.noteFlushable(slot)
            if groups[slot].recovery == nil { store.checkEnd(slot) }
        }
        recovery.groups.sort { $0.id < $1.id }
        return (store, recovery)
    }

    static func describe(_ group: GroupLog, _ tail: [Chunk]) -> Recovery.Group {
        var configurations: [Chunk] = []
        if !group.configuration.isEmpty {
            let chunk = group.configuration.withUnsafeBytes { try? Chunk.decode($0) }
            if let chunk { configurations.append(chunk) }
        }
        configurations += tail.filter { $0.header.kind == .configuration }
        let below = configurations.prefix { $0.header.index <= group.commit }.count
        configurations.removeFirst(max(0, below - 1))
        return Recovery.Group(
            id: group.id,
            name: group.slot.name,
            term: group.hard.term,
            votedFor: group.hard.votedFor,
            base: group.base,
            last: group.last,
            termRuns: group.runs,
            segmentEnd: group.commit,
            configurations: configurations,
            lastChunk: group.lastChunk
        )
    }

    func attempt<Value>(
        _ body: () throws(DiskError) -> Value
    ) throws(LogError) -> Value {
        do throws(DiskError) {
            return try body()
        } catch {
            throw .disk(error)
        }
    }
}

extension LogStore {
    /// Opens a data directory, or makes one if it is empty; blocks.
    ///
    /// The caller holds the directory's lock.
    ///
    /// - Throws: ``LogError``: the node must not start; the description says what to do.
    public static func open(
        _ disk: any Disk,
        options: LogOptions = LogOptions(),
        identity: LogIdentity
    ) throws(LogError) -> (LogStore, Recovery) {
        var opening = LogOpening(disk, options, identity)
        return try opening.run()
    }
}
