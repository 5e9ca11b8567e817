import WiberBase

@testable import WiberRaft

/// One core and the words that it is given, for tests of a single rule.
struct SingleNode {
    var raft: Raft
    var now = Instant(nanoseconds: 1_000_000_000)
    var liveness = Liveness()

    init(
        id: UInt64 = 1,
        voters: [UInt64] = [1, 2, 3],
        hardState: HardState = HardState(),
        log: [UInt64] = [],
        options: RaftOptions = RaftOptions(seed: 1)
    ) {
        var runs: [EntryID] = []
        for (place, term) in log.enumerated() where runs.last?.term != Term(term) {
            runs.append(EntryID(index: LogIndex(UInt64(place + 1)), term: Term(term)))
        }
        raft = Raft(
            id: NodeID(id),
            options: options,
            hardState: hardState,
            log: RaftLog(
                runs: runs,
                last: LogIndex(UInt64(log.count)),
                initial: Configuration(voters: voters.map { NodeID($0) })
            ),
            commit: .zero,
            now: now
        )
    }

    /// Steps and returns what follows.
    mutating func step(_ input: Input) -> [Effect] {
        var effects: [Effect] = []
        raft.step(input, now: now, liveness: liveness, effects: &effects)
        return effects
    }

    mutating func receive(_ message: RaftMessage, from node: UInt64) -> [Effect] {
        step(.received(message, from: NodeID(node)))
    }

    /// Makes whatever hard state there is durable.
    mutating func persisted() -> [Effect] { step(.hardStateDurable(raft.hardState)) }

    /// Leads the next term; its no-op is durable, and committed by node 2.
    mutating func lead() {
        _ = step(.campaign)
        if raft.role == .preCandidate {
            let term = raft.currentTerm.next
            let answer = VoteResponse(term: term, isGranted: true, isPreVote: true)
            _ = receive(.voteResponse(answer), from: 2)
        }
        _ = persisted()
        let vote = VoteResponse(term: raft.currentTerm, isGranted: true)
        _ = receive(.voteResponse(vote), from: 2)
        for node: UInt64 in [2, 3] {
            _ = sent(to: node, through: raft.lastIndex.rawValue)
            _ = acknowledge(from: node)
        }
        _ = step(.logDurable(through: raft.lastIndex, term: raft.currentTerm))
    }

    mutating func sent(to node: UInt64, through: UInt64, bytes: Int = 100) -> [Effect] {
        step(
            .sent(
                to: NodeID(node),
                through: LogIndex(through),
                bytes: bytes,
                term: raft.currentTerm
            )
        )
    }

    /// A follower takes everything up to `match`, or all.
    mutating func acknowledge(from node: UInt64, match: UInt64? = nil) -> [Effect] {
        let index = match.map { LogIndex($0) } ?? raft.lastIndex
        let answer = AppendResponse(term: raft.currentTerm, match: index, verified: index)
        return receive(.appendResponse(answer), from: node)
    }

    /// An append of node `leader` with entries of these terms.
    mutating func append(
        from leader: UInt64 = 2,
        term: UInt64,
        previous: (index: UInt64, term: UInt64) = (0, 0),
        _ entries: [UInt64],
        commit: UInt64 = 0
    ) -> [Effect] {
        let request = AppendRequest(
            term: Term(term),
            previous: EntryID(index: LogIndex(previous.index), term: Term(previous.term)),
            commit: LogIndex(commit),
            entries: entries.map { AppendedEntry(term: Term($0), kind: .normal) }
        )
        return receive(.append(request), from: leader)
    }
}

extension [Effect] {
    /// The answers to appends among them.
    var appendAnswers: [AppendResponse] {
        compactMap {
            if case .send(.appendResponse(let answer), _) = $0 { answer } else { nil }
        }
    }

    /// Whom entries are to be collected for.
    var replications: [NodeID] {
        compactMap {
            if case .replicate(let node, _, _, _, _) = $0 { node } else { nil }
        }
    }
}
