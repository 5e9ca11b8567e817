import WiberBase
import WiberLog
import WiberRaft
import WiberTopic
import WiberWire

/// Followers whose log ends before the leader's begins (Raft §7).
///
/// A snapshot is small: the log is the topic, what retention has removed is gone for good, and a
/// chunk's header says what the topic's state is. So it is the first entry of the leader's log, and
/// the rest comes as entries.
extension ShardCore {
    // MARK: Who has it

    /// Reads where the log begins, for a replica that lacks what is before.
    func sendSnapshot(_ slot: Int, to node: NodeID) {
        let node = node.node
        guard let place = place(of: node), peers[place].openLane != nil, peers[place].isWritable,
            time.now.since(peers[place].snapshotSentAt[groups[slot].id] ?? .zero)
                >= limits.snapshotPause,
            let raft = groups[slot].raft, let plan = store.snapshotPlan(groups[slot].id)
        else { return }
        peers[place].snapshotSentAt[groups[slot].id] = time.now
        startRead(plan, for: .snapshot(groups[slot].id, node, raft.currentTerm))
    }

    /// What was read: the configuration before the first entry, if there was one, and that entry.
    func finishSnapshotRead(
        _ group: GroupID,
        _ node: NodeID,
        _ term: Term,
        _ chunks: [Chunk]
    ) {
        guard let slot = slotOfGroup[group], groups[slot].raft?.currentTerm == term,
            let place = place(of: node),
            let first = chunks.last, first.header.index == store.firstIndex(group),
            let previousTerm = store.term(group, at: first.header.index.previous)
        else { return }
        counters.snapshotsSent += 1
        trace(
            .info,
            "a snapshot was sent",
            [
                ("topic", groups[slot].configuration.name), ("node", name(of: node)),
                ("first", "\(first.id)"),
            ]
        )
        sendFrame(
            .installSnapshot(
                InstallSnapshot(
                    group: group,
                    term: term,
                    previousTerm: previousTerm,
                    first: first.bytes,
                    configuration: chunks.count > 1 ? chunks[0].bytes : []
                )
            ),
            to: place
        )
    }

    // MARK: Who needs it

    func receiveSnapshot(_ message: InstallSnapshot, from node: NodeID) {
        guard let slot = slotOfGroup[message.group], groups[slot].wasActivated else {
            return
        }
        guard let snapshot = LogSnapshot(message) else {
            counters.badFrames += 1
            return trace(.warning, "a damaged snapshot was dropped", [("node", name(of: node))])
        }
        let raft = groups[slot].raft
        if let raft {
            guard raft.role != .leader, message.term >= raft.currentTerm else { return }
        }
        if !store.isImpaired(message.group) {
            // Also one that is not in use because it cannot read what is before the snapshot.
            replaceLog(slot, raft?.commitIndex ?? store.commitIndex(message.group), snapshot)
        } else if store.install(snapshot) {
            noteInstalling(slot, snapshot)
        }
    }

    private func replaceLog(_ slot: Int, _ commit: LogIndex, _ snapshot: LogSnapshot) {
        // Otherwise the leader's entries fit behind what is here.
        let own = store.term(groups[slot].id, at: snapshot.previous.index)
        let isNeeded =
            own != snapshot.previous.term && snapshot.previous.index >= commit
        guard isNeeded || Mutant.snapshotTakenAnyway.isOn else { return }
        guard store.install(snapshot) else {
            return trace(.error, "a snapshot was not taken", [("group", "\(groups[slot].id)")])
        }
        retire(slot)
        noteInstalling(slot, snapshot)
    }

    private func noteInstalling(_ slot: Int, _ snapshot: LogSnapshot) {
        trace(
            .info,
            "a log begins anew, with a snapshot",
            [("topic", groups[slot].configuration.name), ("first", "\(snapshot.entry)")]
        )
    }

    /// Takes a replica out of use; the node behaves as one without, until ``activate(_:)``.
    func retire(_ slot: Int) {
        failWaiters(slot)
        returnForwards(slot)
        let leader = groups[slot].leader
        groups[slot].raft = nil
        groups[slot].leaderHint = leader ?? groups[slot].replicas.first { $0.node != selfID }?.node
        groups[slot].stepCount &+= 1
        groups[slot].topic.truncated(from: LogIndex(1), last: nil)
        groups[slot].topic = TopicState(
            configuration: groups[slot].configuration,
            budget: dedupBudget,
            subjects: subjectBudget,
            deadlines: deadlineBudget
        )
        // The log that comes may have left behind what the old one did not know to be erased.
        groups[slot].erasures = level >= .erase ? [PendingErasure.ofLog] : []
        groups[slot].applied = .zero
        groups[slot].skippedTo = .zero
        groups[slot].replicatedTo = .zero
        groups[slot].frontReadToken = nil
        groups[slot].indexRead = nil
        groups[slot].isReadingLastID = false
        recoveredGroups.removeAll { $0.id == groups[slot].id }
    }

    /// A log begins with a snapshot, durably.
    func noteInstalled(_ group: GroupID) {
        counters.snapshotsInstalled += 1
        // What was damaged before it is no part of the log any more.
        for id in repairs.keys.sorted() {
            guard let task = repairs[id], task.group == group else { continue }
            repairs[id] = nil
            for read in task.waiters { readFailed(read.purpose) }
        }
        if store.recovery(of: group) != nil { return startRecovery(group) }
        guard let summary = store.describe(group) else {
            wounds[group]?.nextAsk = time.now
            return
        }
        wounds[group] = nil
        recoveredGroups.removeAll { $0.id == group }
        recoveredGroups.append(summary)
        if let slot = slotOfGroup[group] { activate(slot) }
    }
}

extension LogSnapshot {
    /// What a leader sent; `nil` if it is damaged.
    init?(_ message: InstallSnapshot) {
        guard let first = message.first.withUnsafeBytes({ try? Chunk.decode($0) }),
            first.bytes.count == message.first.count, first.header.group == message.group
        else { return nil }
        var configuration: Chunk?
        if !message.configuration.isEmpty {
            configuration = message.configuration.withUnsafeBytes { try? Chunk.decode($0) }
            guard configuration?.bytes.count == message.configuration.count else { return nil }
        }
        self.init(first: first, previousTerm: message.previousTerm, configuration: configuration)
    }
}
