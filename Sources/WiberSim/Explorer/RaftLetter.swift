import WiberBase
import WiberRaft

/// A message on its way, with the entries that travel beside it.
struct RaftLetter: Equatable, Sendable {
    let from: Int
    let to: Int
    let message: RaftMessage
    let entries: [RaftEntry]
    /// Equal letters have equal hashes.
    let hash: StateHash

    init(from: Int, to: Int, message: RaftMessage, entries: [RaftEntry] = []) {
        self.from = from
        self.to = to
        self.message = message
        self.entries = entries
        var encoder = StateEncoder()
        encoder.count(from)
        encoder.count(to)
        message.encode(into: &encoder)
        entries.encode(into: &encoder)
        hash = StateHash(encoder.bytes)
    }

    /// Whether both go from the same node to the same.
    func isOnSameWay(as other: RaftLetter) -> Bool { from == other.from && to == other.to }

    /// `1→2 vote request term=1 last=0/0`.
    var summary: String { "\(from + 1)→\(to + 1) \(message.summary)" }
}

extension RaftMessage {
    /// What a trace shows of it.
    var summary: String {
        switch self {
        case .voteRequest(let request):
            "\(request.isPreVote ? "pre-" : "")vote request term=\(request.term) last=\(request.last)"
        case .voteResponse(let response):
            "\(response.isPreVote ? "pre-" : "")vote \(response.isGranted ? "granted" : "refused") "
                + "term=\(response.term)"
        case .append(let request):
            "append term=\(request.term) previous=\(request.previous) "
                + "entries=\(request.entries.map { "\($0.term)" }.joined(separator: ",")) "
                + "commit=\(request.commit)"
        case .appendResponse(let response):
            "append \(response.isRejected ? "rejected" : "taken") term=\(response.term) "
                + "match=\(response.match) verified=\(response.verified)"
        case .timeoutNow(let term): "timeout now term=\(term)"
        case .stepDown(let term): "stepped down term=\(term)"
        case .confirm(let term, let round): "confirm term=\(term) round=\(round)"
        case .confirmed(let term, let round): "confirmed term=\(term) round=\(round)"
        }
    }
}
