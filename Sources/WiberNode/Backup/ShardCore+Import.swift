import WiberBackup
import WiberBase
import WiberLog
import WiberRaft
import WiberTopic
import WiberWire

/// Blocks of a backup, taken by the leader of the topic that is being restored: one at a time, each
/// answered once it is committed. What the topic has already is passed over, so that a block may be
/// given again.
extension ShardCore {
    /// The most chunks of a turn.
    private static let importedChunksMax = 64

    /// Takes a block, as the topic's leader.
    func takeImport(_ bytes: [UInt8], _ slot: Int, _ origin: CommandOrigin) {
        let name = groups[slot].configuration.name
        guard groups[slot].configuration.isRestoring else {
            return answer(origin, .refused, text: ImportError.notRestoring.text(name))
        }
        guard mayImport(slot), groups[slot].importTask == nil else {
            return answer(origin, .notNow)
        }
        let task: ImportTask
        do throws(BackupError) {
            task = try importTask(try Block.decode(bytes[...]), slot, origin)
        } catch {
            return answer(origin, .refused, text: "\(error)")
        }
        if let text = refusal(of: task, slot) { return answer(origin, .refused, text: text) }
        groups[slot].importTask = task
        counters.importedBlocks += 1
        markDirty(slot)
    }

    private func importTask(
        _ block: Block,
        _ slot: Int,
        _ origin: CommandOrigin
    ) throws(BackupError) -> ImportTask {
        if block.kind == .end {
            let end = try EndBlock(block)
            return ImportTask(origin: origin, after: end.last, messages: [], end: end)
        }
        let next = groups[slot].topic.importNext
        let messages = try MessageBlock(block)
        let rest = messages.messages.drop { $0.sequence < next }
        return ImportTask(origin: origin, after: messages.after, messages: rest, end: nil)
    }

    /// Why a block is not the next one, or one of those before.
    private func refusal(of task: ImportTask, _ slot: Int) -> String? {
        let topic = groups[slot].topic
        let name = groups[slot].configuration.name
        guard task.after < topic.importNext else {
            return
                "messages up to \(task.after) of the backup come first; give `wiber restore` again"
        }
        guard let end = task.end else { return nil }
        let (messages, bytes) = topic.importTotals
        guard end.totals != BackupTotals(messages: messages, bytes: bytes) else { return nil }
        return
            "topic \(name) has \(messages) messages of \(bytes) bytes, and the backup"
            + " \(end.totals.messages) of \(end.totals.bytes) bytes; delete the topic with `wiber topic"
            + " delete`, and restore it again"
    }

    /// Whether a chunk of a restore may be put into the log now.
    private func mayImport(_ slot: Int) -> Bool {
        guard shutdown == nil, fullDisk == nil, let raft = groups[slot].raft else { return false }
        return raft.refusal == nil && !store.mustWait(groups[slot].id)
    }

    /// Puts as much of a block into the log as may be now.
    func advanceImport(_ slot: Int) {
        guard var task = groups[slot].importTask, groups[slot].isLeader else { return }
        groups[slot].importTask = nil
        do throws(ImportError) {
            for _ in 0..<Self.importedChunksMax {
                guard mayImport(slot) else { break }
                guard let chunk = try nextChunk(slot, &task) else {
                    return finishImport(slot, task)
                }
                propose(slot, chunk)
            }
        } catch {
            let text = error.text(groups[slot].configuration.name)
            return answer(task.origin, .refused, text: text)
        }
        // Goes on with the next commit, or with the next sweep.
        groups[slot].importTask = task
        retrySlots.insert(slot)
    }

    private func nextChunk(_ slot: Int, _ task: inout ImportTask) throws(ImportError) -> Chunk? {
        guard let raft = groups[slot].raft else { return nil }
        let entry = EntryID(index: raft.lastIndex.next, term: raft.currentTerm)
        let id = groups[slot].id
        guard task.messages.isEmpty else {
            let next = try groups[slot].topic.importChunk(task.messages, group: id, entry: entry)
            task.messages = task.messages.dropFirst(next.count)
            return next.chunk
        }
        guard let end = task.end else { return nil }
        return try groups[slot].topic.importGap(to: end.nextSequence, group: id, entry: entry)
    }

    /// All of the block is in the log: who gave it is answered once that is committed.
    private func finishImport(_ slot: Int, _ task: ImportTask) {
        let fence = groups[slot].raft?.lastIndex ?? .zero
        groups[slot].waiters.append(Group.Waiter(fence: fence, answer: .command(task.origin)))
        answerWaiters(slot)
    }

    /// Another node leads now.
    func failImport(_ slot: Int) {
        guard let task = groups[slot].importTask else { return }
        groups[slot].importTask = nil
        answer(task.origin, .unknown)
    }
}
