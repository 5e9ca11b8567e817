import WiberBase
import WiberRaft

/// What a step asks for: changes of the log, and messages.
extension ReferenceRaft {
    mutating func follow(
        _ effect: Effect,
        _ step: RaftObservation,
        wasLeader: Bool
    ) throws(RaftRefusal) {
        switch effect {
        case .persist(let state):
            try require(state == hardState, .persistentState) {
                "makes \(state) durable, and has \(hardState)"
            }
        case .appendControl(let entry, let kind): try appendControl(entry, kind)
        case .accept(let from, let through): try accept(from, through, step.input)
        case .send(let message, let node):
            try send(message, to: node, step, wasLeader: wasLeader)
        case .replicate(let node, let request, let from, let through, _):
            try checkAppend(request, to: node, wasLeader: wasLeader)
            let isNext = request.previous.index.next == from && from <= through
            try require(isNext && through <= lastIndex, .messages) {
                "sends \(from) to \(through) behind \(request.previous)"
            }
        case .readReady(let context, let index):
            try checkRead(context, index, commit: step.after.commitIndex)
        case .committed(let through):
            try require(through <= lastIndex, .commit) { "commits \(through), and has \(last)" }
        case .role, .readFailed, .configuration, .transferEnded, .snapshotNeeded: break
        }
    }

    /// "It exchanges heartbeat messages with a majority of the cluster before responding".
    private mutating func checkRead(
        _ context: UInt64,
        _ index: LogIndex,
        commit: LogIndex
    ) throws(RaftRefusal) {
        guard let read = reads.removeValue(forKey: context), role == .leader else {
            throw RaftRefusal(rule: .reads, text: "\(id) reads for \(context) as a \(role)")
        }
        try require(index >= read.index && index <= commit, .reads) {
            "reads at \(index), and \(read.index) was committed before it was asked"
        }
        // Only then a leader knows what is committed (§8).
        let hasCommittedOwn = log.prefix(Int(commit.rawValue)).contains { $0.term == currentTerm }
        try require(hasCommittedOwn, .reads) {
            "reads at \(index) before an entry of term \(currentTerm) is committed"
        }
        let isConfirmed = Self.isMajority(of: configuration) { node in
            node == id || confirmed[node] ?? 0 > read.round
        }
        try require(isConfirmed, .reads) {
            "reads at \(index), confirmed by \(confirmed.keys.sorted()) only"
        }
    }

    // MARK: The log

    private mutating func appendControl(
        _ entry: EntryID,
        _ kind: EntryKind
    ) throws(RaftRefusal) {
        try require(role == .leader, .leaderAppendOnly) { "makes \(entry) as a \(role)" }
        let next = EntryID(index: lastIndex.next, term: currentTerm)
        try require(entry == next, .leaderAppendOnly) { "makes \(entry), and \(next) is next" }
        if case .configuration(let new) = kind {
            let current = configuration
            let isLeaving = current.isJoint && !new.isJoint && new.voters == current.voters
            let isBegun =
                !current.isJoint && (new.outgoing == current.voters || new.voters == current.voters)
            try require(isLeaving || isBegun, .configurations) { "goes from \(current) to \(new)" }
        }
        log.append(Entry(term: currentTerm, kind: kind))
    }

    /// "Reply false if log doesn't contain an entry at prevLogIndex whose term matches"; "if an
    /// existing entry conflicts with a new one, delete it and all that follow"; "append any new".
    private mutating func accept(
        _ from: LogIndex,
        _ through: LogIndex,
        _ input: Input
    ) throws(RaftRefusal) {
        guard case .received(.append(let request), _) = input, request.term == currentTerm else {
            throw RaftRefusal(rule: .consistencyCheck, text: "\(id) takes what nobody sent")
        }
        try require(role != .leader, .leaderAppendOnly) { "takes entries and leads" }
        let previous = request.previous
        try require(term(at: previous.index) == previous.term, .consistencyCheck) {
            "takes entries behind \(previous), and has \(last)"
        }
        let end = previous.index.rawValue + UInt64(request.entries.count)
        try require(from > previous.index && through.rawValue == end, .consistencyCheck) {
            "takes \(from) to \(through) of an append from \(previous) to \(end)"
        }
        var index = previous.index.next
        while index < from {
            let isThere = term(at: index) == request.term(at: index)
            try require(isThere, .consistencyCheck) { "skips \(index), which it does not have" }
            index = index.next
        }
        let conflicts = term(at: from) != request.term(at: from)
        try require(conflicts, .truncation) { "deletes \(from), which it has" }
        try require(from > commitIndex, .truncation) {
            "deletes \(from), and \(commitIndex) is committed"
        }
        log.removeSubrange((Int(from.rawValue) - 1)...)
        for entry in request.entries.suffix(Int(through.rawValue - from.rawValue) + 1) {
            log.append(Entry(term: entry.term, kind: entry.kind))
        }
    }

