import WiberBase

/// What of a node decides what it does next, without clocks and chance: for an explorer, to which
/// two nodes that differ only in their deadlines are one.
extension Raft {
    /// Writes the state down; of a deadline only whether there is one, where that decides.
    package func encode(into encoder: inout StateEncoder) {
        encoder.number(id.rawValue)
        hardState.encode(into: &encoder)
        encoder.number(role.code)
        encoder.number(leader?.rawValue ?? 0)
        log.encode(into: &encoder)
        for index in [commitIndex, durableIndex, verifiedIndex, acknowledgedIndex] {
            encoder.number(index.rawValue)
        }
        encoder.flag(isLeaderLaneEnded)
        encoder.nodes(unreachable.sorted())
        encoder.flag(election.isTransfer)
        encoder.nodes(election.granted.sorted())
        encoder.nodes(election.refused.sorted())
        persistence.encode(into: &encoder)
        encodeLeadership(into: &encoder)
    }

    /// Whether a leader wants to look later who has not answered.
    package var isRetryAwaited: Bool { leadership.retryDeadline != .distantFuture }

    private func encodeLeadership(into encoder: inout StateEncoder) {
        encoder.number(leadership.termStart.rawValue)
        encoder.flag(leadership.retryDeadline == .distantFuture)
        encoder.count(peers.count)
        for peer in peers { peer.encode(into: &encoder) }
        encoder.number(reads.round)
        encoder.count(reads.started)
        encoder.count(reads.waiting.count)
        for read in reads.waiting {
            encoder.number(read.context)
            encoder.number(read.index.rawValue)
        }
        encoder.number(transfer?.target.rawValue ?? 0)
        encoder.flag(transfer?.isTold ?? false)
    }
}

extension RaftMessage {
    /// Writes the message down.
    package func encode(into encoder: inout StateEncoder) {
        encoder.number(code)
        encoder.number(term.rawValue)
        switch self {
        case .voteRequest(let request):
            request.last.encode(into: &encoder)
            encoder.flag(request.isPreVote)
            encoder.flag(request.isTransfer)
        case .voteResponse(let response):
            encoder.flag(response.isGranted)
            encoder.flag(response.isPreVote)
        case .append(let request): request.encode(into: &encoder)
        case .appendResponse(let response): response.encode(into: &encoder)
        case .timeoutNow, .stepDown: break
        case .confirm(_, let round), .confirmed(_, let round): encoder.number(round)
        }
    }

    private var code: UInt64 {
        switch self {
        case .voteRequest: 0
        case .voteResponse: 1
        case .append: 2
        case .appendResponse: 3
        case .timeoutNow: 4
        case .stepDown: 5
        case .confirm: 6
        case .confirmed: 7
        }
    }
}

extension HardState {
    /// Writes term and vote down.
    package func encode(into encoder: inout StateEncoder) {
        encoder.number(term.rawValue)
        encoder.number(votedFor.rawValue)
    }
}

extension EntryKind {
    /// Writes the kind down.
    package func encode(into encoder: inout StateEncoder) {
        switch self {
        case .normal: encoder.number(0)
        case .noOp: encoder.number(1)
        case .configuration(let configuration):
            encoder.number(2)
            configuration.encode(into: &encoder)
        }
    }
}

extension StateEncoder {
    fileprivate mutating func nodes(_ nodes: [NodeID]) {
        count(nodes.count)
        for node in nodes { number(node.rawValue) }
    }
}

extension EntryID {
    fileprivate func encode(into encoder: inout StateEncoder) {
        encoder.number(index.rawValue)
        encoder.number(term.rawValue)
    }
}

extension Role {
    fileprivate var code: UInt64 {
        switch self {
        case .follower: 0
        case .preCandidate: 1
        case .candidate: 2
        case .leader: 3
        }
    }
}

extension Configuration {
    fileprivate func encode(into encoder: inout StateEncoder) {
        encoder.nodes(voters)
        encoder.flag(isJoint)
        encoder.nodes(outgoing ?? [])
        encoder.nodes(learners)
    }
}

extension RaftLog {
    fileprivate func encode(into encoder: inout StateEncoder) {
        base.encode(into: &encoder)
        encoder.number(lastIndex.rawValue)
        encoder.count(runs.count)
        for run in runs { run.encode(into: &encoder) }
        encoder.count(configurations.count)
        for placed in configurations {
            encoder.number(placed.index.rawValue)
            placed.configuration.encode(into: &encoder)
        }
    }
}

extension Persistence {
    fileprivate func encode(into encoder: inout StateEncoder) {
        durable.encode(into: &encoder)
        requested.encode(into: &encoder)
        encoder.count(requests.count)
        for request in requests {
            request.state.encode(into: &encoder)
            encoder.number(request.through.rawValue)
        }
        encoder.count(held.count)
        for (message, node) in held {
            message.encode(into: &encoder)
            encoder.number(node.rawValue)
        }
    }
}

extension Progress {
    fileprivate func encode(into encoder: inout StateEncoder) {
        encoder.number(node.rawValue)
        switch state {
        case .probe: encoder.number(0)
        case .replicate: encoder.number(1)
        case .snapshot: encoder.number(2)
        }
        for index in [match, next, sentCommit] { encoder.number(index.rawValue) }
        for fact in [isReachable, isPaused, isCollecting] { encoder.flag(fact) }
        encoder.number(confirmedRound)
        inflight.encode(into: &encoder)
    }
}

extension AppendRequest {
    fileprivate func encode(into encoder: inout StateEncoder) {
        previous.encode(into: &encoder)
        encoder.number(commit.rawValue)
        encoder.flag(isProbe)
        encoder.count(entries.count)
        for entry in entries {
            encoder.number(entry.term.rawValue)
            entry.kind.encode(into: &encoder)
        }
    }
}

extension AppendResponse {
    fileprivate func encode(into encoder: inout StateEncoder) {
        encoder.flag(isRejected)
        for index in [match, verified, refused] { encoder.number(index.rawValue) }
        hint.encode(into: &encoder)
    }
}
