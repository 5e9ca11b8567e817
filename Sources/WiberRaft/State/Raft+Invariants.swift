import WiberBase

/// What a step may not change, remembered across it.
struct Fingerprint {
    let hardState: HardState
    let role: Role
    let commit: LogIndex
    let last: LogIndex

    init(_ raft: Raft) {
        hardState = raft.hardState
        role = raft.role
        commit = raft.commitIndex
        last = raft.lastIndex
    }
}

/// What always holds, looked at after every step.
extension Raft {
    /// Two states: the term never falls, a vote never moves, what is committed stays so.
    func checkTransition(from before: Fingerprint) {
        let term = hardState.term
        invariant(term >= before.hardState.term, "term \(before.hardState.term) → \(term)")
        let isSameTerm = term == before.hardState.term
        let isVoteKept =
            !isSameTerm || before.hardState.votedFor == .zero
            || before.hardState.votedFor == hardState.votedFor
        invariant(isVoteKept, "vote in \(before.hardState) moved to \(hardState.votedFor)")
        invariant(commitIndex >= before.commit, "commit \(before.commit) → \(commitIndex)")
        let wasLeader = before.role == .leader && isSameTerm && role == .leader
        invariant(!wasLeader || lastIndex >= before.last, "a leader's log shrank")
        invariant(persistence.requested == hardState, "\(hardState) was not asked to be durable")
        checkIndices()
        #if DEBUG
        checkState()
        #endif
    }

    /// One state, in constant time.
    private func checkIndices() {
        invariant(commitIndex <= lastIndex, "commit \(commitIndex), last \(lastIndex)")
        invariant(log.base.index <= commitIndex, "base \(log.base), commit \(commitIndex)")
        invariant(durableIndex <= lastIndex, "durable \(durableIndex), last \(lastIndex)")
        invariant(verifiedIndex <= lastIndex, "verified \(verifiedIndex), last \(lastIndex)")
        invariant(lastEntry.term <= currentTerm, "entry \(lastEntry) in term \(currentTerm)")
        let isElected = role != .leader || (hardState.votedFor == id && isHardStateDurable)
        invariant(isElected, "\(id) leads with \(hardState)")
    }

    /// One state, all of it.
    func checkState() {
        invariant(log.isConsistent, "the runs \(log.runs) from \(log.base) to \(lastIndex)")
        switch role {
        case .follower: invariant(leader != id, "\(id) follows itself")
        case .preCandidate: invariant(leader == nil, "a pre-candidate under \(leader ?? .zero)")
        case .candidate:
            invariant(hardState.votedFor == id, "a candidate that votes \(hardState.votedFor)")
            invariant(leader == nil, "a candidate under \(leader ?? .zero)")
        case .leader: checkLeader()
        }
        invariant(role == .leader || peers.isEmpty, "a \(role) with peers")
        invariant(role == .leader || transfer == nil, "a \(role) that transfers")
        invariant(role == .leader || reads.waiting.isEmpty, "a \(role) with reads")
    }

    private func checkLeader() {
        invariant(leader == id, "\(id) leads under \(leader ?? .zero)")
        let start = log.term(at: leadership.termStart)
        let isTermBegun = start == currentTerm || leadership.termStart <= log.base.index
        invariant(isTermBegun, "term \(currentTerm) did not begin at \(leadership.termStart)")
        let members = configuration.members.filter { $0 != id }
        invariant(peers.map(\.node) == members, "peers \(peers.map(\.node)), members \(members)")
        for peer in peers {
            invariant(peer.match <= lastIndex, "\(peer.node) matches \(peer.match)")
            invariant(peer.next > peer.match, "\(peer.node) gets \(peer.next) next")
            invariant(peer.next <= lastIndex.next, "\(peer.node) gets \(peer.next) next")
            invariant(
                peer.inflight.count <= options.inflightAppendsMax,
                "\(peer.inflight.count) appends on their way to \(peer.node)"
            )
        }
    }
}
