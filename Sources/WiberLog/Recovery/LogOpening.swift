import WiberBase

/// Opens a data directory, step by step; blocks, and runs before anything is answered.
struct LogOpening {
    let disk: any Disk
    let options: LogOptions
    let identity: LogIdentity
    private var recovery = Recovery()
    private var groups: [GroupLog] = []
    private var cuts: [RecoveredSegments.Cut] = []
    private var tails: [[Chunk]] = []
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
        try slots.readGroups()
        guard slots.damages.isEmpty else { throw .damaged(slots.damages) }
        recovery.repairs = slots.repairs + slots.badCopies.map(\.description)
        let (files, chain) = try replay(superblock, slots.groups)
        try attempt { () throws(DiskError) in
            for step in slots.repairSteps { try step.run(on: disk) }
        }
        let wal = try rewrite(&superblock, files, chain)
        try attempt { () throws(DiskError) in for cut in cuts { try cut.run(on: disk) } }
        return finish(superblock, wal)
    }

    // MARK: An empty directory

    /// Makes an empty directory; the superblock's name appears last, so that a crash before leaves
    /// a directory that is still empty.
    private mutating func create() throws(LogError) -> (LogStore, Recovery) {
        try attempt { () throws(DiskError) in try refuseLeftovers() }
        guard leftovers.isEmpty else { throw .damaged(leftovers) }
        recovery.isNew = true
        var superblock = Superblock(
            storeID: identity.newStoreID,
            bootID: identity.bootID,
            nodeID: identity.nodeID,
            nodeName: identity.nodeName
        )
        superblock.incarnation = 1
        superblock.walFileCount = 1
        let file = WALFile(
            number: 1,
            size: max(WALFile.firstOffset + WALFile.blockSize, options.firstWALFileSize)
        )
        let header = BatchHeader(
            generation: 1,
            sequence: 1,
            durable: 0,
            oldestGeneration: 1,
            previousChecksum: 0
        )
        let batch = Batch(header, [], salt: superblock.salt)
        let temporary = Superblock.path + ".new"
        var steps: [DiskStep] = ["wal", "topics", "meta"].map(DiskStep.makeDirectory)
        steps += file.creationSteps(salt: superblock.salt)
        steps += [GroupSlot.path, HardSlot.path].map {
            .createZeroed(path: $0, size: 2 * GroupSlot.pageSize)
        }
        steps += [
            .batch(path: file.path, offset: WALFile.firstOffset, batch),
            .sync(path: file.path),
            .syncDirectory(path: ""),
        ]
        steps += Superblock.steps([(0, superblock)], path: temporary)
        try attempt { () throws(DiskError) in
            for step in steps { try step.run(on: disk) }
            try disk.rename(temporary, to: Superblock.path)
            if !Mutant.renameNotSynced.isOn { try disk.syncDirectory("") }
        }
        let wal = WriteAheadLog(
            salt: superblock.salt,
            active: file,
            offset: WALFile.firstOffset + batch.paddedLength,
            header: batch.header,
            free: [],
            lastNumber: 1,
            slots: []
        )
        return finish(superblock, wal)
    }

    private var leftovers: [Damage] = []

    /// Without a superblock nothing else may be there.
    private mutating func refuseLeftovers() throws(DiskError) {
        for path in [GroupSlot.path, HardSlot.path] {
            guard let size = try disk.size(path),
                try disk.read(path, at: 0, count: size).contains(where: { $0 != 0 })
            else { continue }
            leftovers.append(Damage(path: path, what: "has records, and the superblock is missing"))
        }
        var directories = ["meta"]
        directories += try disk.list("topics").map { "topics/" + $0 }
        for directory in directories.sorted() where try !disk.list(directory).isEmpty {
            leftovers.append(
                Damage(path: directory, what: "has segments, and the superblock is missing")
            )
        }
    }

    // MARK: An existing one

    private mutating func replay(
        _ superblock: Superblock,
        _ slots: [(slot: GroupSlot, hard: HardSlot)]
    ) throws(LogError) -> ([WALFile], WALScan.Chain) {
        var scan = WALScan(disk, salt: superblock.salt, fileCount: superblock.walFileCount)
        var replay = WALReplay()
        var found: WALScan.Chain?
        try attempt { () throws(DiskError) in
            try scan.run()
            guard scan.damages.isEmpty else { return }
            found = try scan.chain()
            if let found { try replay.run(found, on: disk) }
        }
        var damages = scan.damages + replay.damages
        guard let found, damages.isEmpty else { throw .damaged(damages) }
        recovery.replayedEntries = replay.entryCount
        recovery.tornTail = found.tornTail
        for (slot, hard) in slots {
            do throws(LogError) {
                try restore(slot, hard, replay.take(slot.group, from: hard.logStart))
            } catch .damaged(let list) {
                damages += list
            }
        }
        for group in replay.tails.keys.sorted() {
            damages.append(
                Damage(path: WALFile.directory, what: "group \(group) is not in `groups`")
            )
        }
        guard damages.isEmpty else { throw .damaged(damages) }
        return (scan.files, found)
    }

    private mutating func restore(
        _ slot: GroupSlot,
        _ hard: HardSlot,
        _ tail: [Chunk]
    ) throws(LogError) {
        let plan = GroupRecovery(
            slot: slot,
            hard: hard,
            limit: tail.first?.header.index,
            sparseInterval: options.sparseInterval
        )
        tails.append(tail)
        do throws(LogError) {
            let segments = try plan.readRepairing(disk) {
                recovery.repairs.append("\($0) (repaired)")
            }.segments
            try add(slot, hard, tail, segments)
        } catch .damaged(let list) {
            if Mutant.damagedIsNew.isOn { return openAsNew(slot) }
            guard list.allSatisfy({ $0.cure != nil }) else { throw .damaged(list) }
            recovery.impaired.append(plan.group)
            recovery.impairedBy += list
            recovery.repairs += list.map { "\($0) (waits for another replica)" }
            committed.append(GroupLog.lastInSegments(hard, plan.limit))
            groups.append(.impaired(groups.count, plan))
        }
    }

    /// What ``Mutant/damagedIsNew`` does.
    private mutating func openAsNew(_ slot: GroupSlot) {
        tails[groups.count] = []
        committed.append(.zero)
        groups.append(GroupLog(number: groups.count, slot: slot, hard: HardSlot(group: slot.group)))
    }

    private mutating func add(
        _ slot: GroupSlot,
        _ hard: HardSlot,
        _ tail: [Chunk],
        _ segments: RecoveredSegments
    ) throws(LogError) {
        var group = GroupLog(number: groups.count, slot: slot, hard: hard)
        group.restore(segments)
        let last = tail.last?.header.index ?? group.last.index
        let needed = max(segments.committed, hard.segmentEnd)
        let isCutForgiven = Mutant.segmentRotCut.isOn || Mutant.rotCutAsTorn.isOn
        guard last >= needed || isCutForgiven else {
            let what =
                "the log of group \(slot.group) ends at \(last), and entry \(needed) was in a"
                + " segment"
            throw .damaged([Damage(path: WALFile.directory, what: what)])
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
        _ files: [WALFile],
        _ chain: WALScan.Chain
    ) throws(LogError) -> WriteAheadLog {
        let chunks = tails.flatMap { $0 }
        recovery.rewrittenBytes = chunks.reduce(0) { $0 + $1.bytes.count }
        let generation = chain.generationMax + 1
        let header = BatchHeader(
            generation: generation,
            sequence: chain.sequenceMax + 1,
            durable: chain.durable,
            oldestGeneration: generation,
            previousChecksum: chain.batches.last?.header.checksum ?? 0
        )
        let batch = Batch(header, chunks, salt: superblock.salt)
        let (file, steps) = fresh(batch, files, chain, superblock)
        superblock.walFileCount = max(superblock.walFileCount, file.number)
        superblock.incarnation += 1
        superblock.bootID = identity.bootID
        superblock.nodeID = identity.nodeID
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
            free: files.filter { $0 != file },
            lastNumber: superblock.walFileCount,
            slots: groups.indices.filter { !tails[$0].isEmpty }
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
            for chunk in tails[place] { groups[place].append(chunk, generation: generation) }
            if !tails[place].isEmpty { groups[place].notedGeneration = generation }
            groups[place].advance(commit: committed[place])
        }
    }

    private mutating func finish(
        _ superblock: Superblock,
        _ wal: WriteAheadLog
    ) -> (LogStore, Recovery) {
        var store = LogStore(superblock: superblock, options: options, wal: wal)
        for place in groups.indices {
            let group = groups[place]
            store.slots[group.id] = place
            store.unflushedBytes += tails[place].reduce(0) { $0 + $1.bytes.count }
            guard group.recovery == nil else { continue }
            recovery.groups.append(Self.describe(group, tails[place]))
        }
        store.groups = groups
        for slot in groups.indices { store.noteFlushable(slot) }
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

    private func attempt<Value>(
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
