import WiberBase
import WiberLog
import WiberRaft

/// A leader's entries on their way to its followers, from memory or from disk.
extension ShardCore {
    /// What the core asked to be sent to a follower.
    struct Replication {
        var node: NodeID
        var request: AppendRequest
        var first: LogIndex
        var last: LogIndex
        var byteBudget: Int
    }

    func replicate(_ slot: Int, _ replication: Replication) {
        let id = groups[slot].id
        guard let chunk = store.chunk(id, at: replication.first) else {
            return readForReplication(slot, replication)
        }
        var chunks = [chunk]
        var bytes = chunk.bytes.count
        var index = replication.first.next
        while index <= replication.last, chunks.count < RaftMessageCodec.entriesMax,
            let next = store.chunk(id, at: index),
            bytes + next.bytes.count <= min(replication.byteBudget, 2 << 20)
        {
            chunks.append(next)
            bytes += next.bytes.count
            index = index.next
        }
        sendChunks(slot, replication, chunks)
    }

    private func readForReplication(_ slot: Int, _ replication: Replication) {
        if offersSegments(slot, replication) { return notSent(slot, replication) }
        let budget = min(replication.byteBudget, 1 << 20)
        let plan = store.plan(groups[slot].id, from: replication.first, byteBudget: budget)
        guard let plan else { return notSent(slot, replication) }
        startRead(plan, for: .replication(groups[slot].id, replication))
    }

    func finishReplicationRead(_ group: GroupID, _ replication: Replication, _ chunks: [Chunk]) {
        guard let slot = slotOfGroup[group] else { return }
        let wanted = chunks.lazy.filter {
            $0.header.index >= replication.first && $0.header.index <= replication.last
        }.prefix(RaftMessageCodec.entriesMax)
        guard wanted.first?.header.index == replication.first,
            groups[slot].raft?.currentTerm == replication.request.term, groups[slot].isLeader
        else { return notSent(slot, replication) }
        sendChunks(slot, replication, Array(wanted))
    }

    private func notSent(_ slot: Int, _ replication: Replication) {
        step(
            slot,
            .sent(
                to: replication.node,
                through: replication.first.previous,
                bytes: 0,
                term: replication.request.term
            )
        )
    }

    private func sendChunks(_ slot: Int, _ replication: Replication, _ chunks: [Chunk]) {
        guard let place = place(of: replication.node), peers[place].openLane != nil,
            peers[place].isWritable, let last = chunks.last
        else { return notSent(slot, replication) }
        var request = replication.request
        request.entries = chunks.map { chunk in
            AppendedEntry(term: chunk.header.term, kind: EntryKind(chunk))
        }
        let message = letter(.append(request), slot, to: replication.node)
        sendRaft(groups[slot].id, message, chunks, to: place)
        let bytes = chunks.reduce(0) { $0 + $1.bytes.count }
        counters.appendsSent += 1
        step(
            slot,
            .sent(
                to: replication.node,
                through: last.header.index,
                bytes: bytes,
                term: request.term
            )
        )
    }

    func send(_ message: RaftMessage, _ slot: Int, to node: NodeID) {
        guard let place = place(of: node), peers[place].openLane != nil else { return }
        sendRaft(groups[slot].id, letter(message, slot, to: node), [], to: place)
    }

    /// A message with its sender and its receiver, as members of the group.
    private func letter(_ message: RaftMessage, _ slot: Int, to node: NodeID) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(groups[slot].raft?.id.rawValue ?? 0)
        bytes.appendInteger(node.rawValue)
        RaftMessageCodec.encode(message, into: &bytes)
        return bytes
    }
}
