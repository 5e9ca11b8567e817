import WiberBase

extension LogStore {
    /// What a job is made of, while it is made.
    private struct Parts {
        var steps: [DiskStep] = []
        var completions: [LogCompletion] = []
        var records: [(slot: Int, id: EntryID)] = []
        var rows: [BatchRow] = []
        /// Groups whose marks are written (again), and groups that are whole afterwards.
        var marked: [Int] = []
        var healed: [Int] = []
        var installed: [Int] = []
        var payload = 0
        var generation: UInt64 = 0
        var hasBatch = false
        /// Whether a file that has room was left: a batch has to say so.
        var hasLeft = false
    }

    /// Everything that waits, as one job; `nil` if nothing waits or a job is out.
    public mutating func nextJob() -> LogJob? {
        guard jobInFlight == nil, hasWork else { return nil }
        var parts = Parts()
        let waiting = (marks, healing)
        takeLogs(&parts)
        let changed = ChangedLogs(installed: parts.installed, completions: parts.completions)
        takeMarks(&parts)
        takeHealed(&parts)
        takeReappends(&parts)
        let reappended = parts.rows.count
        let taken = countToTake(parts.payload)
        guard
            makeRoom(
                records: reappended + taken.count,
                payload: parts.payload + taken.bytes,
                &parts
            )
        else {
            (marks, healing) = waiting
            changedLogs = changed
            return nil
        }
        takeQueue(taken.count, &parts)
        // A feature level is durable ahead of all that needs it.
        takeSuperblock(&parts)
        takeHard(&parts)
        makeBatch(&parts)
        let number = nextJobNumber
        nextJobNumber += 1
        jobInFlight = number
        let released = wal.releasing.map(\.generation)
        defer { removalsAfterJob = [] }
        return LogJob(
            number: number,
            entryCount: parts.records.count,
            byteCount: parts.payload,
            steps: parts.steps,
            records: parts.records,
            generation: parts.generation,
            hasBatch: parts.hasBatch,
            marked: parts.marked,
            healed: parts.healed,
            installed: parts.installed,
            completions: parts.completions,
            released: released,
            removals: removalsAfterJob
        )
    }

    /// Takes a job back that has run; says what is durable now.
    public mutating func complete(_ job: LogJob) -> [LogCompletion] {
        invariant(job.number == jobInFlight, "job \(job.number) is not out")
        jobInFlight = nil
        if job.hasBatch { wal.completeBatch() }
        for (slot, id) in job.records {
            groups[slot].noteDurable(id, generation: job.generation)
            if groups[slot].commit >= id.index {
                groups[slot].updateFlushable()
                noteFlushable(slot)
            }
        }
        for slot in job.marked { groups[slot].wound?.generation = job.generation }
        healed(job.healed, generation: job.generation)
        installed(job.installed)
        noteRemoved(job.completions)
        if !isSuperblockChanged, job.completions.contains(.superblock) {
            durableLevel = superblock.level
        }
        wal.completeRelease(job.released)
        remove(job.removals)
        counters.jobs += 1
        counters.entries += UInt64(job.entryCount)
        counters.bytes += UInt64(job.byteCount)
        return job.completions
    }

    /// Whether something waits to be written to the log, or to what stands beside it.
    public var hasUnwritten: Bool {
        !queue.isEmpty || !changedHard.isEmpty || !registrations.isEmpty || isSuperblockChanged
    }

    private var hasWork: Bool {
        !queue.isEmpty || !changedHard.isEmpty || !changedEnds.isEmpty || !registrations.isEmpty
            || isSuperblockChanged || isSealRequested || !wal.releasing.isEmpty
            || !healing.isEmpty || !marks.isEmpty || !written.isEmpty || !ended.isEmpty
            || !pinnedByUncommitted.isEmpty || wal.mustRoll(for: BatchHeader.size)
    }

    /// Groups that keep the oldest full file from being used again by entries that cannot be
    /// flushed, because they are not committed.
    ///
    /// None before the full files hold twice what would be copied, and a file: so the copies cost
    /// at most about as much as the entries themselves, however much is not committed. But at once
    /// where the file is to be overwritten.
    private var pinnedByUncommitted: [Int] {
        guard let oldest = wal.full.first,
            wal.isStale(oldest.file)
                || wal.full.count > 1 && wal.fullBytes > options.walFileSize + 2 * unflushedBytes
        else { return [] }
        return oldest.slots.filter { slot in
            groups[slot].flushable == groups[slot].flushed
                && groups[slot].isPinning(oldest.generation, flushedThrough: groups[slot].flushed)
        }
    }

    /// Copies whole unflushed tails, first to last, so that their old file is free (rule 1).
    private mutating func takeReappends(_ parts: inout Parts) {
        for slot in pinnedByUncommitted where parts.payload < options.batchTarget {
            if groups[slot].wound != nil {
                guard !parts.healed.contains(slot) else { continue }
                parts.marked.append(slot)
                for row in woundRows(slot) { add(row, slot, &parts) }
                continue
            }
            var index = groups[slot].flushed.next
            while index <= groups[slot].durable, let entry = groups[slot].entry(at: index) {
                let isNewer = entry.generation > wal.oldestGeneration
                if !isNewer || !Mutant.tailCopiedInPart.isOn {
                    add(.entry(entry.chunk), slot, &parts)
                }
                index = index.next
            }
        }
    }

