import WiberBase
import WiberLog
import WiberRaft
import WiberWire

/// A leader does not read closed segments for a follower that lacks many bytes of them: the follower
/// fetches them from any replica, while the leader's appends to others go on.
extension ShardCore {
    /// Whether a follower was told to fetch what it lacks; otherwise it is to be sent it.
    func offersSegments(_ slot: Int, _ replication: Replication) -> Bool {
        let id = groups[slot].id
        guard let place = place(of: replication.node), peers[place].openLane != nil,
            let gap = store.closedSpan(id, from: replication.first),
            gap.bytes >= UInt64(limits.catchUpBytes)
        else { return false }
        var offer =
            peers[place].offers[id]
            ?? PullOffer(first: replication.first, since: time.now, said: .zero)
        guard offer.refusedUntil <= time.now else { return false }
        defer { peers[place].offers[id] = offer }
        if replication.first > offer.first || offer.refusedUntil > .zero {
            offer.first = replication.first
            offer.since = time.now
            offer.refusedUntil = .zero
        } else if time.now.since(offer.since) > limits.catchUpPatience {
            // It cannot, or nobody whom it reaches has it.
            offer.refusedUntil = time.now + limits.catchUpRefusal
            return false
        }
        guard time.now.since(offer.said) >= .milliseconds(20) else { return true }
        offer.said = time.now
        counters.catchUpOffers += 1
        sendFrame(
            .catchUpOffer(
                CatchUpOffer(
                    group: id,
                    term: replication.request.term,
                    previous: replication.request.previous,
                    through: gap.through,
                    bytes: gap.bytes
                )
            ),
            to: place
        )
        return true
    }
}
