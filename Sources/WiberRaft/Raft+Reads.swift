import WiberBase

/// A read that waits until the leader knows that it still leads.
struct PendingRead: Sendable {
    var context: UInt64
    /// How far the log was committed when the read came; `nil` until the no-op is committed.
    var index: LogIndex?
    /// The round that must be confirmed.
    var round: UInt64
}

/// Linearizable reads without the log (thesis §6.4): rounds grow, and a quorum confirms the newest,
/// so that any number of reads shares one round.
extension Raft {
    mutating func read(_ context: UInt64, _ now: Instant, _ effects: inout [Effect]) {
        guard role == .leader else { return effects.append(.readFailed(context: context)) }
        guard reads.count < 65_536 else { return effects.append(.readFailed(context: context)) }
        reads.append(PendingRead(context: context, index: nil, round: 0))
        beginWaitingReads(now, &effects)
    }

    /// Whether the leader has committed an entry of its own term, and so knows what is committed.
    var hasCommittedInTerm: Bool { log.term(at: commitIndex) == currentTerm }

    /// Gives every read that waits its index and a round that begins after it came.
    mutating func beginWaitingReads(_ now: Instant, _ effects: inout [Effect]) {
        guard role == .leader, hasCommittedInTerm, !reads.isEmpty else { return }
        var needsRound = false
        for place in reads.indices where reads[place].index == nil {
            reads[place].index = commitIndex
            reads[place].round = readRound + 1
            needsRound = true
        }
        guard needsRound, confirmedRound == readRound else { return }
        beginRound(now, &effects)
    }

    private mutating func beginRound(_ now: Instant, _ effects: inout [Effect]) {
        readRound += 1
        roundSentAt = now
        sendRound(&effects)
        countConfirmations(now, &effects)
    }

    private func sendRound(_ effects: inout [Effect]) {
        for peer in peers where configuration.isVoter(peer.node) && peer.confirmedRound < readRound {
            effects.append(.send(.confirm(term: currentTerm, round: readRound), to: peer.node))
        }
    }

    mutating func resendRound(_ now: Instant, _ effects: inout [Effect]) {
        guard confirmedRound < readRound, now.since(roundSentAt) >= .milliseconds(100) else { return }
        roundSentAt = now
        sendRound(&effects)
    }

    mutating func confirmed(
        _ term: Term,
        _ round: UInt64,
        _ sender: NodeID,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard role == .leader, term == currentTerm, round <= readRound,
            let place = peers.firstIndex(where: { $0.node == sender })
        else { return }
        peers[place].confirmedRound = max(peers[place].confirmedRound, round)
        countConfirmations(now, &effects)
    }

    private mutating func countConfirmations(_ now: Instant, _ effects: inout [Effect]) {
        let round = readRound
        guard confirmedRound < round,
            configuration.hasQuorum({ node in
                node == id || peers.first { $0.node == node }.map { $0.confirmedRound >= round } == true
            })
        else { return }
        confirmedRound = round
        for read in reads where read.round <= round && read.index != nil {
            effects.append(.readReady(context: read.context, index: read.index ?? .zero))
        }
        reads.removeAll { $0.round <= round && $0.index != nil }
        if reads.contains(where: { $0.index != nil }) { beginRound(now, &effects) }
    }
}
