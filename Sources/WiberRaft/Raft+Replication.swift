import WiberBase

/// Replication: entries to followers, acknowledgements of what is durable, commit by count in the
/// own term only (Raft §5.3, §5.4.2).
extension Raft {
    // MARK: The leader's log

    mutating func proposed(
        _ kind: EntryKind,
        _ bytes: Int,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        invariant(role == .leader, "a proposal to a \(role)")
        log.append(term: currentTerm, kind: kind)
        uncommitted.append(Progress.Inflight(last: lastIndex, bytes: bytes))
        uncommittedBytes += bytes
        if stalledSince == nil { stalledSince = now }
        if case .configuration = kind { configurationAppended(now, &effects) }
        replicateToAll(now, &effects)
    }

    /// Appends an entry that the leader makes itself.
    mutating func appendOwn(
        _ kind: EntryKind,
        bytes: Int,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        effects.append(
            .appendControl(EntryID(index: lastIndex.next, term: currentTerm), kind)
        )
        proposed(kind, bytes, now, &effects)
    }

    mutating func logDurable(
        _ through: LogIndex,
        _ term: Term,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        // A completion of an earlier term may be about entries that have been replaced since.
        guard term == currentTerm, through <= lastIndex, through > durableIndex else { return }
        durableIndex = through
        acknowledge(&effects)
        if role == .leader { advanceCommit(now, &effects) }
    }

    mutating func advanceCommit(_ now: Instant, _ effects: inout [Effect]) {
        let index = configuration.quorumIndex { node in
            node == id ? durableIndex : peers.first { $0.node == node }?.match ?? .zero
        }
        guard index > commitIndex, log.term(at: index) == currentTerm else { return }
        commitIndex = index
        while let first = uncommitted.first, first.last <= index {
            uncommitted.popFirst()
            uncommittedBytes -= first.bytes
        }
        stalledSince = uncommitted.isEmpty ? nil : now
        effects.append(.committed(through: index))
        beginWaitingReads(now, &effects)
        if finishConfiguration(now, &effects) { return }
        replicateToAll(now, &effects)
        log.forgetConfigurations(committed: commitIndex)
    }

    // MARK: To followers

    mutating func replicateToAll(_ now: Instant, _ effects: inout [Effect]) {
        for place in peers.indices { replicate(place, now, &effects) }
    }

    /// Sends what a follower lacks, or tells it the commit index, within the limits.
    private mutating func replicate(_ place: Int, _ now: Instant, _ effects: inout [Effect]) {
        let peer = peers[place]
        guard peer.isReachable, !peer.isCollecting, peer.state != .snapshot else { return }
        if peer.state == .probe, peer.probeSentAt != nil { return }
        guard peer.next > log.base.index, let term = log.term(at: peer.next.previous) else {
            peers[place].state = .snapshot
            effects.append(.snapshotNeeded(peer.node))
            return
        }
        let request = AppendRequest(
            term: currentTerm,
            previous: EntryID(index: peer.next.previous, term: term),
            commit: commitIndex,
            entries: []
        )
        let isProbe = peer.state == .probe
        if peer.next > lastIndex || (isProbe && peer.match == .zero && peer.next > LogIndex(1)) {
            guard isProbe || peer.commitSent < commitIndex else { return }
            peers[place].commitSent = commitIndex
            if isProbe {
                peers[place].probeSentAt = now
                peers[place].probeFrom = peer.next
            }
            return effects.append(.send(.append(request), to: peer.node))
        }
        guard peer.inflight.count < options.inflightMessagesMax,
            peer.inflightBytes < options.inflightBytesMax
        else { return }
        peers[place].isCollecting = true
        peers[place].commitSent = commitIndex
        effects.append(
            .replicate(
                to: peer.node,
                request: request,
                from: peer.next,
                through: lastIndex,
                byteBudget: min(
                    options.appendBytesMax,
                    options.inflightBytesMax - peer.inflightBytes
                )
            )
        )
    }

