import WiberBase
import WiberLog
import WiberWire

/// What is done for a group whose log has lost its end.
struct WoundTask {
    /// The answer that is awaited.
    var request: UInt64?
    var askedAt = Instant.zero
    /// When the next node may be asked.
    var nextAsk: Instant
    /// How often nodes were asked since something came.
    var asked = 0
    /// Everything up to here was committed when this process had started, as a leader says that was
    /// elected without this replica's help.
    var barrier: LogIndex?
    /// The log begins anew after its segments.
    var isExtending = false
    /// When something came last, or when its absence was reported.
    var since: Instant

    init(at now: Instant) {
        nextAsk = now
        since = now
    }
}

/// Groups whose write-ahead log was damaged (rules.md 4 and 5): silent until they are whole again.
///
/// Lost entries with a name are put back as they were, by whoever has them, committed or not; so
/// replicas that are damaged in different places heal each other without a leader. What cannot be
/// put back, or has no name, makes the group suspect: then its log must hold all that a leader
/// has committed after this process greeted it. The leader forgets at the greeting what
/// the process before had acknowledged, so nothing can be committed later by such a word.
extension ShardCore {
    /// The most lost entries that are asked for at once.
    private static let lostEntriesMax = 64

    func wound(awaiting request: UInt64) -> GroupID? {
        wounds.first { $0.value.request == request }?.key
    }

    func sweepWounds() {
        for group in wounds.keys.sorted() {
            guard let task = wounds[group] else { continue }
            guard store.isImpaired(group) else {
                wounds[group] = nil
                continue
            }
            if task.request != nil, time.now.since(task.askedAt) > limits.repairAnswerWait {
                wounds[group]?.request = nil
            }
            if time.now.since(task.since) > limits.repairWait { reportWound(group) }
            treat(group)
        }
    }

    private func reportWound(_ group: GroupID) {
        wounds[group]?.since = time.now
        let facts = [("group", "\(group)"), ("lost", "\(store.lostEntries(group, max: 8).count)")]
        trace(.error, "a group waits for entries that no node that is up has", facts)
    }

    /// Does the next thing for a group, unless an answer is due.
    private func treat(_ group: GroupID) {
        guard let task = wounds[group], task.request == nil, task.nextAsk <= time.now,
            store.recovery(of: group) == nil, !store.isInstalling(group)
        else { return }
        if task.isExtending {
            extend(group, task)
        } else if let holder = nextHolder(group) {
            if store.isSuspect(group) || task.asked % 3 == 2 {
                askBarrier(group, holder)
            } else {
                askLost(group, holder, isCommitted: task.asked % 3 == 1)
            }
        }
    }

    /// The node to ask; there is a pause after each round.
    private func nextHolder(_ group: GroupID) -> Int? {
        let holders = holders(of: group)
        guard let task = wounds[group], !holders.isEmpty else {
            wounds[group]?.nextAsk = time.now + limits.repairPause
            return nil
        }
        let place = store.isSuspect(group) ? task.asked : task.asked / 3
        wounds[group]?.asked += 1
        if (place + 1) % holders.count == 0 {
            wounds[group]?.nextAsk = time.now + limits.repairPause
        }
        return holders[place % holders.count]
    }

    private func sent(_ group: GroupID, _ request: UInt64) {
        wounds[group]?.request = request
        wounds[group]?.askedAt = time.now
    }

    /// Asks for lost entries by their names, or for what is committed in their place.
    private func askLost(_ group: GroupID, _ holder: Int, isCommitted: Bool) {
        let lost = store.lostEntries(group, max: Self.lostEntriesMax)
        guard let first = lost.first, let last = lost.last else { return }
        let request = token()
        sent(group, request)
        guard !isCommitted else {
            return askCommitted(group, first.index, last.index, request, holder)
        }
        let entries = lost.map {
            LostEntriesRequest.Entry(index: $0.index, term: $0.term, checksum: $0.checksum)
        }
        sendFrame(
            .lostEntriesRequest(
                LostEntriesRequest(request: request, group: group, entries: entries)
            ),
            to: holder
        )
    }

    private func askCommitted(
        _ group: GroupID,
        _ first: LogIndex,
        _ last: LogIndex,
        _ request: UInt64,
        _ holder: Int
    ) {
        sendFrame(
            .repairRequest(
                RepairRequest(
                    request: request,
                    group: group,
                    first: first,
                    last: last,
                    byteBudget: UInt32(RepairTask.byteBudget)
                )
            ),
            to: holder
        )
    }

    private func askBarrier(_ group: GroupID, _ holder: Int) {
        let request = token()
        sent(group, request)
        sendFrame(
            .readIndexRequest(ReadIndexRequest(request: request, group: group)),
            to: holder
        )
    }

    /// A leader has said how far the log is committed, or a node that it does not lead.
    func barrierReply(_ group: GroupID, _ index: LogIndex?) {
        wounds[group]?.request = nil
        if let index, wounds[group]?.isExtending == false, store.distrust(group) {
            let needed = store.neededIndex(group)
            wounds[group]?.barrier = Mutant.barrierSkipped.isOn ? needed : max(index, needed)
            wounds[group]?.isExtending = true
            wounds[group]?.asked = 0
            wounds[group]?.nextAsk = time.now
            trace(
                .warning,
                "the end of a log is fetched anew",
                [("group", "\(group)"), ("through", "\(index)")]
            )
        }
        treat(group)
    }

    /// Fetches committed entries up to the barrier; then the group is whole.
    private func extend(_ group: GroupID, _ task: WoundTask) {
        guard let barrier = task.barrier else { return }
        let last = store.lastIndex(group) ?? store.firstIndexInMemory(group).previous
        if last >= barrier {
            _ = store.trust(group)  // Until all of it is durable: at one of the next sweeps.
        } else if !store.mustWait(group), let holder = nextHolder(group) {
            let request = token()
            sent(group, request)
            askCommitted(group, last.next, barrier, request, holder)
        }
    }

    /// Entries came, or none.
    func woundReply(_ group: GroupID, _ chunks: [Chunk]) {
        wounds[group]?.request = nil
        var count = 0
        if wounds[group]?.isExtending == true, let barrier = wounds[group]?.barrier {
            count = store.extend(group, chunks, through: barrier)
        } else {
            for chunk in chunks where store.fill(group, chunk) { count += 1 }
        }
        if count > 0 {
            counters.repairs += UInt64(count)
            wounds[group]?.since = time.now
            wounds[group]?.nextAsk = time.now
        }
        treat(group)
    }

    /// All of a group's log is durable again.
    func noteWhole(_ group: GroupID) {
        wounds[group] = nil
        guard let summary = store.describe(group) else { return }
        counters.groupsHealed += 1
        trace(.info, "group repaired", [("group", "\(group)"), ("last", "\(summary.last)")])
        recoveredGroups.removeAll { $0.id == group }
        recoveredGroups.append(summary)
    }

    /// A group that is whole is taken into use as at any start.
    func becameWhole(_ group: GroupID) {
        if let slot = slotOfGroup[group] { activate(slot) }
    }
}
