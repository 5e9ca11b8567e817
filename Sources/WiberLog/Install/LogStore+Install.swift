public import WiberBase

/// Another replica's log takes the place of one that cannot go on.
extension LogStore {
    /// Whether a group's log is being replaced: it is not in use until
    /// ``LogCompletion/installed(_:through:)``.
    public func isInstalling(_ group: GroupID) -> Bool {
        slots[group].map { groups[$0].install != nil } ?? false
    }

    /// Begins to replace a group's log; nothing of it may be used any more.
    ///
    /// All that a sound group had appended is void: the caller knows that the log ends before the
    /// snapshot, or that its entries are not those before the snapshot; in both cases the snapshot
    /// has, or follows, all of it that is or can be committed. A suspect group stays suspect. A group
    /// with damaged segments keeps what is not damaged and not before the snapshot.
    ///
    /// - Returns: `false` if the group's log has what the snapshot has, or is being replaced.
    public mutating func install(_ snapshot: LogSnapshot) -> Bool {
        guard snapshot.header.group != .meta, let slot = slots[snapshot.header.group],
            let kind = installKind(snapshot, groups[slot])
        else { return false }
        if rewrite?.slot == slot { cancelRewrite() }
        forgetOverwrites(slot)
        groups[slot].install = Install(snapshot, kind, after: groups[slot].hard.epoch)
        if kind == .front { written.append(slot) } else { installs.append(slot) }
        return true
    }

    private func installKind(_ snapshot: LogSnapshot, _ log: GroupLog) -> Install.Kind? {
        let first = snapshot.entry.index
        guard log.install == nil, log.removal == nil, first > log.hard.logStart else {
            return nil
        }
        if log.recovery != nil {
            return first <= log.base.index ? .front : .segments
        }
        if let wound = log.wound {
            let isBehind = snapshot.previous.index > log.last.index
            return wound.isSuspect && wound.rows.isEmpty && isBehind ? .suspect : nil
        }
        return first > log.commit || Mutant.snapshotTakenAnyway.isOn ? .whole : nil
    }

    /// What the flush thread writes for logs that are being replaced.
    mutating func takeInstalls() -> (steps: [DiskStep], slots: [Int]) {
        let slots = installs
        installs = []
        return (slots.flatMap { groups[$0].install?.steps(groups[$0].slot) ?? [] }, slots)
    }

    /// Puts new logs in the place of the old ones, in memory and with the next hard slots.
    ///
    /// What the queue still has of an old one is left out, as what was truncated is.
    mutating func takeWritten() -> [Int] {
        let switched = written
        written = []
        for slot in switched {
            guard var install = groups[slot].install else { continue }
            let old = groups[slot]
            if install.kind != .front {
                install.removals = old.closed.map(\.path) + (old.active.map { [$0.path] } ?? [])
                dirtyFiles.subtract(install.removals)
                leaving.add(old.closed)
                if let active = old.active { leaving.add(active.path, active.end) }
            }
            groups[slot] = old.replaced(by: install, voidedThrough: wal.sequence, options)
            unflushedBytes += groups[slot].unflushedBytes - old.unflushedBytes
            retainedBytes += groups[slot].retainedBytes - old.retainedBytes
            changedEnds.insert(slot)
        }
        return switched
    }

    /// What a job that replaces logs makes durable.
    func completions(ofInstalls slots: [Int]) -> [LogCompletion] {
        slots.map { slot in
            let isWhole = groups[slot].install?.kind == .whole
            return .installed(groups[slot].id, through: isWhole ? groups[slot].last : nil)
        }
    }

    /// New logs are in force; the files of the old ones go.
    mutating func installed(_ slots: [Int]) {
        for slot in slots {
            removals += groups[slot].install?.removals ?? []
            groups[slot].install = nil
            counters.installs += 1
            noteFlushable(slot)
        }
    }
}