    mutating func sent(
        _ node: NodeID,
        _ through: LogIndex,
        _ bytes: Int,
        _ term: Term,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard role == .leader, term == currentTerm,
            let place = peers.firstIndex(where: { $0.node == node }), peers[place].isCollecting
        else { return }
        peers[place].isCollecting = false
        guard through >= peers[place].next, through <= lastIndex else { return }
        let from = peers[place].next
        peers[place].next = through.next
        peers[place].inflight.append(Progress.Inflight(last: through, bytes: bytes))
        peers[place].inflightBytes += bytes
        if peers[place].state == .probe {
            peers[place].probeSentAt = now
            peers[place].probeFrom = from
        } else if peers[place].next <= lastIndex {
            replicate(place, now, &effects)
        }
    }

    /// What may have been lost, or was held back, is tried again.
    mutating func resend(_ now: Instant, _ effects: inout [Effect]) {
        for place in peers.indices {
            if let since = peers[place].probeSentAt, now.since(since) > .milliseconds(300) {
                peers[place].probe(from: peers[place].probeFrom)
            }
            replicate(place, now, &effects)
        }
        resendRound(now, &effects)
    }

    mutating func setReachable(_ node: NodeID, _ isReachable: Bool) {
        guard let place = peers.firstIndex(where: { $0.node == node }) else { return }
        peers[place].isReachable = isReachable
        if !isReachable { peers[place].probe(from: restart(place)) }
    }

    mutating func reconnected(
        _ node: NodeID,
        _ isSameIncarnation: Bool,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard let place = peers.firstIndex(where: { $0.node == node }) else { return }
        peers[place].isReachable = true
        peers[place].commitSent = .zero
        if isSameIncarnation {
            peers[place].probe(from: restart(place))
        } else {
            peers[place].match = .zero
            peers[place].probe(from: lastIndex.next)
        }
        replicate(place, now, &effects)
    }

    /// Where to begin again: after what is known to match, or at the end, to ask.
    private func restart(_ place: Int) -> LogIndex {
        peers[place].match == .zero ? lastIndex.next : peers[place].match.next
    }

    /// Tells a node that looks for a leader that there is one.
    mutating func reassure(_ node: NodeID, _ effects: inout [Effect]) {
        guard let peer = peers.first(where: { $0.node == node }),
            let term = log.term(at: peer.match)
        else { return }
        let request = AppendRequest(
            term: currentTerm,
            previous: EntryID(index: peer.match, term: term),
            commit: commitIndex,
            entries: []
        )
        effects.append(.send(.append(request), to: node))
    }

    mutating func receive(
        _ response: AppendResponse,
        _ follower: NodeID,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        if response.term > currentTerm {
            return becomeFollower(term: response.term, leader: nil, now, &effects)
        }
        guard role == .leader, response.term == currentTerm,
            let place = peers.firstIndex(where: { $0.node == follower })
        else { return }
        peers[place].isReachable = true
        if response.isRejected {
            rejected(place, response)
        } else {
            guard response.match <= lastIndex else { return }
            accepted(place, response)
            advanceCommit(now, &effects)
            continueTransfer(now, &effects)
        }
        guard role == .leader, place < peers.count else { return }
        replicate(place, now, &effects)
    }

    private mutating func accepted(_ place: Int, _ response: AppendResponse) {
        peers[place].acknowledge(response.match)
        guard peers[place].state != .replicate else { return }
        // What the follower has verified is the leader's log; go on from there.
        peers[place].state = .replicate
        peers[place].probeSentAt = nil
        peers[place].isCollecting = false
        peers[place].inflight.removeAll()
        peers[place].inflightBytes = 0
        peers[place].next = max(peers[place].match.next, peers[place].next)
    }

    /// Steps back to the last entry that may agree, a whole term at a time.
    private mutating func rejected(_ place: Int, _ response: AppendResponse) {
        let limit = min(response.hint.index, peers[place].next.previous)
        let agreed = log.lastEntry(notAfter: limit, termAtMost: response.hint.term)
        guard agreed.index.next > peers[place].match else { return }
        peers[place].probe(from: agreed.index.next)
        peers[place].commitSent = .zero
    }

    // MARK: The follower

