import WiberBase

/// What only a leader has, besides its peers.
struct Leadership: Sendable {
    /// The no-op that the term began with; nothing before it is committed by counting.
    var termStart = LogIndex.zero
    /// When to look whether a quorum is alive.
    var quorumDeadline = Instant.distantFuture
    /// When to look who has not answered.
    var retryDeadline = Instant.distantFuture
    /// When the replication last got on, or began.
    var progressed = Instant.zero
    /// The bytes of proposals that are not committed.
    var uncommitted = InflightWindow()

    /// What an entry of the leader's own counts, in bytes.
    static let controlBytes = 256
}

/// Becoming a leader, and ceasing to be one.
extension Raft {
    /// Whether something of this leader's own term is committed: until then it does not know the
    /// commit index (Raft §8).
    var isTermCommitted: Bool { role == .leader && commitIndex >= leadership.termStart }

    mutating func becomeLeader(_ effects: inout [Effect]) {
        invariant(role == .candidate && isHardStateDurable, "\(id) leads as a \(role)")
        role = .leader
        leader = id
        leadership = Leadership()
        leadership.termStart = lastIndex.next
        leadership.progressed = now
        leadership.quorumDeadline = now + options.electionTimeoutMax
        election.clearVotes()
        refreshPeers(next: lastIndex.next)
        report(&effects)
        appendOwn(.noOp, &effects)
    }

    /// Appends an entry that the core itself wants.
    mutating func appendOwn(_ kind: EntryKind, _ effects: inout [Effect]) {
        let entry = EntryID(index: lastIndex.next, term: currentTerm)
        effects.append(.appendControl(entry, kind))
        entryAppended(kind, bytes: Leadership.controlBytes, &effects)
    }

    /// Takes an entry that the driver has appended.
    mutating func proposed(_ kind: EntryKind, _ bytes: Int, _ effects: inout [Effect]) {
        invariant(role == .leader, "a proposal at \(id), a \(role)")
        entryAppended(kind, bytes: max(0, bytes), &effects)
    }

    private mutating func entryAppended(
        _ kind: EntryKind,
        bytes: Int,
        _ effects: inout [Effect]
    ) {
        if lastIndex == commitIndex { leadership.progressed = now }
        log.append(currentTerm)
        leadership.uncommitted.append(through: lastIndex, bytes: bytes)
        if case .configuration(let configuration) = kind {
            log.push(configuration, at: lastIndex)
            configurationChanged(&effects)
        }
        for place in peers.indices { replicate(place, &effects) }
    }

    /// Leads no more, by its own decision, and says so.
    mutating func stepDown(_ effects: inout [Effect]) {
        for peer in peers { send(.stepDown(currentTerm), to: peer.node, &effects) }
        endLeadership(hasSuccessor: false, &effects)
        role = .follower
        leader = nil
        armElection()
        report(&effects)
    }

    /// Gives up what only a leader has.
    mutating func endLeadership(hasSuccessor: Bool, _ effects: inout [Effect]) {
        guard role == .leader else { return }
        failReads(&effects)
        endTransfer(succeeded: hasSuccessor, &effects)
        peers.removeAll()
        leadership = Leadership()
    }

    mutating func leaderTimedOut(_ liveness: Liveness, _ effects: inout [Effect]) {
        if let transfer, now >= transfer.deadline { endTransfer(succeeded: false, &effects) }
        if now >= leadership.quorumDeadline { checkQuorum(liveness, &effects) }
        if role == .leader, now >= leadership.retryDeadline { retry(&effects) }
    }

    /// Steps down without a quorum of fresh beats, or when the log makes no progress though the
    /// others' disks are well (rule 11).
    private mutating func checkQuorum(_ liveness: Liveness, _ effects: inout [Effect]) {
        let limit = options.electionTimeoutMax
        let oldest = configuration.quorumValue { node in
            node == id ? .max : liveness[node]?.nanoseconds ?? 0
        }
        let expiry =
            Mutant.quorumNotChecked.isOn ? now + limit : Instant(nanoseconds: oldest) + limit
        guard expiry > now else { return stepDown(&effects) }
        leadership.quorumDeadline = expiry
        guard lastIndex > commitIndex, !configuration.isSoleVoter(id) else {
            leadership.quorumDeadline = min(expiry, now + limit)
            return
        }
        let stalled = leadership.progressed + options.stallTimeout
        let isDiskWell = configuration.isQuorum { $0 == id || !liveness.isDiskStalled($0) }
        if now >= stalled, isDiskWell {
            election.notBefore = now + options.stallTimeout
            return stepDown(&effects)
        }
        leadership.quorumDeadline = min(expiry, now >= stalled ? now + limit : stalled)
    }
}
