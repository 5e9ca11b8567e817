import WiberBase
import WiberRaft

/// What was promised so far, as somebody saw who sees all nodes, also before they crashed.
struct RaftHistory {
    struct Vote: Equatable {
        var term: Term
        var voter: NodeID
        var candidate: NodeID
    }
    struct Committed: Equatable {
        var entry: RaftEntry
        /// The term in which the first node knew it.
        var by: Term
    }

    /// By term, ascending.
    private(set) var leaders: [(term: Term, node: NodeID)] = []
    /// By term and voter, ascending.
    private(set) var votes: [Vote] = []
    /// The entry at index 1 first.
    private(set) var committed: [Committed] = []

    /// - Returns: what is wrong with it.
    mutating func elected(_ node: NodeID, in term: Term) -> String? {
        if let other = leaders.first(where: { $0.term == term })?.node {
            return other == node
                ? "\(node) is elected twice in term \(term)"
                : "\(other) and \(node) lead term \(term)"
        }
        let place = leaders.firstIndex { $0.term > term } ?? leaders.count
        leaders.insert((term, node), at: place)
        return nil
    }

    /// - Returns: what is wrong with it.
    mutating func voted(_ voter: NodeID, for candidate: NodeID, in term: Term) -> String? {
        if let before = votes.first(where: { $0.term == term && $0.voter == voter }) {
            return before.candidate == candidate
                ? nil : "\(voter) votes for \(before.candidate) and \(candidate) in term \(term)"
        }
        let place =
            votes.firstIndex { ($0.term, $0.voter) > (term, voter) } ?? votes.count
        votes.insert(Vote(term: term, voter: voter, candidate: candidate), at: place)
        return nil
    }

    /// - Returns: what is wrong with it.
    mutating func committed(_ entry: RaftEntry, at index: LogIndex, by term: Term) -> String? {
        let place = Int(index.rawValue) - 1
        if place < committed.count {
            return committed[place].entry == entry ? nil : "two entries are committed at \(index)"
        }
        committed.append(Committed(entry: entry, by: term))
        return nil
    }

    func encode(into encoder: inout StateEncoder) {
        encoder.count(leaders.count)
        for (term, node) in leaders {
            encoder.number(term.rawValue)
            encoder.number(node.rawValue)
        }
        encoder.count(votes.count)
        for vote in votes {
            encoder.number(vote.term.rawValue)
            encoder.number(vote.voter.rawValue)
            encoder.number(vote.candidate.rawValue)
        }
        committed.map(\.entry).encode(into: &encoder)
        for known in committed { encoder.number(known.by.rawValue) }
    }
}