    // MARK: Messages

    private mutating func send(
        _ message: RaftMessage,
        to node: NodeID,
        _ step: RaftObservation,
        wasLeader: Bool
    ) throws(RaftRefusal) {
        switch message {
        case .voteRequest(let request): try checkVoteRequest(request)
        case .voteResponse(let response): try checkVote(response, to: node, step.input)
        case .append(let request): try checkAppend(request, to: node, wasLeader: wasLeader)
        case .appendResponse(let response):
            try checkAnswer(response, to: node, step.input)
        case .timeoutNow(let term):
            try checkTerm(term)
            let match = matchIndex[node] ?? .zero
            try require(role == .leader && match == lastIndex, .messages) {
                "hands over to \(node), which has \(match) of \(last)"
            }
        case .stepDown(let term):
            try checkTerm(term)
            try require(wasLeader, .messages) { "steps down, and did not lead" }
        case .confirm(let term, let round):
            try checkTerm(term)
            try require(role == .leader || wasLeader, .messages) {
                "asks to be confirmed as a \(role)"
            }
            self.round = max(self.round, round)
        case .confirmed(let term, _):
            try checkTerm(term)
            try require(role != .leader, .messages) { "confirms \(node) and leads" }
        }
    }

    /// What is said of a term is said when that term is on the disk.
    private func checkTerm(_ term: Term) throws(RaftRefusal) {
        try require(term == currentTerm, .messages) { "speaks of term \(term) in \(currentTerm)" }
        try require(durableHardState.term >= term, .durableBeforeAnswer) {
            "speaks of term \(term), and its disk of \(durableHardState.term)"
        }
    }

    private func checkVoteRequest(_ request: VoteRequest) throws(RaftRefusal) {
        // It may have waited for the disk while the log grew.
        try require(request.last <= last, .messages) { "claims \(request.last), and has \(last)" }
        if request.isPreVote {
            return try require(request.term == currentTerm.next, .messages) {
                "asks for \(request.term) in \(currentTerm)"
            }
        }
        try checkTerm(request.term)
        try require(
            durableHardState == HardState(term: request.term, votedFor: id),
            .durableBeforeAnswer
        ) { "stands in \(request.term), and its disk has \(durableHardState)" }
    }

    private func checkVote(
        _ response: VoteResponse,
        to node: NodeID,
        _ input: Input
    ) throws(RaftRefusal) {
        guard response.isGranted else { return try checkTerm(response.term) }
        if response.isPreVote {
            guard case .received(.voteRequest(let request), node) = input else { return }
            return try require(isUpToDate(request.last) && role != .leader, .votes) {
                "would vote for \(request.last) as a \(role), and has \(last)"
            }
        }
        try checkTerm(response.term)
        let promised = HardState(term: response.term, votedFor: node)
        try require(hardState == promised, .votes) { "tells \(node) of a vote, has \(hardState)" }
        try require(durableHardState == promised, .durableBeforeAnswer) {
            "tells \(node) of a vote in \(response.term), its disk has \(durableHardState)"
        }
    }

    private func checkAppend(
        _ request: AppendRequest,
        to node: NodeID,
        wasLeader: Bool
    ) throws(RaftRefusal) {
        try checkTerm(request.term)
        try require(role == .leader || wasLeader, .messages) { "sends entries as a \(role)" }
        try require(term(at: request.previous.index) == request.previous.term, .messages) {
            "sends behind \(request.previous), which it does not have"
        }
        try require(request.commit <= lastIndex, .commit) {
            "tells \(node) that \(request.commit) is committed"
        }
    }

    /// What is acknowledged is the leader's, and on the disk.
    private mutating func checkAnswer(
        _ response: AppendResponse,
        to node: NodeID,
        _ input: Input
    ) throws(RaftRefusal) {
        try checkTerm(response.term)
        try require(response.match <= durableIndex, .durableBeforeAnswer) {
            "acknowledges \(response.match), and its disk has \(durableIndex)"
        }
        if case .received(.append(let request), node) = input { verify(request, from: node) }
        try require(response.match <= verified && response.verified <= verified, .consistencyCheck)
        { "acknowledges \(response.verified), and only \(verified) is the leader's" }
        guard response.isRejected, response.refused > .zero,
            case .received(.append(let request), node) = input
        else { return }
        try require(term(at: request.previous.index) != request.previous.term, .consistencyCheck) {
            "rejects \(request.previous), which it has"
        }
    }
}

extension AppendRequest {
    /// `nil` outside of what it brings.
    fileprivate func term(at index: LogIndex) -> Term? {
        guard index > previous.index else { return nil }
        let place = index.rawValue - previous.index.rawValue - 1
        return place < entries.count ? entries[Int(place)].term : nil
    }
}
