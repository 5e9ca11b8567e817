import WiberBase
import WiberSubject

/// What a topic may hold: the leader refuses a publish beyond it, and nothing goes to make room.
///
/// What counts is the end of the log, committed or not, and what is open. What the leader has decided to
/// let go counts no more, nor does what the publish takes along itself, or what retention lets go by its
/// own limits of messages and bytes.
extension TopicState {
    private struct Held {
        var messages: UInt64
        var bytes: UInt64

        mutating func remove(_ rows: [MessageIndex.Row]) {
            for row in rows {
                messages -= min(messages, 1)
                bytes -= min(bytes, UInt64(row.length))
            }
        }
    }

    /// Why a publish has no room; `nil` if it has.
    ///
    /// Only one that joins the index takes others of its subject along.
    mutating func overQuota(
        _ body: MessageBody,
        _ rollup: PublishConditions.Rollup?,
        isIndexed: Bool
    ) -> AdmissionRefusal? {
        guard !configuration.quota.isUnlimited, !Mutant.quotaIgnored.isOn else { return nil }
        let length = UInt64(body.encodedLength)
        if rollup == .all { return excess(Held(messages: 1, bytes: length)) }
        var held = heldOpen
        held.messages &+= 1
        held.bytes &+= length
        // It costs nothing unless there is little room.
        guard excess(held) != nil else { return nil }
        held.remove(removals.queuedRows(from: openFirst))
        let floor = floor
        if isIndexed { held.remove(takenAlong(by: body, rollup).filter { $0.sequence < floor }) }
        return excess(held)
    }

    /// What there is once what is open is stored, less what waits to go.
    private var heldOpen: Held {
        guard let (first, bytesBefore) = openRollup else {
            return Held(
                messages: tail.liveMessages &+ UInt64(builder.count),
                bytes: tail.liveBytes &+ openBytes
            )
        }
        return Held(
            messages: openNext.rawValue - first.rawValue,
            bytes: openBytes - bytesBefore
        )
    }

    private func excess(_ held: Held) -> AdmissionRefusal? {
        let quota = configuration.quota
        // A floor keeps what the limits would let go.
        let hasFloor = configuration.keepFrom != nil
        let retention = hasFloor ? TopicConfiguration.Retention() : configuration.retention
        let messages = min(held.messages, retention.maxMessages ?? .max)
        let bytes = min(held.bytes, retention.maxBytes ?? .max)
        if messages > quota.messages ?? .max { return .quotaOfMessages }
        return bytes > quota.bytes ?? .max ? .quotaOfBytes : nil
    }

    /// The messages of its subject that go with a publish.
    private mutating func takenAlong(
        by body: MessageBody,
        _ rollup: PublishConditions.Rollup?
    ) -> [MessageIndex.Row] {
        guard let number = number(of: body) else { return [] }
        let end = openNext
        if rollup == .subject {
            return decide { index, isGone in
                index.oldest(number, before: end, keep: 0, most: .max, isGone: isGone)
            }
        }
        guard let limit = configuration.retention.maxPerSubject else { return [] }
        return decide { index, isGone in
            index.excess(
                number,
                limit: limit - min(limit, 1),
                most: Self.excessMax,
                isGone: isGone
            )
        }
    }
}
