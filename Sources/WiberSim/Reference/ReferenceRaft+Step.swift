import WiberBase
import WiberRaft

/// A step: its input, its transition, its effects in order, and what is left.
extension ReferenceRaft {
    /// Follows a step.
    package mutating func observe(_ step: RaftObservation) throws(RaftRefusal) {
        let before = self
        take(step.input)
        try changeTerm(to: step.after.hardState, step.input)
        try changeRole(to: step.after.role, before.role)
        for effect in step.effects {
            try follow(effect, step, wasLeader: before.role == .leader)
        }
        if before.role == .leader, role == .leader {
            try require(lastIndex >= before.lastIndex, .leaderAppendOnly) { "shortened its log" }
        }
        try advanceCommit(to: step.after.commitIndex, step.input, before)
        try compare(step, before)
    }

    /// What a message, or the driver, tells.
    private mutating func take(_ input: Input) {
        switch input {
        case .proposed(let kind, _): log.append(Entry(term: currentTerm, kind: kind))
        case .received(.voteResponse(let response), let node):
            guard response.isGranted, !response.isPreVote else { return }
            if response.term == currentTerm { granted.insert(node) }
        case .received(.appendResponse(let response), let node):
            guard response.term == currentTerm, role == .leader, response.match <= lastIndex else {
                return
            }
            if !response.isRejected {
                matchIndex[node] = max(matchIndex[node] ?? .zero, response.match)
            }
        case .received(.confirmed(let term, let round), let node):
            if term == currentTerm { confirmed[node] = max(confirmed[node] ?? 0, round) }
        case .laneOpened(let node, let isSame, _): if !isSame { matchIndex[node] = .zero }
        case .restarted(let node): matchIndex[node] = .zero
        case .readIndex(let context): reads[context] = (commitIndex, round)
        case .received, .deadline, .sent, .logDurable, .hardStateDurable, .laneEnded, .laneRefused,
            .transfer, .changeConfiguration, .campaign, .compacted, .restored:
            break
        }
    }

    // MARK: Terms and roles

    /// "If RPC request or response contains term T > currentTerm: set currentTerm = T"; "on
    /// conversion to candidate: increment currentTerm, vote for self".
    private mutating func changeTerm(
        to state: HardState,
        _ input: Input
    ) throws(RaftRefusal) {
        try require(state.term >= currentTerm, .terms) { "goes from \(hardState) to \(state)" }
        if state.term > currentTerm {
            let isCandidacy = state.term == currentTerm.next && state.votedFor == id
            var isTold = false
            if case .received(let message, _) = input { isTold = message.spreads(state.term) }
            try require(isCandidacy || isTold, .terms) {
                "goes from \(hardState) to \(state), and nobody told it to"
            }
            forgetTerm()
            currentTerm = state.term
        }
        guard state.votedFor != votedFor else { return }
        try require(votedFor == .zero, .votes) {
            "votes for \(votedFor) and \(state.votedFor) in term \(currentTerm)"
        }
        if state.votedFor != id {
            guard case .received(.voteRequest(let request), let candidate) = input else {
                throw RaftRefusal(rule: .votes, text: "\(id) votes, and nobody asked it")
            }
            let isAsked =
                candidate == state.votedFor && request.term == currentTerm && !request.isPreVote
            try require(isAsked, .votes) { "votes for \(state.votedFor), who did not ask" }
            try require(isUpToDate(request.last), .votes) {
                "votes for \(candidate) with \(request.last), and has \(last)"
            }
        }
        votedFor = state.votedFor
    }

    private mutating func forgetTerm() {
        votedFor = .zero
        granted = []
        matchIndex = [:]
        confirmed = [:]
        round = 0
        reads = [:]
        verified = .zero
        leader = nil
    }

    /// "At least as up-to-date as receiver's log" (§5.4.1).
    func isUpToDate(_ candidate: EntryID) -> Bool {
        (candidate.term, candidate.index) >= (last.term, last.index)
    }

    private mutating func changeRole(to new: Role, _ old: Role) throws(RaftRefusal) {
        role = new
        switch new {
        case .follower: break
        case .preCandidate: try require(old != .leader, .elections) { "asks, and leads" }
        case .candidate:
            try require(votedFor == id, .elections) { "is a candidate and votes \(votedFor)" }
        case .leader:
            guard old != .leader else { return }
            try require(votedFor == id && durableHardState == hardState, .elections) {
                "leads with \(hardState), and its disk has \(durableHardState)"
            }
            granted.insert(id)
            try require(Self.isMajority(of: configuration, granted.contains), .elections) {
                "leads term \(currentTerm) by the votes of \(granted.sorted())"
            }
            leader = id
            matchIndex = [:]
            confirmed = [:]
        }
    }

    private func compare(_ step: RaftObservation, _ before: ReferenceRaft) throws(RaftRefusal) {
        let after = step.after
        try require(after.last == last, .state) { "has a log to \(after.last), not to \(last)" }
        try require(after.configuration == configuration, .configurations) {
            "goes by \(after.configuration), and its log by \(configuration)"
        }
        if hardState != before.hardState {
            try require(step.effects.contains(.persist(hardState)), .persistentState) {
                "does not make \(hardState) durable"
            }
        }
        if commitIndex != before.commitIndex {
            try require(step.effects.contains(.committed(through: commitIndex)), .commit) {
                "does not say that \(commitIndex) is committed"
            }
        }
    }
}

extension RaftMessage {
    /// Whether a server that gets it may go on to that term; a pre-vote's term is only a question,
    /// unless it is refused.
    fileprivate func spreads(_ term: Term) -> Bool {
        switch self {
        case .voteRequest(let request): request.term == term && !request.isPreVote
        case .voteResponse(let response):
            response.term == term && !(response.isPreVote && response.isGranted)
        case .timeoutNow(let current): current == term || current.next == term
        case .append, .appendResponse, .stepDown, .confirm, .confirmed: self.term == term
        }
    }
}
