import WiberBase

/// Why a change of configuration is not begun.
public enum ChangeRefusal: Equatable, Sendable {
    /// Another node leads, or none.
    case notLeader
    /// Leadership is on its way to another node.
    case transferring
    /// Nothing of this leader's term is committed yet: wait for its no-op.
    case termNotCommitted
    /// The last change is not over.
    case changeUnderWay
    /// No voters, too many nodes, node 0, or a voter that is a learner too.
    case invalidTarget
    /// The configuration is as wanted.
    case unchanged
}

/// Changes of who votes: joint consensus, in force as soon as it is in the log (Raft §6).
extension Raft {
    /// Whether the configuration in force is committed, and the last step of its change.
    public var isConfigurationSettled: Bool {
        !configuration.isJoint && log.configurationIndex <= commitIndex
    }

    /// Why a change to `target` would not begin now; `nil` if it would.
    public func refusal(of target: Configuration.Target) -> ChangeRefusal? {
        guard role == .leader else { return .notLeader }
        if transfer != nil { return .transferring }
        guard isTermCommitted || Mutant.changesOverlap.isOn else { return .termNotCommitted }
        guard isConfigurationSettled || Mutant.changesOverlap.isOn else { return .changeUnderWay }
        let nodes = target.voters + target.learners
        guard !target.voters.isEmpty, target.voters.count <= Configuration.nodesMax,
            target.learners.count <= Configuration.nodesMax, !nodes.contains(.zero),
            Configuration.normalized(nodes).count == nodes.count
        else { return .invalidTarget }
        let isSame =
            target.voters == configuration.voters && target.learners == configuration.learners
        return isSame ? .unchanged : nil
    }

    /// Begins a change; one of learners only needs no joint configuration.
    mutating func changeConfiguration(
        _ target: Configuration.Target,
        _ effects: inout [Effect]
    ) {
        guard refusal(of: target) == nil else { return }
        let isJoint = target.voters != configuration.voters
        let changed = Configuration(
            voters: target.voters,
            outgoing: isJoint ? configuration.voters : nil,
            learners: target.learners
        )
        appendOwn(.configuration(changed), &effects)
    }

    /// Another configuration is in force, by an append or a truncation.
    mutating func configurationChanged(_ effects: inout [Effect]) {
        effects.append(.configuration(configuration))
        switch role {
        case .leader:
            refreshPeers(next: lastIndex)
            leadership.quorumDeadline = now + options.electionTimeoutMax
            if let transfer, !configuration.voters.contains(transfer.target) {
                endTransfer(succeeded: false, &effects)
            }
        case .follower, .preCandidate, .candidate:
            if election.deadline < now { armElection() }
        }
    }

    /// The joint configuration is committed: the final one follows by itself.
    mutating func leaveJoint(_ effects: inout [Effect]) {
        let current = configuration
        guard current.isJoint, log.configurationIndex <= commitIndex, isTermCommitted else {
            return
        }
        let final = Configuration(voters: current.voters, learners: current.learners)
        appendOwn(.configuration(final), &effects)
    }

    /// A leader that the committed configuration does not name has done its part.
    mutating func leaveIfRemoved(_ effects: inout [Effect]) {
        guard role == .leader, !configuration.isVoter(id),
            log.configurationIndex <= commitIndex
        else { return }
        stepDown(&effects)
    }

    /// The driver has dropped committed entries from the log's front.
    mutating func compacted(_ through: LogIndex) {
        log.compact(through: min(through, commitIndex))
    }

    /// A snapshot has replaced the log up to `entry`; what follows stays if it continues it.
    mutating func restored(
        _ entry: EntryID,
        _ configuration: Configuration,
        _ effects: inout [Effect]
    ) {
        guard role != .leader, entry.index > commitIndex else { return }
        if log.term(at: entry.index) == entry.term {
            log.committed(through: entry.index)
            log.compact(through: entry.index)
        } else {
            forgetDurable(from: log.base.index.next)
            log = RaftLog(base: entry, last: entry.index, initial: configuration)
            verifiedIndex = min(verifiedIndex, entry.index)
            configurationChanged(&effects)
        }
        durableIndex = max(durableIndex, entry.index)
        commitIndex = entry.index
        effects.append(.committed(through: entry.index))
    }
}