    /// Logs that take the place of others, of which nothing is written any more.
    private mutating func takeLogs(_ parts: inout Parts) {
        let installed = takeWritten()
        parts.installed = changedLogs.installed + installed
        parts.completions = changedLogs.completions + completions(ofInstalls: installed)
        parts.completions += takeEnded()
        changedLogs = ChangedLogs()
    }

    /// Words about groups go ahead of their entries.
    private mutating func takeMarks(_ parts: inout Parts) {
        for (slot, kind) in marks {
            add(.mark(RecordHeader(kind, groups[slot].id)), slot, &parts)
            if kind == .trusted {
                parts.healed.append(slot)
                parts.completions.append(.whole(groups[slot].id))
            } else {
                parts.marked.append(slot)
            }
        }
        marks = []
    }

    /// The end of a log from the first entry on that was lost, in one batch: a torn one changes
    /// nothing (rule 1).
    private mutating func takeHealed(_ parts: inout Parts) {
        for slot in healing {
            guard let wound = groups[slot].wound else { continue }
            for row in wound.rows where row.index >= wound.firstHole { add(row, slot, &parts) }
            parts.healed.append(slot)
            parts.completions.append(.whole(groups[slot].id))
        }
        healing = []
    }

    private func countToTake(_ payload: Int) -> (count: Int, bytes: Int) {
        var count = 0
        var bytes = 0
        while count < queue.count, count == 0 || payload + bytes < options.batchTarget {
            bytes += queue[count].chunk.bytes.count
            count += 1
        }
        return (count, bytes)
    }

    /// What a later append has truncated meanwhile is left out: after a tail that was appended
    /// again it would leave a gap.
    private mutating func takeQueue(_ count: Int, _ parts: inout Parts) {
        for _ in 0..<count {
            guard let pending = queue.popFirst() else { break }
            let id = pending.chunk.id
            let group = groups[pending.slot].id
            queuedBytes -= pending.chunk.bytes.count
            guard groups[pending.slot].entry(at: id.index)?.chunk.header.term == id.term else {
                continue
            }
            add(.entry(pending.chunk), pending.slot, &parts)
            let completion = LogCompletion.log(group, through: id.index, tag: pending.tag)
            if case .log(group, _, pending.tag)? = parts.completions.last {
                parts.completions[parts.completions.count - 1] = completion
            } else {
                parts.completions.append(completion)
            }
        }
        takenTotal += UInt64(count)
    }

    private func add(_ row: BatchRow, _ slot: Int, _ parts: inout Parts) {
        parts.rows.append(row)
        guard let chunk = row.chunk else { return }
        parts.records.append((slot, chunk.id))
        parts.payload += chunk.bytes.count
    }

    /// Goes to another file if the batch does not fit; `false` if that one is still being made.
    private mutating func makeRoom(records: Int, payload: Int, _ parts: inout Parts) -> Bool {
        let length = Batch.length(records: records, payload: payload)
        let hasRoom = wal.hasRoom(for: length)
        guard !hasRoom || wal.mustRoll(for: length) else { return true }
        var file = wal.takeFree(for: length)
        if file == nil {
            guard !isPreparing else { return false }
            let needed = WALFile.firstOffset + WALFile.padded(length)
            let made = wal.newFile(size: max(options.walFileSize, needed))
            parts.steps += made.creationSteps(salt: wal.salt)
            file = made
        }
        guard let file else { return false }
        wal.roll(to: file)
        parts.hasLeft = hasRoom
        if file.number > superblock.walFileCount {
            superblock.walFileCount = file.number
            isSuperblockChanged = true
        }
        return true
    }

    /// Hard states go ahead of the entries, so that a log never has a term above its hard state.
    private mutating func takeHard(_ parts: inout Parts) {
        var numbers = changedEnds.union(registrations)
        for (slot, position) in changedHard.sorted(by: { $0.key < $1.key })
        where position <= takenTotal {
            numbers.insert(slot)
            changedHard[slot] = nil
            let hard = groups[slot].hard
            parts.completions.append(
                .hardState(groups[slot].id, term: hard.term, votedFor: hard.votedFor)
            )
        }
        changedEnds = []
        var records: [(number: Int, record: HardSlot)] = []
        for slot in numbers.sorted() {
            groups[slot].hard.generation += 1
            records.append((slot, groups[slot].hard))
        }
        let opened = registrations.map { (number: $0, record: groups[$0].slot) }
        registrations = []
        parts.steps += GroupSlot.steps(opened, .first, path: GroupSlot.path)
        parts.steps +=
            Mutant.hardStateOnce.isOn
            ? HardSlot.steps(records, .first, path: HardSlot.path)
            : HardSlot.steps(records, path: HardSlot.path)
        parts.steps += GroupSlot.steps(opened, .second, path: GroupSlot.path)
    }

    private mutating func takeSuperblock(_ parts: inout Parts) {
        guard isSuperblockChanged else { return }
        isSuperblockChanged = false
        superblock.generation += 1
        parts.steps += Superblock.steps([(0, superblock)], path: Superblock.path)
        parts.completions.append(.superblock)
    }

    private mutating func makeBatch(_ parts: inout Parts) {
        guard
            !parts.rows.isEmpty || isSealRequested || !wal.releasing.isEmpty || parts.hasLeft
        else { return }
        isSealRequested = false
        let (step, generation) = wal.makeBatch(parts.rows)
        let slots = parts.records.map(\.slot) + parts.marked
        for slot in slots where groups[slot].notedGeneration != generation {
            groups[slot].notedGeneration = generation
            wal.note(slot: slot)
        }
        parts.steps += [step, .sync(path: wal.active.file.path)]
        parts.generation = generation
        parts.hasBatch = true
    }
}
