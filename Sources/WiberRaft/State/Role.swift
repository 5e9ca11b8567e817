public import WiberBase

/// What a node is in its group (Raft §5.1; pre-candidate: Raft thesis §9.6).
public enum Role: Equatable, Sendable {
    /// Takes entries from a leader, or waits for one.
    case follower
    /// Asks whether an election could be won, without changing any term.
    case preCandidate
    /// Asks for votes in a term of its own.
    case candidate
    /// Makes the entries of its term.
    case leader
}

/// What a node is now, and who leads as far as it knows.
public struct RoleChange: Equatable, Sendable, CustomStringConvertible {
    /// What the node is.
    public var role: Role
    /// The term in which it is that.
    public var term: Term
    /// `nil` until a leader of this term is heard from.
    public var leader: NodeID?

    /// A role in a term, under a leader.
    public init(role: Role, term: Term, leader: NodeID?) {
        self.role = role
        self.term = term
        self.leader = leader
    }

    /// `follower term=3 leader=2`.
    public var description: String {
        "\(role) term=\(term) leader=\(leader.map(\.description) ?? "none")"
    }
}

/// Why a leader, or a node that is none, takes no proposals now.
public enum ProposalRefusal: Equatable, Sendable {
    /// Another node leads, or none.
    case notLeader
    /// Leadership is on its way to another node.
    case transferring
    /// Too many bytes wait for their commit.
    case uncommittedLimit
}
