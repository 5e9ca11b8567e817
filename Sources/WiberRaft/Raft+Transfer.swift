import WiberBase

/// Handing leadership over (thesis §3.10): nothing is proposed meanwhile, the target campaigns only
/// once it has everything, and after one election timeout all is as before.
extension Raft {
    mutating func beginTransfer(_ target: NodeID?, _ now: Instant, _ effects: inout [Effect]) {
        guard role == .leader, transfer == nil else {
            return effects.append(.transferEnded(succeeded: false))
        }
        let candidates = peers.filter {
            $0.isReachable && configuration.voters.contains($0.node)
                && (target == nil || $0.node == target)
        }
        guard let best = candidates.max(by: { $0.match < $1.match }) else {
            return effects.append(.transferEnded(succeeded: false))
        }
        transfer = (best.node, now + options.electionTimeoutMax, false)
        continueTransfer(now, &effects)
    }

    /// Tells the target to campaign, once it has the whole log.
    mutating func continueTransfer(_ now: Instant, _ effects: inout [Effect]) {
        guard let transfer, !transfer.isTold,
            let peer = peers.first(where: { $0.node == transfer.target }), peer.match == lastIndex
        else { return }
        self.transfer?.isTold = true
        effects.append(.send(.timeoutNow(term: currentTerm), to: transfer.target))
    }
}
