import WiberBase
import WiberRaft

/// What is committed, and what is known to be the leader's.
extension ReferenceRaft {
    /// An append that fits shows that the log is the leader's, as far as the append goes (§5.3).
    mutating func verify(_ request: AppendRequest, from node: NodeID) {
        guard request.term == currentTerm, role != .leader else { return }
        let previous = request.previous
        guard term(at: previous.index) == previous.term else { return }
        var index = previous.index
        for entry in request.entries {
            guard term(at: index.next) == entry.term else { return }
            index = index.next
        }
        verified = max(verified, index)
    }

    /// "If there exists an N such that N > commitIndex, a majority of matchIndex[i] ≥ N, and
    /// log[N].term == currentTerm: set commitIndex = N"; "if leaderCommit > commitIndex, set
    /// commitIndex = min(leaderCommit, index of last new entry)".
    mutating func advanceCommit(
        to index: LogIndex,
        _ input: Input,
        _ before: ReferenceRaft
    ) throws(RaftRefusal) {
        try require(index >= commitIndex, .commit) { "goes from \(commitIndex) to \(index)" }
        try require(index <= lastIndex, .commit) { "commits \(index), and has \(last)" }
        if case .received(.append(let request), let node) = input { verify(request, from: node) }
        guard index > commitIndex else { return }
        if role == .leader || before.role == .leader {
            try advanceLeaderCommit(to: index, by: before.configuration)
        } else {
            guard case .received(.append(let request), _) = input else {
                throw RaftRefusal(rule: .commit, text: "\(id) commits \(index) by itself")
            }
            try require(request.term == currentTerm && index <= request.commit, .commit) {
                "commits \(index), and was told \(request.commit)"
            }
            try require(index <= verified, .commit) {
                "commits \(index), and only \(verified) is the leader's"
            }
        }
        commitIndex = index
    }

    /// By the configuration that was in force before the step: one that the commit itself brings
    /// does not count yet.
    private func advanceLeaderCommit(
        to index: LogIndex,
        by configuration: Configuration
    ) throws(RaftRefusal) {
        try require(term(at: index) == currentTerm, .commit) {
            "commits \(index) of term \(term(at: index) ?? .zero) in term \(currentTerm)"
        }
        let own = durableIndex
        let isHeld = Self.isMajority(of: configuration) { node in
            node == id ? own >= index : matchIndex[node] ?? .zero >= index
        }
        try require(isHeld, .commit) {
            "commits \(index), has \(own) and knows \(matchIndex.sorted { $0.key < $1.key })"
                + " of \(configuration)"
        }
    }
}
