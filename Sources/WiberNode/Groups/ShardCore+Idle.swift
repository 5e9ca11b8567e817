import WiberBase
import WiberMeta
import WiberTopic
import WiberWire

/// Topics that are deleted once nobody has published to them or followed them for long.
extension ShardCore {
    /// The time between two words about clients that follow a topic.
    private static let useInterval = Instant.Span.seconds(1)
    /// For how long a topic that is to be deleted takes nothing.
    private static let expiryPause = Instant.Span.seconds(2)

    func sweepIdle(_ slot: Int) {
        guard let idle = groups[slot].configuration.deleteAfterIdle, groups[slot].id != .meta,
            shutdown == nil, !groups[slot].configuration.isRestoring
        else { return }
        if !groups[slot].subscribers.isEmpty { sayUse(slot) }
        guard groups[slot].isLeader, groups[slot].expiresUntil <= time.now,
            groups[slot].waiters.isEmpty, groups[slot].outbox.isEmpty,
            groups[slot].topic.isBuilderEmpty, isIdle(slot, for: idle)
        else { return }
        groups[slot].expiresUntil = time.now + Self.expiryPause
        trace(.info, "a topic that nobody uses ends", [("topic", groups[slot].configuration.name)])
        sendCommand(MetaCommand.deleteTopic(groups[slot].id).encoded, .meta)
    }

    /// Tells the topic's leader that somebody follows it here.
    private func sayUse(_ slot: Int) {
        guard groups[slot].lastUse + Self.useInterval <= time.now else { return }
        groups[slot].lastUse = time.now
        guard !groups[slot].isLeader, let leader = groups[slot].leader,
            let place = place(of: leader), peers[place].openLane != nil
        else { return }
        sendFrame(.topicUse(groups[slot].id), to: place)
    }

    func noteUse(of group: GroupID) {
        guard let slot = slotOfGroup[group] else { return }
        groups[slot].lastUse = time.now
    }

    /// Whether nothing has happened for as long, by this leader's time and by log time.
    private func isIdle(_ slot: Int, for idle: UInt64) -> Bool {
        guard let elected = groups[slot].electedAt else { return false }
        let since = max(elected.now, groups[slot].lastUse)
        guard time.now.since(since).nanoseconds > idle else { return false }
        guard let last = groups[slot].lastMessageTime else { return true }
        let now = expiryTime(slot)
        return now.rawValue > last.rawValue && now.rawValue - last.rawValue > idle
    }
}
