import WiberBase

/// A leader's side of replication: probe, pipeline, retry, commit (Raft §5.3, §5.4.2).
extension Raft {
    /// The place of a peer in ``peers``.
    func peerPlace(_ node: NodeID) -> Int? {
        for place in peers.indices where peers[place].node == node { return place }
        return nil
    }

    /// Follows the configuration: new members start with `next`, others are forgotten.
    mutating func refreshPeers(next: LogIndex) {
        var fresh: [Progress] = []
        for node in configuration.members where node != id {
            fresh.append(
                progress(of: node)
                    ?? Progress(
                        node: node,
                        next: next,
                        isReachable: !unreachable.contains(node.node),
                        now: now
                    )
            )
        }
        peers = fresh
    }

    /// Asks the driver to send what a peer may get now, if anything.
    mutating func replicate(_ place: Int, _ effects: inout [Effect]) {
        guard peers[place].mayReceive(options), peers[place].next <= lastIndex else { return }
        let from = peers[place].next
        guard let previous = log.entry(at: from.previous) else {
            return requestSnapshot(place, &effects)
        }
        peers[place].isCollecting = true
        peers[place].sentCommit = commitIndex
        armRetry(place)
        let request = AppendRequest(
            term: currentTerm,
            previous: previous,
            commit: commitIndex,
            isProbe: peers[place].state == .probe
        )
        let room = options.inflightBytesMax - peers[place].inflight.bytes
        effects.append(
            .replicate(
                to: peers[place].node,
                request: request,
                from: from,
                through: lastIndex,
                byteBudget: min(options.appendBytesMax, max(0, room))
            )
        )
    }

    /// The driver has sent entries, or could not.
    mutating func sent(
        _ node: NodeID,
        _ through: LogIndex,
        _ bytes: Int,
        _ term: Term,
        _ effects: inout [Effect]
    ) {
        guard role == .leader, term == currentTerm, let place = peerPlace(node),
            peers[place].isCollecting
        else { return }
        peers[place].isCollecting = false
        guard through >= peers[place].next, through <= lastIndex else { return armRetry(place) }
        armRetry(place)
        switch peers[place].state {
        case .probe: peers[place].isPaused = true
        case .replicate:
            peers[place].inflight.append(through: through, bytes: max(0, bytes))
            peers[place].next = through.next
            replicate(place, &effects)
        case .snapshot: break
        }
    }

    /// Makes sure that the peer is looked at again if it does not answer.
    mutating func armRetry(_ place: Int) {
        if !peers[place].isOutstanding { peers[place].lastActive = now }
        let deadline = peers[place].lastActive + options.retryInterval
        leadership.retryDeadline = min(leadership.retryDeadline, max(deadline, now))
    }

    private mutating func requestSnapshot(_ place: Int, _ effects: inout [Effect]) {
        peers[place].state = .snapshot
        peers[place].isPaused = false
        peers[place].inflight.removeAll()
        effects.append(.snapshotNeeded(peers[place].node))
        armRetry(place)
    }

    /// Asks a peer where it stands, with an append without entries.
    mutating func restartProbe(_ place: Int, _ effects: inout [Effect]) {
        if peers[place].state == .replicate { peers[place].probe(from: .zero) }
        var previous = log.entry(at: peers[place].next.previous)
        if previous == nil {
            requestSnapshot(place, &effects)
            previous = log.base
        }
        guard let previous, peers[place].isReachable else { return }
        peers[place].isPaused = true
        peers[place].lastActive = now
        armRetry(place)
        let request = AppendRequest(
            term: currentTerm,
            previous: previous,
            commit: commitIndex,
            isProbe: true
        )
        send(.append(request), to: peers[place].node, &effects)
    }

    /// Probes who has been silent for too long with something unanswered, or not durable: word of that
    /// can be lost with the connection on which the peer answers.
    mutating func retry(_ effects: inout [Effect]) {
        leadership.retryDeadline = .distantFuture
        for place in peers.indices {
            let hasWork =
                peers[place].isOutstanding || peers[place].isCollecting
                || peers[place].state == .snapshot || peers[place].match < lastIndex
            guard hasWork, peers[place].isReachable else { continue }
            let isDue = now >= peers[place].lastActive + options.retryInterval
            if isDue, peers[place].isCollecting {
                peers[place].lastActive = now
            } else if isDue {
                restartProbe(place, &effects)
            }
            leadership.retryDeadline = min(
                leadership.retryDeadline,
                peers[place].lastActive + options.retryInterval
            )
        }
        retryReads(&effects)
    }

