import WiberBase
import WiberRaft

/// What traces print.
extension RaftLab {
    func show(_ line: @autoclosure () -> String) {
        if lines != nil { lines?.append(line()) }
    }

    func describe(_ message: RaftMessage) -> String {
        switch message {
        case .voteRequest(let request):
            var text = request.isPreVote ? "preVote" : "vote"
            if request.isTransfer { text += " transfer" }
            return "\(text) term=\(request.term) last=\(request.last)"
        case .voteResponse(let response):
            let text = response.isPreVote ? "preVote" : "vote"
            return "\(text) \(response.isGranted ? "granted" : "refused") term=\(response.term)"
        case .append(let request):
            var text = "append term=\(request.term) previous=\(request.previous)"
            text += " commit=\(request.commit)"
            if !request.entries.isEmpty {
                text += " entries=" + request.entries.map(describe).joined(separator: ",")
            }
            return request.isProbe ? text + " probe" : text
        case .appendResponse(let response):
            let text = "term=\(response.term) match=\(response.match) verified=\(response.verified)"
            return response.isRejected
                ? "append refused at \(response.refused) \(text) hint=\(response.hint)"
                : "append taken \(text)"
        case .timeoutNow(let term): return "timeoutNow term=\(term)"
        case .stepDown(let term): return "stepDown term=\(term)"
        case .confirm(let term, let round): return "confirm term=\(term) round=\(round)"
        case .confirmed(let term, let round): return "confirmed term=\(term) round=\(round)"
        }
    }

    private func describe(_ entry: AppendedEntry) -> String {
        switch entry.kind {
        case .normal: "\(entry.term)"
        case .noOp: "\(entry.term)(noOp)"
        case .configuration(let configuration): "\(entry.term)(\(configuration))"
        }
    }

    /// One line a node: role, term, log and what it knows about it.
    func showState() {
        for node in nodes {
            guard let raft = node.raft else {
                show("\(node.id): crashed")
                continue
            }
            let log = node.log.map(\.term.description).joined(separator: " ")
            show(
                "\(node.id): \(raft.role) term=\(raft.currentTerm) "
                    + "leader=\(raft.leader.map(\.description) ?? "none") "
                    + "commit=\(raft.commitIndex) durable=\(raft.durableIndex) log=[\(log)]"
            )
        }
    }
}
