import WiberBase

/// What holds after every step. A replica that finds itself wrong stops before it tells anybody.
extension Raft {
    /// What a transition is checked against.
    struct Witness {
        var hardState: HardState
        var commitIndex: LogIndex
        var lastIndex: LogIndex
        var role: Role
    }

    var witness: Witness {
        Witness(hardState: hardState, commitIndex: commitIndex, lastIndex: lastIndex, role: role)
    }

    /// One state.
    func checkState() {
        invariant(commitIndex <= lastIndex, "commit \(commitIndex) beyond \(lastIndex)")
        invariant(durableIndex <= lastIndex, "durable \(durableIndex) beyond \(lastIndex)")
        invariant(verifiedIndex <= lastIndex, "verified \(verifiedIndex) beyond \(lastIndex)")
        invariant(lastEntry.term <= currentTerm, "entry \(lastEntry) of a later term")
        invariant(durableHardState.term <= currentTerm, "durable term \(durableHardState.term)")
        if role == .leader {
            invariant(leader == id && hardState.votedFor == id, "a leader that did not vote for itself")
            invariant(durableHardState == hardState, "a leader whose vote is not durable")
        } else {
            invariant(leader != id, "a \(role) that believes it leads")
            invariant(peers.isEmpty && reads.isEmpty && transfer == nil, "a \(role) with followers")
        }
        #if DEBUG
            checkPeers()
        #endif
    }

    /// The costly part: debug builds only.
    private func checkPeers() {
        for peer in peers {
            invariant(peer.match < peer.next, "\(peer.node): match \(peer.match), next \(peer.next)")
            invariant(peer.next <= lastIndex.next, "\(peer.node): next \(peer.next) of \(lastIndex)")
            invariant(peer.inflightBytes >= 0, "\(peer.node): \(peer.inflightBytes) bytes under way")
            invariant(
                peer.inflight.count <= options.inflightMessagesMax,
                "\(peer.node): \(peer.inflight.count) messages under way"
            )
        }
        invariant(uncommittedBytes >= 0, "\(uncommittedBytes) bytes not committed")
    }

    /// Two states, and what was said in between.
    func checkTransition(from before: Witness, _ effects: ArraySlice<Effect>) {
        invariant(currentTerm >= before.hardState.term, "the term fell to \(currentTerm)")
        if currentTerm == before.hardState.term, before.hardState.votedFor != .zero {
            invariant(hardState.votedFor == before.hardState.votedFor, "a vote moved")
        }
        invariant(commitIndex >= before.commitIndex, "the commit index fell to \(commitIndex)")
        if before.role == .leader, role == .leader {
            invariant(lastIndex >= before.lastIndex, "a leader's log lost entries")
        }
        for effect in effects {
            guard case .send(let message, _) = effect else { continue }
            checkSent(message)
        }
    }

    /// At the time of sending: nothing is promised that the disk does not hold (I6).
    private func checkSent(_ message: RaftMessage) {
        switch message {
        case .voteResponse(let response):
            guard !response.isPreVote, response.isGranted else { return }
            invariant(durableHardState == hardState, "a vote that is not durable")
        case .appendResponse(let response):
            invariant(durableHardState.term == currentTerm, "an answer in a term that is not durable")
            invariant(response.match <= durableIndex, "match \(response.match) is not durable")
        case .voteRequest(let request):
            invariant(request.isPreVote || durableHardState == hardState, "a campaign not durable")
        case .append, .timeoutNow, .stepDown, .confirm, .confirmed: break
        }
    }
}
