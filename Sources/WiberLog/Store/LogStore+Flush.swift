public import WiberBase

extension LogStore {
    /// The most files that are made durable one by one; above it the file system is (rule 8).
    static let syncedFilesMax = 64

    /// What a flush is made of, while it is made.
    private struct Parts {
        var steps: [DiskStep] = []
        var parts: [FlushJob.Part] = []
        var bytes = 0
        /// How far each group's segments reach once this has run.
        var flushed: [Int: LogIndex] = [:]
    }

    /// Work for the flush thread; `nil` if there is none or a flush is out.
    public mutating func nextFlush() -> FlushJob? {
        guard flushInFlight == nil else { return nil }
        var parts = Parts()
        takeDue(&parts)
        takePinning(&parts)
        let released = countReleasable(parts)
        let isSync = released > 0 || isSyncRequested && due.isEmpty && hasDirt(parts)
        if isSync { addSyncs(&parts) }
        if due.isEmpty { isSyncRequested = false }
        let prepared = prepareFile(&parts)
        let removed = self.removals
        parts.steps += removed.map(DiskStep.remove)
        self.removals = []
        let overwrite = takeOverwrite()
        parts.steps += overwrite?.steps ?? []
        let repairs = takeRepairs()
        let rewrite = takeRewrite()
        parts.steps += repairs.steps + rewrite.steps
        let installs = takeInstalls()
        let discarded = takeDiscarded()
        parts.steps += installs.steps + discarded.steps
        let removals = (ending: takeEnding(), gone: discarded.slots)
        guard
            !parts.steps.isEmpty || released > 0 || !repairs.tokens.isEmpty
                || !removals.ending.isEmpty
        else { return nil }
        let number = nextFlushNumber
        nextFlushNumber += 1
        flushInFlight = number
        return FlushJob(
            number: number,
            steps: parts.steps,
            parts: parts.parts,
            isSync: isSync,
            released: released,
            prepared: prepared,
            repaired: repairs.tokens,
            installs: installs.slots,
            removals: removals,
            removed: removed,
            rewrite: rewrite.step,
            overwrite: overwrite
        )
    }

    /// Takes a flush back that has run.
    public mutating func complete(_ job: FlushJob) {
        invariant(job.number == flushInFlight, "flush \(job.number) is not out")
        flushInFlight = nil
        leaving.remove(job.removed)
        for part in job.parts {
            groups[part.slot].noteFlushed(through: part.through, bytes: part.bytes)
            groups[part.slot].closed += part.closed
            groups[part.slot].active = part.active
            groups[part.slot].configuration = part.configuration
            unflushedBytes -= part.bytes
            retainedBytes += part.bytes
            retained.append((part.slot, part.through))
            noteFlushable(part.slot)
        }
        evict()
        if job.isSync { noteSynced() }
        written += job.installs
        ended += job.removals.ending
        noteDiscarded(job.removals.gone)
        noteRewritten(job.rewrite)
        noteOverwritten(job.overwrite)
        wal.release(job.released)
        if let file = job.prepared {
            wal.addFree(file)
            isPreparing = false
        }
        counters.flushes += job.parts.isEmpty ? 0 : 1
        counters.flushedBytes += UInt64(job.byteCount)
        counters.syncs += job.isSync ? 1 : 0
    }

    /// Removes the segments whose messages and entries all lie below the given ones.
    ///
    /// Whole files only, from the front, durable successors only; never the newest.
    public mutating func trim(_ group: GroupID, below sequence: Sequence, index: LogIndex) {
        let slot = known(group)
        let synced = groups[slot].synced
        var count = 0
        for segment in groups[slot].closed {
            let trailer = segment.trailer
            guard trailer.lastIndex < index, trailer.nextSequence <= sequence,
                trailer.lastIndex < synced
            else { break }
            count += 1
        }
        if groups[slot].active == nil, count == groups[slot].closed.count { count -= 1 }
        guard count > 0 else { return }
        let gone = groups[slot].closed.prefix(count)
        guard let last = gone.last?.trailer.last else { return }
        removalsAfterJob += gone.map(\.path)
        leaving.add(gone)
        overwriting.formUnion(unerased(gone, of: slot))
        groups[slot].trim(through: last, count: count)
        groups[slot].hard.logStart = last.index.next
        changedEnds.insert(slot)
    }

