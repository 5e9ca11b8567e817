import WiberBase
import WiberRaft

/// A node that is to stop without haste, so that its clients move one after another.
struct LameDuckState {
    /// When clients that have not left by themselves begin to be disconnected.
    let graceEnd: Instant
    /// When the last of them is.
    let end: Instant
    /// When to look again whether something is led here.
    var nextHandover: Instant
    /// How many clients there were at the end of the grace period.
    var clientsAtGraceEnd: Int?
}

/// Lame duck mode: nobody new, leadership handed over, clients asked to move and at last
/// disconnected, spread over the time; then a shutdown.
extension ShardCore {
    func beginLameDuck() {
        guard lameDuck == nil, shutdown == nil else { return }
        let duration = configuration.lameDuck.duration
        let grace = min(configuration.lameDuck.grace, duration)
        lameDuck = LameDuckState(
            graceEnd: time.now + grace,
            end: time.now + duration,
            nextHandover: time.now
        )
        trace(
            .info,
            "lame duck mode: clients are asked to move to other nodes",
            [
                ("clients", "\(sessions.count)"),
                ("seconds", "\(duration.nanoseconds / 1_000_000_000)"),
            ]
        )
        emit(.stopListening)
        lanesChanged()
        // A node without a cluster names no others, but its clients hear of the mode.
        nats.infoVersion &+= 1
        nats.nextInfo = time.now
        nextSweep = time.now
    }

    /// Goes on with lame duck mode, if this node is in it.
    func advanceLameDuck() {
        guard let state = lameDuck, shutdown == nil else { return }
        guard !sessions.isEmpty, time.now < state.end else { return beginShutdown() }
        if state.nextHandover <= time.now { handLeadershipOver() }
        guard time.now >= state.graceEnd else { return }
        let first = state.clientsAtGraceEnd ?? sessions.count
        lameDuck?.clientsAtGraceEnd = first
        let passed = time.now.since(state.graceEnd).nanoseconds
        let spread = max(1, state.end.since(state.graceEnd).nanoseconds)
        // In floating point: this is no matter of one client more or less.
        let share = max(0, 1 - Double(passed) / Double(spread))
        let mayStay = Int(Double(first) * share)
        guard sessions.count > mayStay else { return }
        let oldest = sessions.keys.sorted { $0.rawValue < $1.rawValue }
        for connection in oldest.prefix(sessions.count - mayStay) { disconnect(connection) }
    }

    /// Ends a client's connection once it has the answers that are under way.
    private func disconnect(_ connection: ConnectionID) {
        if let client = nats.clients[connection] {
            close(client, .lameDuck)
        } else if sessions[connection]?.isQuitting == false {
            sessions[connection]?.isQuitting = true
            touch(connection)
        }
    }

    /// Lets others lead, also what this node comes to lead in the meantime.
    private func handLeadershipOver() {
        lameDuck?.nextHandover = time.now + .seconds(1)
        for slot in groups.indices where groups[slot].isLeader && canOthersLead(slot) {
            step(slot, .transfer(to: nil))
            markDirty(slot)
        }
    }
}
