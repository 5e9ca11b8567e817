import WiberBase

/// A follower's side of replication (Raft §5.3).
extension Raft {
    /// Takes what the leader of this term sends, if it fits behind what is here.
    mutating func appendRequested(
        _ request: AppendRequest,
        _ node: NodeID,
        _ effects: inout [Effect]
    ) {
        guard request.isPlausible else { return }
        let last = LogIndex(request.previous.index.rawValue + UInt64(request.entries.count))
        if request.previous.index >= log.base.index,
            log.term(at: request.previous.index) != request.previous.term,
            !Mutant.previousTermIgnored.isOn || request.previous.index > lastIndex
        {
            return reject(request, node, &effects)
        }
        // What lies at or below the base is committed, and so the leader's (Raft §5.4.3).
        let first = firstNewIndex(of: request, through: last)
        if first <= last {
            guard first > commitIndex else { return }
            accept(request, from: first, through: last, &effects)
        }
        verifiedIndex = max(verifiedIndex, min(last, lastIndex))
        commitAsFollower(request.commit, &effects)
        let isRepeat = !request.entries.isEmpty && first > last
        if request.isProbe || isRepeat || acknowledgeable > acknowledgedIndex {
            acknowledge(to: node, &effects)
        }
    }

    /// The first entry of the request that the log does not hold.
    private func firstNewIndex(of request: AppendRequest, through last: LogIndex) -> LogIndex {
        var index = max(request.previous.index, log.base.index).next
        while index <= last, index <= lastIndex {
            let place = Int(index.rawValue - request.previous.index.rawValue) - 1
            let isHeld = log.term(at: index) == request.entries[place].term
            guard isHeld, !Mutant.appendTruncates.isOn else { return index }
            index = index.next
        }
        return index
    }

    private mutating func accept(
        _ request: AppendRequest,
        from first: LogIndex,
        through last: LogIndex,
        _ effects: inout [Effect]
    ) {
        var isConfigurationNew = false
        if first <= lastIndex {
            isConfigurationNew = log.truncate(from: first)
            forgetDurable(from: first)
        }
        let place = Int(first.rawValue - request.previous.index.rawValue) - 1
        for entry in request.entries[place...] {
            log.append(entry.term)
            if case .configuration(let configuration) = entry.kind {
                log.push(configuration, at: lastIndex)
                isConfigurationNew = true
            }
        }
        invariant(lastIndex == last, "the log ends at \(lastIndex), not at \(last)")
        effects.append(.accept(from: first, through: last))
        if isConfigurationNew { configurationChanged(&effects) }
    }

    private mutating func commitAsFollower(_ index: LogIndex, _ effects: inout [Effect]) {
        let reached = min(index, Mutant.commitBeyondVerified.isOn ? lastIndex : verifiedIndex)
        guard reached > commitIndex else { return }
        commitIndex = reached
        log.committed(through: reached)
        if Mutant.configurationAtCommit.isOn { configurationChanged(&effects) }
        effects.append(.committed(through: reached))
    }

    /// What of the leader's log is durable here.
    private var acknowledgeable: LogIndex {
        Mutant.acknowledgedBeforeSync.isOn ? verifiedIndex : min(durableIndex, verifiedIndex)
    }

    /// Tells the leader what is durable of its log here.
    mutating func acknowledge(to node: NodeID, _ effects: inout [Effect]) {
        acknowledgedIndex = max(acknowledgedIndex, acknowledgeable)
        let response = AppendResponse(
            term: currentTerm,
            match: acknowledgeable,
            verified: verifiedIndex
        )
        send(.appendResponse(response), to: node, &effects)
    }

    private mutating func reject(
        _ request: AppendRequest,
        _ node: NodeID,
        _ effects: inout [Effect]
    ) {
        let previous = request.previous
        let response = AppendResponse(
            term: currentTerm,
            isRejected: true,
            match: min(durableIndex, verifiedIndex),
            verified: verifiedIndex,
            refused: previous.index,
            hint: log.lastEntry(atOrBefore: previous.index, ofTermAtMost: previous.term)
        )
        send(.appendResponse(response), to: node, &effects)
    }
}

extension AppendRequest {
    /// Whether a leader could have made it: terms that never fall, and none above its own.
    var isPlausible: Bool {
        guard previous.index.rawValue < 1 << 62, previous.term <= term,
            previous.index > .zero || previous.term == .zero
        else { return false }
        var highest = previous.term
        for entry in entries {
            guard entry.term >= highest, entry.term <= term, entry.term > .zero else {
                return false
            }
            highest = entry.term
        }
        return true
    }
}
