import WiberBase

/// Reads that wait for proof that this leader still leads.
struct PendingReads: Sendable {
    struct Read: Sendable {
        var context: UInt64
        /// The commit index when its round began.
        var index: LogIndex
    }
    /// Oldest first; the first `started` of them belong to the round under way.
    var waiting: [Read] = []
    var started = 0
    /// The newest round; never goes back while this process lives, so that an answer to an old
    /// question can never count for a new one.
    var round: UInt64 = 0
    var sentAt = Instant.zero

    var isRoundOpen: Bool { started > 0 }
}

/// Linearizable reads without the log: commit index, then a round of confirmations that began
/// after the request (Raft thesis §6.4).
///
/// All reads that come while a round is under way share the next one.
extension Raft {
    mutating func readIndex(_ context: UInt64, _ effects: inout [Effect]) {
        guard role == .leader, reads.waiting.count < options.readsMax else {
            return effects.append(.readFailed(context: context))
        }
        reads.waiting.append(.init(context: context, index: .zero))
        startReads(&effects)
    }

    /// Begins a round if reads wait and none is under way.
    ///
    /// Before an entry of its own term is committed, a leader does not know what is (Raft §8).
    mutating func startReads(_ effects: inout [Effect]) {
        let isCommitKnown = isTermCommitted || Mutant.readBeforeNoOp.isOn
        guard isCommitKnown, !reads.isRoundOpen, !reads.waiting.isEmpty else { return }
        reads.round += 1
        reads.started = reads.waiting.count
        reads.sentAt = now
        for place in reads.waiting.indices { reads.waiting[place].index = commitIndex }
        for place in peers.indices { askConfirmation(place, &effects) }
        leadership.retryDeadline = min(leadership.retryDeadline, now + options.retryInterval)
        finishReads(&effects)
    }

    private mutating func askConfirmation(_ place: Int, _ effects: inout [Effect]) {
        let peer = peers[place]
        guard peer.confirmedRound < reads.round, peer.isReachable, configuration.isVoter(peer.node)
        else { return }
        send(.confirm(currentTerm, round: reads.round), to: peer.node, &effects)
    }

    /// Asks one peer again, after its connection came back.
    mutating func confirmAgain(_ place: Int, _ effects: inout [Effect]) {
        if reads.isRoundOpen { askConfirmation(place, &effects) }
    }

    mutating func retryReads(_ effects: inout [Effect]) {
        guard reads.isRoundOpen else { return }
        if now >= reads.sentAt + options.retryInterval {
            reads.sentAt = now
            for place in peers.indices { askConfirmation(place, &effects) }
        }
        leadership.retryDeadline = min(
            leadership.retryDeadline,
            reads.sentAt + options.retryInterval
        )
    }

    mutating func confirmed(_ round: UInt64, _ node: NodeID, _ effects: inout [Effect]) {
        guard role == .leader, let place = peerPlace(node), round <= reads.round else { return }
        peers[place].confirmedRound = max(peers[place].confirmedRound, round)
        finishReads(&effects)
    }

    private mutating func finishReads(_ effects: inout [Effect]) {
        guard reads.isRoundOpen else { return }
        let reached = configuration.quorumValue { node in
            if node == id { return .max }
            return peerPlace(node).map { peers[$0].confirmedRound } ?? 0
        }
        guard reached >= reads.round || Mutant.readWithoutQuorum.isOn else { return }
        for read in reads.waiting[..<reads.started] {
            effects.append(.readReady(context: read.context, index: read.index))
        }
        reads.waiting.removeFirst(reads.started)
        reads.started = 0
        startReads(&effects)
    }

    mutating func failReads(_ effects: inout [Effect]) {
        for read in reads.waiting { effects.append(.readFailed(context: read.context)) }
        reads.waiting.removeAll()
        reads.started = 0
    }
}
