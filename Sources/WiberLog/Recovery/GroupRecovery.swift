public import WiberBase

/// Reads a group's segments again after a repair; runs on a read thread.
///
/// A group whose segments are damaged at a start is *impaired*: it is not in use, and what its
/// write-ahead log holds stays there, until this finds all of it intact.
public struct GroupRecovery: Sendable {
    let slot: GroupSlot
    let hard: HardSlot
    let limit: LogIndex?
    let sparseInterval: Int

    /// What was found, intact from the first entry to the last.
    public struct Outcome: Sendable {
        let segments: RecoveredSegments
    }

    /// The group.
    public var group: GroupID { slot.group }

    /// Reads all that must be there; cuts what the write-ahead log has durably, too.
    ///
    /// - Throws: ``LogError/damaged(_:)`` with the first damage and its cure, if there is one; or
    ///   ``LogError/disk(_:)``: the process has to end.
    public func run(on disk: any Disk) throws(LogError) -> Outcome {
        let outcome = try read(disk)
        do throws(DiskError) {
            for cut in outcome.segments.cuts { try cut.run(on: disk) }
        } catch {
            throw .disk(error)
        }
        return outcome
    }

    /// The same without the cuts.
    func read(_ disk: any Disk) throws(LogError) -> Outcome {
        var recovery = SegmentRecovery(
            disk,
            group: slot,
            hard: hard,
            limit: limit,
            sparseInterval: sparseInterval
        )
        try recovery.run()
        return Outcome(segments: recovery.result)
    }

    /// Puts right what follows from what is intact, and reads again, at a start.
    ///
    /// - Throws: ``LogError/damaged(_:)`` with the first damage that needs other replicas, or that
    ///   has no cure.
    func readRepairing(
        _ disk: any Disk,
        _ note: (Damage) -> Void
    ) throws(LogError) -> Outcome {
        var last: Damage?
        while true {
            do throws(LogError) {
                return try read(disk)
            } catch .damaged(let list) {
                guard let damage = list.first, case .bytes(_, let offset, let bytes)? = damage.cure
                else { throw .damaged(list) }
                guard damage != last else {
                    let what = "\(damage.what), and what was written there is not kept"
                    throw .damaged([Damage(path: damage.path, offset: offset, what: what)])
                }
                last = damage
                try write(bytes, damage.path, at: offset, on: disk)
                note(damage)
            }
        }
    }

    private func write(
        _ bytes: [UInt8],
        _ path: String,
        at offset: Int,
        on disk: any Disk
    ) throws(LogError) {
        let steps = PendingRepair.steps(path: path, offset: offset, bytes: bytes)
        do throws(DiskError) {
            for step in steps { try step.run(on: disk) }
        } catch {
            throw .disk(error)
        }
    }
}

extension GroupLog {
    /// The last entry that an impaired group had in segments.
    static func lastInSegments(_ hard: HardSlot, _ limit: LogIndex?) -> LogIndex {
        limit?.previous ?? hard.segmentEnd
    }

    /// An impaired group: its tail is in memory and pinned, nothing else is known.
    static func impaired(_ number: Int, _ recovery: GroupRecovery) -> GroupLog {
        var group = GroupLog(number: number, slot: recovery.slot, hard: recovery.hard)
        var stub = RecoveredSegments()
        let last = lastInSegments(recovery.hard, recovery.limit)
        stub.base = EntryID(index: last, term: .zero)
        stub.last = stub.base
        group.restore(stub)
        group.recovery = recovery
        return group
    }
}

extension LogStore {
    /// Groups that are not in use until their segments and the end of their log are repaired, in
    /// ascending order.
    public var impairedGroups: [GroupID] {
        groups.filter { $0.isImpaired && $0.removal == nil }.map(\.id).sorted()
    }

    /// Whether a group is not in use until it is repaired.
    public func isImpaired(_ group: GroupID) -> Bool {
        slots[group].map { groups[$0].isImpaired } ?? false
    }

    /// How to read an impaired group's segments again; `nil` if they are sound.
    public func recovery(of group: GroupID) -> GroupRecovery? {
        slots[group].flatMap { groups[$0].recovery }
    }

    /// Takes a group into use whose segments are intact again, unless the end of its log is not.
    ///
    /// - Returns: What a start would have said about it; `nil` if it still lacks entries.
    public mutating func heal(_ group: GroupID, _ outcome: GroupRecovery.Outcome) -> Recovery.Group?
    {
        guard let slot = slots[group], groups[slot].recovery != nil, groups[slot].install == nil,
            groups[slot].removal == nil
        else { return nil }
        let stub = groups[slot]
        var healed = GroupLog(number: stub.number, slot: stub.slot, hard: stub.hard)
        healed.restore(outcome.segments)
        let needed = max(outcome.segments.committed, stub.hard.segmentEnd)
        if stub.wound != nil {
            healed.wound = stub.wound
            healed.wound?.needed = needed
            healed.notedGeneration = stub.notedGeneration
            groups[slot] = healed
            checkEnd(slot)
            return nil
        }
        let isContinued = stub.isEmpty || outcome.segments.last.index == stub.base.index
        let follows = stub.entries.first.map {
            $0.chunk.header.previousChecksum == healed.lastHeader?.checksum ?? 0
        }
        guard isContinued, follows ?? true,
            (stub.isEmpty ? healed.last.index : stub.last.index) >= needed
        else {
            return nil
        }
        var tail: [Chunk] = []
        for place in 0..<stub.entries.count {
            let entry = stub.entries[place]
            healed.append(entry.chunk, generation: entry.generation)
            tail.append(entry.chunk)
        }
        healed.notedGeneration = stub.notedGeneration
        healed.advance(commit: needed)
        groups[slot] = healed
        noteFlushable(slot)
        return LogOpening.describe(healed, tail)
    }
}
