import WiberBase

/// Leadership on its way to another voter.
struct Transfer: Sendable {
    var target: NodeID
    /// When it is given up.
    var deadline: Instant
    /// The target was told to campaign.
    var isTold = false
}

/// Leadership transfer: no proposals, the target catches up, then campaigns without waiting
/// (Raft thesis §3.10).
extension Raft {
    mutating func beginTransfer(
        _ wanted: NodeID?,
        _ liveness: Liveness,
        _ effects: inout [Effect]
    ) {
        guard role == .leader else {
            return effects.append(.transferEnded(succeeded: false))
        }
        if let transfer, wanted == nil || wanted == transfer.target { return }
        guard let target = wanted ?? mostUpToDateVoter(liveness), target != id,
            configuration.voters.contains(target), peerPlace(target) != nil
        else { return effects.append(.transferEnded(succeeded: false)) }
        endTransfer(succeeded: false, &effects)
        transfer = Transfer(target: target, deadline: now + options.electionTimeoutMax)
        continueTransfer(&effects)
    }

    /// The reachable voter with the longest durable log, whose disk is well; the lowest id among
    /// equals.
    private func mostUpToDateVoter(_ liveness: Liveness) -> NodeID? {
        var best: Progress?
        for peer in peers where configuration.voters.contains(peer.node) && peer.isReachable {
            let heard = liveness[peer.node] ?? .zero
            guard heard + options.electionTimeoutMax > now, !liveness.isDiskStalled(peer.node)
            else { continue }
            if best.map({ peer.match > $0.match }) ?? true { best = peer }
        }
        return best?.node
    }

    /// Tells the target to campaign once it holds the whole log.
    mutating func continueTransfer(_ effects: inout [Effect]) {
        guard let transfer, !transfer.isTold, let place = peerPlace(transfer.target),
            peers[place].match == lastIndex
        else { return }
        self.transfer?.isTold = true
        send(.timeoutNow(currentTerm), to: transfer.target, &effects)
    }

    mutating func endTransfer(succeeded: Bool, _ effects: inout [Effect]) {
        guard transfer != nil else { return }
        transfer = nil
        effects.append(.transferEnded(succeeded: succeeded))
    }
}