    mutating func appendAnswered(
        _ response: AppendResponse,
        _ node: NodeID,
        _ effects: inout [Effect]
    ) {
        guard role == .leader, let place = peerPlace(node), response.match <= lastIndex,
            response.verified <= lastIndex, response.match <= response.verified
        else { return }
        peers[place].lastActive = now
        if response.isRejected {
            appendRejected(response, place, &effects)
        } else {
            appendTaken(response, place, &effects)
        }
    }

    private mutating func appendRejected(
        _ response: AppendResponse,
        _ place: Int,
        _ effects: inout [Effect]
    ) {
        switch peers[place].state {
        case .snapshot:
            peers[place].isPaused = false
            return
        case .replicate: guard response.refused > peers[place].match else { return }
        case .probe: guard response.refused == peers[place].next.previous else { return }
        }
        peers[place].inflight.removeAll()
        let agreed = log.lastEntry(
            atOrBefore: min(response.hint.index, response.refused.previous),
            ofTermAtMost: response.hint.term
        )
        peers[place].probe(from: agreed.index.next)
        replicate(place, &effects)
        // Nothing to send behind what was refused: ask all the same.
        if !peers[place].isOutstanding, !peers[place].isCollecting { restartProbe(place, &effects) }
    }

    private mutating func appendTaken(
        _ response: AppendResponse,
        _ place: Int,
        _ effects: inout [Effect]
    ) {
        let node = peers[place].node
        let isNews = response.match > peers[place].match
        if isNews {
            peers[place].match = response.match
            leadership.progressed = now
        }
        peers[place].inflight.release(through: peers[place].match)
        switch peers[place].state {
        case .probe: peers[place].replicate(after: response.verified)
        case .replicate: peers[place].next = max(peers[place].next, peers[place].match.next)
        case .snapshot:
            peers[place].isPaused = false
            if response.verified >= log.base.index {
                peers[place].replicate(after: response.verified)
            }
        }
        if isNews { advanceCommit(&effects) }
        // The commit may have ended this leadership, or the peer's membership.
        guard role == .leader, let place = peerPlace(node) else { return }
        replicate(place, &effects)
        pushCommit(place, &effects)
        if isNews { continueTransfer(&effects) }
    }

    /// Commits what a quorum holds durably, if it is of this term (Raft §5.4.2, figure 8).
    mutating func advanceCommit(_ effects: inout [Effect]) {
        let value = configuration.quorumValue { node in
            if node == id, Mutant.ownLogBeforeSync.isOn { return lastIndex.rawValue }
            if node == id { return durableIndex.rawValue }
            return peerPlace(node).map { peers[$0].match.rawValue } ?? 0
        }
        let index = LogIndex(value)
        let isOwnTerm = index >= leadership.termStart || Mutant.oldTermCommitted.isOn
        guard index > commitIndex, isOwnTerm else { return }
        commitIndex = index
        leadership.progressed = now
        leadership.uncommitted.release(through: index)
        log.committed(through: index)
        if Mutant.configurationAtCommit.isOn { configurationChanged(&effects) }
        leaveJoint(&effects)
        effects.append(.committed(through: index))
        for place in peers.indices { pushCommit(place, &effects) }
        startReads(&effects)
        leaveIfRemoved(&effects)
    }

    /// Tells a peer that waits for nothing else about the commit index.
    private mutating func pushCommit(_ place: Int, _ effects: inout [Effect]) {
        let peer = peers[place]
        guard peer.sentCommit < commitIndex, peer.match >= commitIndex, peer.isReachable,
            peer.state == .replicate, peer.inflight.isEmpty, !peer.isCollecting,
            let previous = log.entry(at: peer.match)
        else { return }
        peers[place].sentCommit = commitIndex
        let request = AppendRequest(term: currentTerm, previous: previous, commit: commitIndex)
        send(.append(request), to: peer.node, &effects)
    }
}
