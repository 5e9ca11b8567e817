import WiberBase
import WiberLog
import WiberRaft
import WiberWire

/// An orderly stop: leadership first, then goodbye, then the log's seal.
struct ShutdownState {
    let deadline: Instant
    var isFarewellSaid = false
    var isSealed = false
    /// Whether the host was told that it may end: nothing begins any more.
    var isOver = false
}

extension ShardCore {
    func beginShutdown() {
        guard shutdown == nil else { return }
        trace(.info, "shutting down")
        for slot in groups.indices { seal(slot) }
        shutdown = ShutdownState(deadline: time.now + .milliseconds(1_000))
        for slot in groups.indices where groups[slot].isLeader && groups[slot].hasOtherVoters {
            step(slot, .transfer(to: nil))
            markDirty(slot)
        }
        nextSweep = time.now
    }

    /// Goes on with a shutdown, if there is one.
    func advanceShutdown() {
        guard let state = shutdown else { return }
        let leads = groups.contains { $0.isLeader && $0.hasOtherVoters }
        let waits = sessions.values.contains { $0.replies.requestCount > 0 }
        guard (!leads && !waits) || time.now >= state.deadline else { return }
        guard !state.isFarewellSaid else {
            // What waits for room need not be waited for.
            if fullDisk?.isOnlyLow == false { return end() }
            if hasFlushJob { return }
            if !state.isSealed {
                shutdown?.isSealed = true
                return store.seal()
            }
            if !hasLogJob { end() }
            return
        }
        shutdown?.isFarewellSaid = true
        for place in peers.indices where peers[place].openLane != nil {
            sendFrame(.goodbye, to: place)
        }
        store.flushAll()
        nextSweep = time.now
    }

    private func end() {
        guard shutdown?.isOver == false else { return }
        shutdown?.isOver = true
        emit(.stopped)
    }
}
