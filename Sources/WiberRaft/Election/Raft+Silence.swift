package import WiberBase

/// For a simulator, which makes silence without waiting for it.
extension Raft {
    /// Nothing was heard from the leader, as far as this node knows.
    package mutating func forgetContact() { leaderHeard = .zero }

    /// An election is due at a certain time.
    package mutating func expectElection(at time: Instant) { election.deadline = time }
}
