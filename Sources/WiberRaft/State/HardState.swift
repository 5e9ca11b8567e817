public import WiberBase

/// What must be on disk before it is told to anybody: the term and the vote in it (Raft §5.1).
public struct HardState: Equatable, Sendable, CustomStringConvertible {
    /// The newest term that this node has seen.
    public var term: Term
    /// Who got this node's vote in that term; zero is nobody.
    public var votedFor: NodeID

    /// A term and the vote in it.
    public init(term: Term = .zero, votedFor: NodeID = .zero) {
        self.term = term
        self.votedFor = votedFor
    }

    /// `term=3 vote=2`.
    public var description: String { "term=\(term) vote=\(votedFor)" }
}
