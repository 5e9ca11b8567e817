import WiberBase
import WiberLog
import WiberTopic
import WiberWire

/// From a committed entry to the answers that waited for it, or from a lost leadership to their
/// failure.
extension ShardCore {
    func committed(_ slot: Int, _ through: LogIndex) {
        let id = groups[slot].id
        while groups[slot].applied < through {
            let index = groups[slot].applied.next
            guard let chunk = store.chunk(id, at: index) else {
                invariant(false, "entry \(index) of group \(id) is committed and not in memory")
                return
            }
            groups[slot].applied = index
            groups[slot].topic.applied(chunk)
            counters.chunksApplied += 1
            counters.messagesApplied += UInt64(chunk.header.count)
            if groups[slot].isLeader, groups[slot].topic.mayTrim {
                groups[slot].topic.feedFront(chunk)
            }
            groups[slot].topic.countPublishes(UInt64(chunk.header.count), now: time.now)
            groups[slot].lastMessageTime = Self.lastTime(chunk) ?? groups[slot].lastMessageTime
            if id == .meta { applyMeta(chunk) }
            if chunk.header.kind == .trim { applyTrim(slot, chunk) }
        }
        store.commit(id, through: through)
        answerWaiters(slot)
        answerPurges(slot)
        answerReads(slot)
        markDirty(slot)
    }

    /// The time of a chunk's last message, from the last row of its table.
    static func lastTime(_ chunk: Chunk) -> Timestamp? {
        guard chunk.header.count > 0 else { return nil }
        let row = ChunkHeader.size + (Int(chunk.header.count) - 1) * ChunkHeader.rowSize
        let delta = chunk.bytes.withUnsafeBytes { bytes -> UInt32 in
            var reader = ByteReader(bytes, at: row + 4)
            return (try? reader.integer(UInt32.self)) ?? 0
        }
        return Timestamp(chunk.header.baseTime.rawValue &+ UInt64(delta))
    }

    func answerWaiters(_ slot: Int) {
        while let waiter = groups[slot].waiters.first,
            waiter.fence <= groups[slot].applied || isInLog(waiter, slot)
        {
            groups[slot].waiters.popFirst()
            switch waiter.answer {
            case .run(let connection, let replySlot, let first):
                sessions[connection]?.replies.complete(replySlot, .sequences(first: first))
                touch(connection)
            case .duplicate(let connection, let replySlot, let first):
                complete(connection, replySlot, [.duplicate(first: first, count: 1)])
            case .conflict(let connection, let replySlot, let last, let kind):
                let outcome = BatchState.Outcome(first: last, count: 1, kind: kind)
                complete(connection, replySlot, [reply(outcome, 1, slot)])
            case .batch(let id): finishBatch(id, slot)
            case .command(let origin): answer(origin, .done, at: waiter.fence)
            }
        }
    }

    /// What ``Mutant/answeredBeforeCommit`` takes for enough.
    private func isInLog(_ waiter: Group.Waiter, _ slot: Int) -> Bool {
        guard Mutant.answeredBeforeCommit.isOn else { return false }
        return waiter.fence <= store.lastIndex(groups[slot].id) ?? .zero
    }

    private func finishBatch(_ id: UInt64, _ slot: Int) {
        guard let state = batches.removeValue(forKey: id) else { return }
        switch state.target {
        case .clients(let runs): answer(runs, state.outcomes, of: slot)
        case .peer(let node, let request):
            sendForwardReply(to: node, request, .stored, "", state.outcomes)
        }
    }

    /// Gives each connection of a batch its part of the outcomes.
    func answer(_ runs: [PublishBatch.Run], _ outcomes: [BatchState.Outcome], of slot: Int) {
        var rest = outcomes[...]
        for run in runs {
            let (connection, replySlot) = (run.connection, run.slot)
            if let first = rest.first, first.count == run.count, first.kind == .stored {
                rest.removeFirst()
                sessions[connection]?.replies.complete(replySlot, .sequences(first: first.first))
                touch(connection)
                continue
            }
            var replies: [PublishReply] = []
            var left = run.count
            while left > 0, let outcome = rest.first {
                let count = min(left, outcome.count)
                replies.append(reply(outcome, count, slot))
                left -= count
                rest[rest.startIndex].count -= count
                if outcome.kind == .stored || outcome.kind == .duplicate {
                    let next = outcome.first.rawValue + UInt64(count)
                    rest[rest.startIndex].first = Sequence(next)
                }
                if rest[rest.startIndex].count == 0 { rest.removeFirst() }
            }
            complete(connection, replySlot, replies)
        }
    }

    // MARK: Failure

    /// This node leads no longer: what it had admitted may or may not be committed by others.
    func failWaiters(_ slot: Int) {
        groups[slot].topic.discardBuilder()
        failPurges(slot)
        failImport(slot)
        while let waiter = groups[slot].waiters.popFirst() {
            switch waiter.answer {
            case .run(let connection, let replySlot, _),
                .duplicate(let connection, let replySlot, _),
                .conflict(let connection, let replySlot, _, _):
                let code = Mutant.unknownCalledRefused.isOn ? LineErrorCode.noLeader : .unknown
                fail(connection, replySlot, code, ShardCore.outcomeUnknown)
            case .command(let origin): answer(origin, .unknown)
            case .batch(let id):
                guard let state = batches.removeValue(forKey: id) else { continue }
                switch state.target {
                case .clients(let runs): fail(runs, .unknown, ShardCore.outcomeUnknown)
                case .peer(let node, let request):
                    sendForwardReply(to: node, request, .unknown, ShardCore.outcomeUnknown, [])
                }
            }
        }
    }

    static let outcomeUnknown =
        "the leader changed before it answered: the message may or may not be stored; "
        + "publish with PUBID to retry safely, or look with HISTORY"

    /// Tells every client of a batch the same failure.
    func fail(_ runs: [PublishBatch.Run], _ code: LineErrorCode, _ text: String) {
        for run in runs {
            let (connection, replySlot) = (run.connection, run.slot)
            fail(connection, replySlot, code, text)
        }
    }
}
