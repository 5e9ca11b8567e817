import WiberBase
import WiberRaft
import WiberSubject
import WiberTopic
import WiberWire

/// Messages that go because somebody asked for it: decided by the leader, as retention is.
extension ShardCore {
    /// The most people that wait for a topic's messages to go.
    private static let purgesMax = 64

    /// Takes a command for a topic's messages, as its leader.
    func takePurge(_ bytes: [UInt8], _ slot: Int, _ origin: CommandOrigin) {
        guard let command = try? TopicCommand.decode(bytes) else {
            let text = "the leader does not know this command; it may run an older version"
            return answer(origin, .refused, text: text)
        }
        if case .importBlock(let block) = command { return takeImport(block, slot, origin) }
        guard shutdown == nil, fullDisk?.isOnlyLow ?? true, groups[slot].raft?.refusal == nil,
            groups[slot].purges.count < Self.purgesMax
        else { return answer(origin, .notNow) }
        seal(slot)
        if let text = refusal(of: command, slot) { return answer(origin, .refused, text: text) }
        counters.purges += 1
        groups[slot].purges.append(PurgeTask(origin: origin, work: work(for: command, slot)))
        advancePurges(slot)
        answerPurges(slot)
        nextSweep = time.now
    }

    private func refusal(of command: TopicCommand, _ slot: Int) -> String? {
        guard !groups[slot].configuration.isRestoring else {
            return
                "topic \(groups[slot].configuration.name) is being restored; let `wiber restore` end, or"
                + " delete the topic"
        }
        let isKept = groups[slot].topic.reachesFloor(command)
        switch command {
        case .purge, .keep: return isKept ? keptText(slot) : nil
        case .importBlock: return nil
        case .remove(let sequence):
            guard !groups[slot].topic.isLive(sequence) else {
                return isKept ? keptText(slot) : nil
            }
            return
                "there is no message \(sequence) in topic \(groups[slot].configuration.name); it may"
                + " have gone before"
        case .erase(let sequence):
            guard level >= .erase else {
                return
                    "erasing needs feature level \(FeatureLevel.erase), and the cluster is at \(level);"
                    + " `wiber cluster status` says what the level waits for"
            }
            guard sequence == .zero || sequence >= groups[slot].topic.tail.nextSequence else {
                return isKept ? keptText(slot) : nil
            }
            return
                "there was never a message \(sequence) in topic \(groups[slot].configuration.name)"
        case .purgeSubject(let purge):
            let isValid = purge.pattern.withUnsafeBytes { Subject.isValid($0) }
            guard isValid else {
                return "this is no subject; tokens stand between dots, as in orders.*.paid"
            }
            return isKept ? keptText(slot) : nil
        }
    }

    private func keptText(_ slot: Int) -> String {
        let topic = groups[slot].configuration
        let floor = topic.keepFrom ?? 0
        return
            "topic \(topic.name) keeps its messages from \(floor) on, and nothing was removed; purge with"
            + " --before \(floor) at most, or give `wiber topic update \(topic.name) --keep-from none` first"
    }

    private func work(for command: TopicCommand, _ slot: Int) -> PurgeTask.Work {
        switch command {
        case .purge, .keep, .importBlock: return .front(groups[slot].topic.purge(command))
        case .remove(let sequence): return .message(sequence, isRead: false)
        case .erase(let sequence): return .erasure(sequence, .waiting)
        case .purgeSubject(var purge):
            // What is published from now on is not meant.
            purge.before = min(purge.before, groups[slot].topic.tail.nextSequence)
            groups[slot].topic.askForIndex()
            return .subject(purge, SubjectPurge.Progress())
        }
    }

    /// Goes on with what somebody asked for, as the leader.
    func advancePurges(_ slot: Int) {
        guard groups[slot].isLeader, !groups[slot].purges.isEmpty else { return }
        if groups[slot].topic.isIndexTooLarge { refuseSubjectPurges(slot) }
        refuseKeptPurges(slot)
        for place in groups[slot].purges.indices {
            switch groups[slot].purges[place].work {
            case .front: break
            case .message(let sequence, let isRead):
                guard !isRead, groups[slot].topic.isLive(sequence) else { continue }
                switch self.place(of: sequence, slot) {
                case .chunk(let chunk): remove(sequence, slot, from: [chunk])
                case .plan(let plan):
                    groups[slot].purges[place].work = .message(sequence, isRead: true)
                    _ = startRead(plan, for: .removal(groups[slot].id, sequence))
                case .gap, .end: break  // It is not committed yet.
                }
            case .erasure(let sequence, let stage):
                guard stage == .waiting else { continue }
                groups[slot].purges[place].work = .erasure(sequence, advance(sequence, slot))
            case .subject(let purge, var progress):
                guard !progress.isDecided else { continue }
                groups[slot].topic.purge(purge, &progress)
                groups[slot].purges[place].work = .subject(purge, progress)
            }
        }
    }

