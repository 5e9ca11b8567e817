import WiberBase
import WiberRaft

/// Messages: any order, any delay, and some never.
extension RaftWorld {
    mutating func post(
        _ message: RaftMessage,
        _ entries: [RaftEntry],
        _ place: Int,
        _ node: NodeID
    ) {
        noteVote(message, place, node)
        guard let to = self.place(of: node) else { return }
        let letter = RaftLetter(from: place, to: to, message: message, entries: entries)
        if bounds.isPreVoteAtOnce, message.isPreVote { return carryAtOnce(letter) }
        guard let slot = slot(of: letter) else { return }
        if letters.count < bounds.lettersMax { letters.insert(letter, at: slot) }
    }

    /// Where the letter belongs; `nil` if one like it is on its way.
    private func slot(of letter: RaftLetter) -> Int? {
        if letters.contains(where: { $0.hash == letter.hash }) { return nil }
        for (place, other) in letters.enumerated() {
            if letter.isOnSameWay(as: other) {
                if !bounds.isInOrder, letter.hash < other.hash { return place }
            } else if (letter.from, letter.to) < (other.from, other.to) {
                return place
            }
        }
        return letters.count
    }

    /// Takes answers away that nobody waits for any more, and never will.
    mutating func dropDeadLetters() {
        letters.removeAll { letter in
            let receiver = replicas[letter.to].value
            return letter.message.isAnswer
                && letter.message.term <= receiver.diskHardState.term
                && !receiver.awaitsAnswers(in: letter.message.term)
        }
    }

    private mutating func carryAtOnce(_ letter: RaftLetter) {
        guard let (candidate, voter) = preVote else { return }
        let isRequest = letter.from == candidate && letter.to == voter
        let isAnswer = letter.from == voter && letter.to == candidate
        if isRequest || isAnswer { preVoteLetters.append(letter) }
    }

    /// A vote counts from when it is told.
    private mutating func noteVote(_ message: RaftMessage, _ place: Int, _ node: NodeID) {
        let id = replicas[place].value.id
        switch message {
        case .voteRequest(let request):
            if !request.isPreVote { fail(history.voted(id, for: id, in: request.term)) }
        case .voteResponse(let response):
            if response.isGranted, !response.isPreVote {
                fail(history.voted(id, for: node, in: response.term))
            }
        case .append, .appendResponse, .timeoutNow, .stepDown, .confirm, .confirmed: break
        }
    }

    mutating func deliver(_ letter: RaftLetter) {
        let from = replicas[letter.from].value.id
        step(
            letter.to,
            .received(bent(letter), from: from),
            entries: letter.entries,
            asSent: .received(letter.message, from: from)
        )
    }

    /// The message as it arrives: as it was sent, unless the driver misbehaves.
    private func bent(_ letter: RaftLetter) -> RaftMessage {
        switch (letter.message, misbehaviour) {
        case (.voteRequest(var request), .upToDateCheckSkipped):
            request.last = EntryID(index: LogIndex(1 << 40), term: Term(1 << 40))
            return .voteRequest(request)
        case (.append(var request), .commitTooHigh):
            let count = UInt64(request.entries.count)
            request.commit = LogIndex(request.previous.index.rawValue + count)
            return .append(request)
        case (.append(var request), .previousNotChecked):
            let index = request.previous.index
            let term = replicas[letter.to].value.raft?.log.term(at: index)
            request.previous.term = min(term ?? request.previous.term, request.term)
            return .append(request)
        case (.voteRequest, _), (.voteResponse, _), (.append, _), (.appendResponse, _),
            (.timeoutNow, _), (.stepDown, _), (.confirm, _), (.confirmed, _):
            return letter.message
        }
    }
}

extension RaftReplica {
    /// Whether it stands for election in that term, or leads it.
    fileprivate func awaitsAnswers(in term: Term) -> Bool {
        guard let raft, raft.currentTerm == term else { return false }
        switch raft.role {
        case .follower, .preCandidate: return false
        case .candidate, .leader: return true
        }
    }
}

extension RaftMessage {
    /// Whether only the candidate or leader of its very term cares; of a pre-vote nobody knows.
    fileprivate var isAnswer: Bool {
        switch self {
        case .voteResponse(let response): !response.isPreVote
        case .appendResponse, .confirmed: true
        case .voteRequest, .append, .timeoutNow, .stepDown, .confirm: false
        }
    }

    var isPreVote: Bool {
        switch self {
        case .voteRequest(let request): request.isPreVote
        case .voteResponse(let response): response.isPreVote
        case .append, .appendResponse, .timeoutNow, .stepDown, .confirm, .confirmed: false
        }
    }
}