    mutating func receive(
        _ request: AppendRequest,
        _ sender: NodeID,
        _ now: Instant,
        _ effects: inout [Effect]
    ) {
        guard request.term >= currentTerm else {
            // An old leader learns of the newer term, once that is durable.
            guard durableHardState.term == currentTerm else { return }
            return effects.append(.send(.appendResponse(rejection(at: .zero)), to: sender))
        }
        // A second leader of this term, or entries that no leader makes: not to be believed.
        guard request.term > currentTerm || role != .leader, isPlausible(request) else { return }
        if request.term > currentTerm || role != .follower || leader != sender {
            becomeFollower(term: request.term, leader: sender, now, &effects)
        }
        electionDeadline = now + electionTimeout()
        guard accept(request, now, &effects) else {
            guard durableHardState.term == currentTerm else { return }
            let rejection = rejection(at: request.previous.index)
            return effects.append(.send(.appendResponse(rejection), to: sender))
        }
        let end = LogIndex(request.previous.index.rawValue + UInt64(request.entries.count))
        verifiedIndex = max(verifiedIndex, end)
        let committed = min(request.commit, verifiedIndex)
        if committed > commitIndex {
            commitIndex = committed
            effects.append(.committed(through: committed))
            log.forgetConfigurations(committed: commitIndex)
        }
        mustAcknowledge = mustAcknowledge || request.entries.isEmpty || end <= durableIndex
        acknowledge(&effects)
    }

    /// Whether the terms of the entries are such as a leader's log has.
    private func isPlausible(_ request: AppendRequest) -> Bool {
        var term = request.previous.term
        for entry in request.entries {
            guard entry.term >= term, entry.term <= request.term else { return false }
            term = entry.term
        }
        return request.previous.index.rawValue < UInt64.max / 2
    }

    /// Takes the entries that the log does not have; `false` if `previous` is not in it.
    private mutating func accept(
        _ request: AppendRequest,
        _ now: Instant,
        _ effects: inout [Effect]
    ) -> Bool {
        let previous = request.previous
        if previous.index < log.base.index { return false }
        guard log.term(at: previous.index) == previous.term else { return false }
        var place = 0
        var index = previous.index.next
        while place < request.entries.count, log.term(at: index) == request.entries[place].term {
            place += 1
            index = index.next
        }
        guard place < request.entries.count else { return true }
        if index <= lastIndex {
            guard index > commitIndex else { return false }  // What is committed is never replaced.
            let before = configuration
            log.truncate(from: index)
            durableIndex = min(durableIndex, lastIndex)
            verifiedIndex = min(verifiedIndex, lastIndex)
            if let pending = barrier {
                barrier = (pending.state, min(pending.index, lastIndex))
            }
            if configuration != before { effects.append(.configuration(configuration)) }
        }
        let before = configuration
        for entry in request.entries[place...] { log.append(term: entry.term, kind: entry.kind) }
        effects.append(.accept(from: index, through: lastIndex))
        if configuration != before { effects.append(.configuration(configuration)) }
        return true
    }

    private func rejection(at index: LogIndex) -> AppendResponse {
        let limit = min(index, lastIndex)
        var hint = EntryID(index: limit, term: log.term(at: limit) ?? log.base.term)
        if index <= lastIndex, index > log.base.index {
            // Everything of this term may be wrong: the leader looks before it.
            let first = log.firstOfTerm(at: index)
            let before = first.previous
            hint = EntryID(index: max(before, log.base.index), term: log.term(at: before) ?? hint.term)
        }
        return AppendResponse(
            term: currentTerm,
            isRejected: true,
            match: .zero,
            hint: hint,
            last: lastIndex
        )
    }

    /// Tells the leader what is both its log and on this disk, if that is news.
    mutating func acknowledge(_ effects: inout [Effect]) {
        guard role == .follower, let leader, durableHardState.term == currentTerm else { return }
        let match = min(durableIndex, verifiedIndex)
        guard match > acknowledgedIndex || mustAcknowledge else { return }
        mustAcknowledge = false
        acknowledgedIndex = match
        effects.append(
            .send(
                .appendResponse(
                    AppendResponse(
                        term: currentTerm,
                        isRejected: false,
                        match: match,
                        hint: .zero,
                        last: lastIndex
                    )
                ),
                to: leader
            )
        )
    }
}