    private mutating func takeDue(_ parts: inout Parts) {
        let slots = due
        due = []
        for slot in slots {
            guard parts.bytes < options.flushTarget else {
                due.append(slot)
                continue
            }
            groups[slot].isDue = false
            addPart(slot, &parts)
        }
    }

    /// Flushes what keeps the oldest full write-ahead log file from being used again.
    private mutating func takePinning(_ parts: inout Parts) {
        guard let oldest = wal.full.first else { return }
        for slot in oldest.slots where parts.bytes < options.flushTarget {
            guard parts.flushed[slot] == nil,
                groups[slot].isPinning(oldest.generation, flushedThrough: groups[slot].flushed)
            else { continue }
            addPart(slot, &parts)
        }
    }

    /// How many of the oldest full files nothing needs once these parts are written and synced.
    private func countReleasable(_ parts: Parts) -> Int {
        var count = 0
        for used in wal.full {
            let isPinned = used.slots.contains { slot in
                let flushed = parts.flushed[slot] ?? groups[slot].flushed
                return groups[slot].isPinning(used.generation, flushedThrough: flushed)
            }
            guard !isPinned else { break }
            count += 1
        }
        return count
    }

    /// Plans the writes of one group's committed entries, a few MiB at most.
    private mutating func addPart(_ slot: Int, _ parts: inout Parts) {
        let group = groups[slot]
        guard group.flushable > group.flushed, group.install == nil, group.removal == nil else {
            return
        }
        var plan = SegmentPlan(group, options)
        var index = group.flushed.next
        while index <= group.flushable, plan.bytes < options.flushTarget,
            let entry = group.entry(at: index)
        {
            plan.add(entry.chunk)
            index = index.next
        }
        guard let part = plan.finish(slot: slot) else { return }
        parts.steps += plan.steps
        parts.parts.append(part)
        parts.bytes += part.bytes
        parts.flushed[slot] = part.through
        dirtyFiles.formUnion(plan.files)
        dirtyDirectories.formUnion(plan.directories)
        dirtySlots.insert(slot)
        if part.through < group.flushable { addDue(slot) }
    }

    private func hasDirt(_ parts: Parts) -> Bool { !dirtyFiles.isEmpty || !parts.parts.isEmpty }

    private mutating func addSyncs(_ parts: inout Parts) {
        if Mutant.segmentsNotSynced.isOn { return }
        if dirtyFiles.count > Self.syncedFilesMax {
            parts.steps.append(.syncAll)
        } else {
            parts.steps += dirtyFiles.sorted().map(DiskStep.sync)
        }
        parts.steps += dirtyDirectories.sorted().map(DiskStep.syncDirectory)
        dirtyFiles = []
        dirtyDirectories = []
    }

    /// Makes the next write-ahead log file while the one in use fills (rule 8).
    private mutating func prepareFile(_ parts: inout Parts) -> WALFile? {
        guard wal.free.isEmpty, wal.releasing.isEmpty, !isPreparing, wal.overwriting.isEmpty else {
            return nil
        }
        let file = wal.newFile(size: options.walFileSize)
        parts.steps += file.creationSteps(salt: wal.salt)
        isPreparing = true
        return file
    }

    /// Segments are durable up to where they reach now; their groups' hard slots will say so.
    private mutating func noteSynced() {
        for slot in dirtySlots.sorted() {
            groups[slot].synced = groups[slot].flushed
            guard groups[slot].hard.segmentEnd < groups[slot].flushed else { continue }
            groups[slot].hard.segmentEnd = groups[slot].flushed
            changedEnds.insert(slot)
        }
        dirtySlots = []
    }

    private mutating func evict() {
        while retainedBytes > options.retainedBytes, let (slot, through) = retained.popFirst() {
            retainedBytes -= groups[slot].evict(
                through: through,
                lastChunkMax: options.lastChunkMax
            )
        }
    }
}