    /// Goes on with a message that shall be erased, whether it is there or gone.
    private func advance(_ sequence: Sequence, _ slot: Int) -> PurgeTask.Erasing {
        var length: UInt32 = 0
        if groups[slot].topic.isLive(sequence) {
            switch place(of: sequence, slot) {
            case .chunk(let chunk):
                guard let found = TopicState.length(of: sequence, in: chunk) else {
                    return .waiting
                }
                length = found
            case .plan(let plan):
                _ = startRead(plan, for: .removal(groups[slot].id, sequence))
                return .reading
            case .gap, .end: return .waiting  // It is not committed yet.
            }
        }
        groups[slot].topic.erase(sequence, length: length)
        return .decided
    }

    /// The index that was asked for has no room.
    private func refuseSubjectPurges(_ slot: Int) {
        let tasks = groups[slot].purges
        groups[slot].purges = tasks.filter { !$0.isBySubject }
        let text =
            "the subjects of the topic's messages need more than the \(subjectBudget.limit) bytes that a node"
            + " has for them; purge by sequence, with --before or --keep"
        for task in tasks where task.isBySubject { answer(task.origin, .refused, text: text) }
    }

    /// A floor that came after a purge had begun keeps what that has not taken yet.
    private func refuseKeptPurges(_ slot: Int) {
        let tasks = groups[slot].purges
        func isKept(_ task: PurgeTask) -> Bool {
            guard case .front(let target) = task.work else { return false }
            return groups[slot].topic.reachesFloor(.purge(before: target))
        }
        let kept = tasks.filter(isKept)
        guard !kept.isEmpty else { return }
        groups[slot].purges = tasks.filter { !isKept($0) }
        groups[slot].topic.endPurge()
        for task in groups[slot].purges {
            guard case .front(let target) = task.work else { continue }
            _ = groups[slot].topic.purge(.purge(before: target))
        }
        for task in kept { answer(task.origin, .refused, text: keptText(slot)) }
    }

    private func remove(_ sequence: Sequence, _ slot: Int, from chunks: [Chunk]) {
        for chunk in chunks {
            guard let length = TopicState.length(of: sequence, in: chunk) else { continue }
            groups[slot].topic.remove(sequence, length: length)
        }
    }

    /// The message that shall go was read, or could not be.
    func finishRemovalRead(_ group: GroupID, _ sequence: Sequence, _ chunks: [Chunk]) {
        guard let slot = slotOfGroup[group] else { return }
        for place in groups[slot].purges.indices {
            switch groups[slot].purges[place].work {
            case .message(sequence, true):
                groups[slot].purges[place].work = .message(sequence, isRead: false)
                if groups[slot].isLeader { remove(sequence, slot, from: chunks) }
            case .erasure(sequence, .reading):
                groups[slot].purges[place].work = .erasure(sequence, .waiting)
                let lengths = chunks.compactMap { TopicState.length(of: sequence, in: $0) }
                guard groups[slot].isLeader, let length = lengths.first else { continue }
                groups[slot].topic.erase(sequence, length: length)
                groups[slot].purges[place].work = .erasure(sequence, .decided)
            case .front, .message, .erasure, .subject: continue
            }
        }
    }

    /// Tells those whose messages are gone.
    func answerPurges(_ slot: Int) {
        guard !groups[slot].purges.isEmpty, groups[slot].isLeader else { return }
        let tasks = groups[slot].purges
        let done = tasks.filter { isDone($0, slot) }
        guard !done.isEmpty else { return }
        groups[slot].purges = tasks.filter { !isDone($0, slot) }
        for purge in done { answer(purge.origin, .done, at: groups[slot].applied) }
    }

    private func isDone(_ purge: PurgeTask, _ slot: Int) -> Bool {
        let topic = groups[slot].topic
        switch purge.work {
        case .front(let target): return target <= topic.firstSequence
        case .message(let sequence, _):
            return topic.isRemoved(sequence)
        case .erasure(let sequence, let stage):
            return stage == .decided && !topic.isErasureOpen(sequence)
        case .subject(_, let progress):
            return progress.isDecided && topic.isRemoved(progress.last)
        }
    }

    /// Another node leads now, and was not asked.
    func failPurges(_ slot: Int) {
        groups[slot].topic.endPurge()
        let waiting = groups[slot].purges
        groups[slot].purges = []
        for purge in waiting { answer(purge.origin, .unknown) }
    }
}
