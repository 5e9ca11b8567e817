import WiberBase

/// What of the hard state is on disk, and what waits for that.
struct Persistence: Sendable {
    /// A hard state on its way to the disk.
    struct Request: Sendable {
        var state: HardState
        /// Entries up to here were appended before it and have not been replaced since.
        var through: LogIndex
    }

    /// The most messages that wait; others come again by themselves.
    static let heldMax = 64
    /// The most requests that are told apart; a newer one covers an older.
    static let requestsMax = 16

    /// On disk.
    var durable: HardState
    /// The newest that was asked for.
    var requested: HardState
    var requests: [Request] = []
    /// Messages of the current term, which is not durable yet.
    var held: [(message: RaftMessage, node: NodeID)] = []

    init(durable: HardState) {
        self.durable = durable
        requested = durable
    }
}

/// Durable before told: hard state and log (Raft §5.1; architecture §4.1).
extension Raft {
    /// Whether term and vote are on disk.
    var isHardStateDurable: Bool { persistence.durable == hardState }

    /// Asks for a new hard state to be made durable; what waited for an older one is void.
    mutating func persist(_ effects: inout [Effect]) {
        guard persistence.requested != hardState else { return }
        persistence.requested = hardState
        persistence.held.removeAll(keepingCapacity: true)
        if persistence.requests.count == Persistence.requestsMax {
            persistence.requests.removeFirst()
        }
        persistence.requests.append(.init(state: hardState, through: lastIndex))
        effects.append(.persist(hardState))
    }

    /// Sends a message, once term and vote are durable.
    mutating func send(_ message: RaftMessage, to node: NodeID, _ effects: inout [Effect]) {
        if isHardStateDurable {
            effects.append(.send(message, to: node))
        } else if persistence.held.count < Persistence.heldMax {
            persistence.held.append((message, node))
        }
    }

    mutating func hardStateDurable(_ state: HardState, _ effects: inout [Effect]) {
        guard let place = persistence.requests.lastIndex(where: { $0.state == state }) else {
            return
        }
        let through = persistence.requests[place].through
        persistence.requests.removeSubrange(...place)
        persistence.durable = state
        if isHardStateDurable {
            for (message, node) in persistence.held { effects.append(.send(message, to: node)) }
            persistence.held.removeAll(keepingCapacity: true)
            if role == .candidate { candidacyDurable(&effects) }
        }
        advanceDurable(through, &effects)
    }

    /// Takes note that the log is on disk up to `through`.
    mutating func advanceDurable(_ through: LogIndex, _ effects: inout [Effect]) {
        let reached = min(through, lastIndex)
        guard reached > durableIndex else { return }
        durableIndex = reached
        if role == .leader { return advanceCommit(&effects) }
        guard let leader, min(durableIndex, verifiedIndex) > acknowledgedIndex else { return }
        acknowledge(to: leader, &effects)
    }

    /// Takes note that entries from `index` on are gone from the log.
    mutating func forgetDurable(from index: LogIndex) {
        durableIndex = min(durableIndex, index.previous)
        for place in persistence.requests.indices {
            persistence.requests[place].through =
                min(persistence.requests[place].through, index.previous)
        }
    }
}
