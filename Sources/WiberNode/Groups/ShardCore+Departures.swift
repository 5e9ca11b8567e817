import WiberBase
import WiberLog
import WiberTopic

/// A replica that leaves this node.
struct Departure {
    /// How long its files stay.
    let delay: Instant.Span
    /// The meta entry that takes it away.
    let cause: LogIndex
    /// Whether the log was told.
    var hasBegun = false
    /// When its files go; `nil` until the disk says that it is no replica any more.
    var filesGoAt: Instant?
}

/// Replicas that come to this node or leave it, by what the meta log has committed and by nothing
/// else: no topic is ever removed because something is missing.
extension ShardCore {
    /// How long the files of a deleted topic stay, for a person who wants to copy them.
    static let trashDelay = Instant.Span.seconds(60)

    /// Takes up a replica that this node is to hold and does not.
    func takeUp(_ slot: Int) {
        let id = groups[slot].id
        guard groups[slot].raft == nil, id != .meta, departures[id] == nil,
            let member = groups[slot].replicas.first(where: { $0.node == selfID })
        else { return }
        let isNew = !store.isRegistered(id)
        if isNew, !register(slot, member) { return }
        guard ownMember(of: id) == member, !groups[slot].wasActivated else { return }
        groups[slot].wasActivated = true
        if isNew, let summary = store.describe(id), member.since > .zero {
            recoveredGroups.removeAll { $0.id == id }
            recoveredGroups.append(summary)
        }
        activate(slot)
    }

    private func register(_ slot: Int, _ member: NodeID) -> Bool {
        let first = LogIndex(groups[slot].id.rawValue)
        return store.register(
            groups[slot].id,
            name: groups[slot].configuration.name,
            since: member.since > .zero ? member.since : first
        )
    }

    /// What this node's replica is a member of its group as, by what the disk says.
    func ownMember(of id: GroupID) -> NodeID {
        let since = store.placement(of: id)
        return id == .meta || since.rawValue <= id.rawValue ? selfID : NodeID(selfID, since: since)
    }

    /// Removes this node's replica of a group that is not in use any more.
    func depart(_ id: GroupID, at cause: LogIndex, filesStay delay: Instant.Span) {
        wounds[id] = nil
        groupsToRecover.remove(id)
        recoveredGroups.removeAll { $0.id == id }
        for token in repairs.keys.sorted() where repairs[token]?.group == id {
            let task = repairs.removeValue(forKey: token)
            for read in task?.waiters ?? [] { readFailed(read.purpose) }
        }
        if scrub.group == id { advanceScrub(after: id) }
        guard store.isRegistered(id) else { return }
        departures[id] = Departure(delay: delay, cause: cause)
        sweepDepartures()
    }

    /// Goes on with replicas that leave.
    func sweepDepartures() {
        for id in departures.keys.sorted() {
            guard let departure = departures[id] else { continue }
            if !departure.hasBegun {
                departures[id]?.hasBegun = store.remove(id, since: departure.cause)
            } else if let end = departure.filesGoAt, end <= time.now {
                store.discard(id)
                departures[id] = nil
            }
        }
    }

    /// The disk says that a group has no replica here.
    func noteRemoved(_ id: GroupID) {
        guard let departure = departures[id] else { return store.discard(id) }
        departures[id]?.filesGoAt = time.now + departure.delay
        trace(.info, "a replica has left this node", [("group", "\(id)")])
    }

    /// Lets a replica go that other nodes hold now; whoever reads it here goes on reading there.
    func handReplicaOver(_ slot: Int) {
        let group = groups[slot]
        for connection in group.subscribers {
            let next = sessions[connection]?.subscriptions.first { $0.group == group.id }?.next
            _ = unsubscribe(connection, slot)
            follow(slot, from: next, for: connection)
        }
        for id in histories.keys.sorted() {
            guard let job = histories[id], job.group == group.id else { continue }
            histories[id] = nil
            var line = "HISTORY \(group.configuration.name)"
            if let from = job.from { line += " \(from) \(job.limit)" }
            relay(.request(line), slot, for: job.connection, at: job.slot)
        }
        handMessageReadsOver(slot)
        groups[slot].reads = [:]
        groups[slot].wasActivated = false
        retire(slot)
        depart(group.id, at: group.placedAt, filesStay: .seconds(0))
    }
}
