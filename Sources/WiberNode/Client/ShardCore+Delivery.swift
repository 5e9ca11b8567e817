import WiberBase
import WiberTopic
import WiberWire

/// `MSG` lines: each subscription is a place in a topic's committed log that moves forward.
extension ShardCore {
    func subscribe(_ connection: ConnectionID, _ slot: Int, from: Sequence?) {
        let group = groups[slot]
        let start = from.map { max($0, group.topic.firstSequence) }
        let subscription = Session.Subscription(
            group: group.id,
            next: start ?? group.topic.appliedNextSequence
        )
        sessions[connection]?.subscriptions.removeAll { $0.group == group.id }
        sessions[connection]?.subscriptions.append(subscription)
        if !group.subscribers.contains(connection) { groups[slot].subscribers.append(connection) }
        markDirty(slot)
    }

    /// - Returns: whether there was a subscription.
    func unsubscribe(_ connection: ConnectionID, _ slot: Int) -> Bool {
        let id = groups[slot].id
        let had = sessions[connection]?.subscriptions.contains { $0.group == id } ?? false
        sessions[connection]?.subscriptions.removeAll { $0.group == id }
        groups[slot].subscribers.removeAll { $0 == connection }
        return had
    }

    /// Sends what is committed to everyone who follows the group.
    func deliver(_ slot: Int) {
        guard !groups[slot].subscribers.isEmpty else { return }
        for connection in groups[slot].subscribers { deliver(slot, to: connection) }
    }

    private func deliver(_ slot: Int, to connection: ConnectionID) {
        let id = groups[slot].id
        guard let session = sessions[connection], session.unwritableSince == nil,
            let place = session.subscriptions.firstIndex(where: { $0.group == id })
        else { return }
        var next = session.subscriptions[place].next
        guard session.subscriptions[place].readToken == nil,
            next < groups[slot].topic.appliedNextSequence
        else { return }
        var budget = limits.deliveryBytesPerTurn
        let end = groups[slot].topic.appliedNextSequence
        while budget > 0 {
            next = groups[slot].topic.firstKept(from: next)
            guard next < end else { break }
            switch self.place(of: next, slot) {
            case .chunk(let chunk):
                budget -= write(chunk, to: connection, slot, &next)
            case .plan(let plan):
                let token = startRead(plan, for: .delivery(connection, id))
                sessions[connection]?.subscriptions[place].readToken = token
                budget = 0
            case .gap(let sequence): next = max(sequence, next.next)
            case .end: budget = 0
            }
        }
        sessions[connection]?.subscriptions[place].next = next
        touch(connection)
        if next < end, sessions[connection]?.subscriptions[place].readToken == nil {
            markDirty(slot)
        }
    }

    /// Writes the part of a chunk from `next` on; returns the bytes.
    private func write(
        _ chunk: Chunk,
        to connection: ConnectionID,
        _ slot: Int,
        _ next: inout Sequence
    ) -> Int {
        let start = next
        let name = groups[slot].nameBytes
        var written = 0
        var delivered: UInt64 = 0
        var reached = next
        withOut(of: connection) { out in
            let before = out.count
            chunk.forEachMessage { message in
                guard message.sequence >= start,
                    !groups[slot].topic.isRemoved(message.sequence)
                else { return true }
                LineWriter.message(topic: name, message, into: &out)
                reached = message.sequence.next
                delivered += 1
                return true
            }
            written = out.count - before
        }
        counters.delivered += delivered
        next = max(reached, chunk.header.nextSequence, next.next)
        return max(1, written)
    }

    /// Lends a session's output buffer without copying it.
    func withOut(of connection: ConnectionID, _ body: (inout [UInt8]) -> Void) {
        guard var out = sessions[connection]?.out else { return }
        sessions[connection]?.out = []
        body(&out)
        sessions[connection]?.out = out
    }

    func continueDelivery(_ connection: ConnectionID, _ group: GroupID, _ chunks: [Chunk]) {
        guard let slot = slotOfGroup[group],
            let place = sessions[connection]?.subscriptions.firstIndex(where: { $0.group == group }
            ),
            var next = sessions[connection]?.subscriptions[place].next
        else { return }
        sessions[connection]?.subscriptions[place].readToken = nil
        let before = next
        for chunk in chunks where chunk.header.nextSequence > next {
            if chunk.header.count > 0 { _ = write(chunk, to: connection, slot, &next) }
        }
        guard next > before else {
            return emit(.close(connection, reason: "a message could not be read from disk"))
        }
        sessions[connection]?.subscriptions[place].next = next
        touch(connection)
        markDirty(slot)
    }
}
