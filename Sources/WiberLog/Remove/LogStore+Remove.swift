public import WiberBase

/// Replicas that leave this node: because their topic is deleted, or held elsewhere.
///
/// One write of the group's hard slot says that there is no log; before it all is as it was, after
/// it a start finds nothing to miss. Files go later, when the caller says so.
extension LogStore {
    /// Begins to remove a replica; nothing of it may be used any more.
    ///
    /// ``LogCompletion/removed(_:)`` follows.
    ///
    /// - Parameters:
    ///   - group: Not meta.
    ///   - since: The meta entry that takes the group away; an older one than the last that was
    ///     carried out changes nothing.
    /// - Returns: `false` if that cannot begin now, because the group's log is being replaced.
    public mutating func remove(_ group: GroupID, since: LogIndex) -> Bool {
        guard group != .meta, let slot = slots[group], groups[slot].removal == nil,
            groups[slot].slot.since <= since || Mutant.oldDecisionCarriedOut.isOn
        else { return true }
        guard groups[slot].install == nil else { return false }
        if rewrite?.slot == slot { cancelRewrite() }
        forgetOverwrites(slot)
        groups[slot].removal = .ending
        groups[slot].slot.since = since
        ending.append(slot)
        return true
    }

    /// Groups that have no log here any more, and whose files may still be there.
    public var removedGroups: [GroupID] {
        groups.filter { $0.removal == .marked }.map(\.id).sorted()
    }

    /// The last meta entry that brought a group here or took it away, and was carried out.
    public func placement(of group: GroupID) -> LogIndex {
        slots[group].map { groups[$0].slot.since } ?? .zero
    }

    /// Whether a replica is being removed, or was.
    public func isRemoved(_ group: GroupID) -> Bool {
        slots[group].map { groups[$0].removal != nil } ?? false
    }

    /// Removes the files of a group that has no log any more, with the next flush.
    public mutating func discard(_ group: GroupID) {
        guard let slot = slots[group], groups[slot].removal == .marked else { return }
        groups[slot].removal = .discarding
        discarded.append(slot)
    }

    /// Begins a group anew that was here before, with the term and vote of that time.
    ///
    /// - Returns: `false` while files of that time are there.
    mutating func revive(_ slot: Int, _ since: LogIndex) -> Bool {
        guard let removal = groups[slot].removal else { return true }
        guard removal == .gone, groups[slot].slot.since <= since else { return false }
        groups[slot].removal = nil
        groups[slot].hard.epoch = 0
        groups[slot].slot.since = since
        removedCount -= 1
        rewrite(slot)
        return true
    }

    /// Writes a group's record again, around its hard slot.
    private mutating func rewrite(_ slot: Int) {
        groups[slot].slot.generation += 1
        if !registrations.contains(slot) { registrations.append(slot) }
    }

    // MARK: Jobs

    /// Groups that no flush writes to from the next one on.
    mutating func takeEnding() -> [Int] {
        defer { ending = [] }
        return ending
    }

    /// Puts nothing in the place of logs that end, in memory and with the next hard slots.
    mutating func takeEnded() -> [LogCompletion] {
        defer { ended = [] }
        for slot in ended {
            let old = groups[slot]
            dirtyFiles.subtract(old.closed.map(\.path) + (old.active.map { [$0.path] } ?? []))
            dirtyDirectories.subtract([old.slot.directory(0), old.directory])
            dirtySlots.remove(slot)
            marks.removeAll { $0.slot == slot }
            healing.removeAll { $0 == slot }
            groups[slot] = old.removed(voidedThrough: wal.sequence)
            unflushedBytes -= old.unflushedBytes
            retainedBytes -= old.retainedBytes
            removedCount += 1
            rewrite(slot)
        }
        return ended.map { .removed(groups[$0].id) }
    }

    /// A job is done that says of a group that there is no log.
    mutating func noteRemoved(_ completions: [LogCompletion]) {
        for case .removed(let group) in completions {
            guard let slot = slots[group] else { continue }
            groups[slot].removal = .marked
            counters.removals += 1
        }
    }

    /// What removes files, a few groups' at a time.
    mutating func takeDiscarded() -> (steps: [DiskStep], slots: [Int]) {
        let slots = Array(discarded.prefix(16))
        discarded.removeFirst(slots.count)
        return (slots.flatMap { groups[$0].slot.discardSteps }, slots)
    }

    mutating func noteDiscarded(_ slots: [Int]) {
        for slot in slots {
            groups[slot].removal = .gone
            groups[slot].leftBytes = 0
        }
    }
}
