package import WiberBase
package import WiberRaft

/// A server of figure 2 of the Raft paper, literal and slow, that follows a real core step by step
/// and refuses what the figure does not allow.
///
/// It never decides when something happens: whether to campaign, to step down, to answer or to wait
/// is the core's affair, and so are pre-votes, leases and transfers; what of it is safe, is not.
package struct ReferenceRaft: Sendable {
    /// An entry; the one at index 1 comes first.
    struct Entry: Equatable, Sendable {
        var term: Term
        var kind: EntryKind
    }

    let id: NodeID
    let initial: Configuration

    // MARK: Persistent state

    var currentTerm = Term.zero
    var votedFor = NodeID.zero
    var log: [Entry] = []
    /// What the disk has of it.
    var durableHardState = HardState()
    var durableLog: [Entry] = []

    // MARK: Volatile state

    var role = Role.follower
    var commitIndex = LogIndex.zero
    /// Who has given its vote in this term.
    var granted: Set<NodeID> = []
    /// What each server is known to hold durably, at a leader.
    var matchIndex: [NodeID: LogIndex] = [:]
    /// The log is that of this term's leader up to here, as its appends have shown.
    var verified = LogIndex.zero
    /// Who leads this term, as its messages have shown.
    var leader: NodeID?
    /// The newest round of confirmations that each server has answered, at a leader.
    var confirmed: [NodeID: UInt64] = [:]
    /// The newest round that was asked for.
    var round: UInt64 = 0
    /// By context: the commit index and the newest round when the read came.
    var reads: [UInt64: (index: LogIndex, round: UInt64)] = [:]

    /// A new server.
    package init(id: NodeID, configuration: Configuration) {
        self.id = id
        initial = configuration
    }

    var hardState: HardState { HardState(term: currentTerm, votedFor: votedFor) }
    var lastIndex: LogIndex { LogIndex(UInt64(log.count)) }
    var last: EntryID { EntryID(index: lastIndex, term: log.last?.term ?? .zero) }

    /// The last configuration in the log, committed or not (§6).
    var configuration: Configuration {
        for entry in log.reversed() {
            if case .configuration(let configuration) = entry.kind { return configuration }
        }
        return initial
    }

    /// The index of the entry that brought it; 0 if none did.
    var configurationIndex: LogIndex {
        for (place, entry) in log.enumerated().reversed() {
            if case .configuration = entry.kind { return LogIndex(UInt64(place + 1)) }
        }
        return .zero
    }

    /// `nil` behind the end of the log; index 0 has term 0.
    func term(at index: LogIndex) -> Term? {
        if index == .zero { return .zero }
        guard index <= lastIndex else { return nil }
        return log[Int(index.rawValue) - 1].term
    }

    /// A majority, or one of the old and one of the new configuration (§6).
    static func isMajority(
        of configuration: Configuration,
        _ condition: (NodeID) -> Bool
    ) -> Bool {
        [configuration.voters, configuration.outgoing ?? configuration.voters].allSatisfy {
            $0.count { condition($0) } * 2 > $0.count
        }
    }

    // MARK: The disk, and crashes

    /// A term and a vote are on the disk.
    package mutating func wrote(_ state: HardState) { durableHardState = state }

    /// Entries are on the disk, and what was there from `index` on is not.
    package mutating func wrote(_ entries: [(term: Term, kind: EntryKind)], from index: LogIndex) {
        durableLog.removeSubrange(min(durableLog.count, Int(index.rawValue) - 1)...)
        durableLog += entries.map { Entry(term: $0.term, kind: $0.kind) }
    }

    /// How much of the log is on the disk as it is in memory.
    var durableIndex: LogIndex {
        var count = 0
        while count < log.count, count < durableLog.count, log[count] == durableLog[count] {
            count += 1
        }
        return LogIndex(UInt64(count))
    }

    /// A process starts: it has what was persistent, and nothing else.
    package mutating func started(_ view: RaftView) throws(RaftRefusal) {
        var fresh = ReferenceRaft(id: id, configuration: initial)
        fresh.durableHardState = durableHardState
        fresh.durableLog = durableLog
        fresh.log = durableLog
        fresh.currentTerm = max(durableHardState.term, fresh.last.term)
        let isTermKnown = fresh.currentTerm == durableHardState.term
        fresh.votedFor = isTermKnown ? durableHardState.votedFor : .zero
        self = fresh
        try require(view.hardState == hardState, .persistentState) {
            "starts with \(view.hardState), its disk has \(hardState)"
        }
        try require(view.last == last, .persistentState) {
            "starts with a log to \(view.last), its disk has \(last)"
        }
        try require(view.role == .follower, .elections) { "starts as a \(view.role)" }
        try require(view.commitIndex == .zero, .commit) { "starts with \(view.commitIndex)" }
    }

    func require(
        _ condition: Bool,
        _ rule: RaftRefusal.Rule,
        _ text: () -> String
    ) throws(RaftRefusal) {
        if !condition { throw RaftRefusal(rule: rule, text: "\(id) \(text())") }
    }
}
