/// What can happen.
extension StorageWorld {
    var actions: [StorageAction] {
        var actions: [StorageAction] = []
        if let place = replicas.indices.first(where: isUnseen) {
            listDisk(place, &actions)
            listEnds(place, &actions)
            return actions
        }
        for place in replicas.indices {
            listRaft(place, &actions)
            listDisk(place, &actions)
            listEnds(place, &actions)
            listRot(place, &actions)
        }
        return actions
    }

    /// Whether it writes something that no other replica knows of.
    private func isUnseen(_ place: Int) -> Bool {
        let replica = replicas[place]
        guard replica.isRunning else { return false }
        if replica.slotsToSync > 0 || replica.role == .starting { return true }
        return !isAcknowledgedEarly && !replica.isLeader && replica.isWriting
    }

    // MARK: Raft

    private func listRaft(_ place: Int, _ actions: inout [StorageAction]) {
        let replica = replicas[place]
        guard replica.isUp else { return }
        if mayCampaign(place) { actions.append(.campaign(place)) }
        if replica.isLeader, replica.log.count < bounds.entriesMax {
            actions.append(.propose(place))
        }
        for other in replicas.indices where other != place {
            if mayVote(place, for: other) { actions.append(.vote(place, for: other)) }
            if mayReplicate(place, to: other) { actions.append(.replicate(place, to: other)) }
            if mayRepair(place, from: other) { actions.append(.repair(place, from: other)) }
        }
        if replica.isSuspect, mayClear(place) { actions.append(.clear(place)) }
    }

    private func mayCampaign(_ place: Int) -> Bool {
        let replica = replicas[place]
        guard !replica.isLeader, replica.vote.term < bounds.termMax else { return false }
        if replica.isSuspect, keeps(.suspectDoesNotCampaign) { return false }
        if replica.hasHole, keeps(.holeDoesNotLead) { return false }
        return true
    }

    private func mayVote(_ place: Int, for other: Int) -> Bool {
        let (voter, candidate) = (replicas[place], replicas[other])
        guard candidate.isUp, case .candidate(let votes) = candidate.role,
            votes & (1 << place) == 0, !voter.isSuspect || !keeps(.suspectDoesNotVote)
        else { return false }
        let isNewTerm = candidate.vote.term > voter.vote.term
        let isFree =
            candidate.vote.term == voter.vote.term && !voter.isLeader
            && (voter.vote.candidate == 0 || voter.vote.candidate == other + 1)
        return (isNewTerm || isFree) && candidate.isUpToDate(with: voter)
    }

    private func mayReplicate(_ place: Int, to other: Int) -> Bool {
        let (leader, follower) = (replicas[place], replicas[other])
        guard case .leader(let match, _) = leader.role, follower.isUp, !follower.isLeader,
            follower.vote.term <= leader.vote.term
        else { return false }
        if follower.vote.term < leader.vote.term { return true }
        if follower.agreement(with: leader) < leader.log.count { return true }
        return matchAnswered(other, to: leader) > match[other] || follower.role != .follower
    }

    private func mayRepair(_ place: Int, from other: Int) -> Bool {
        let (replica, peer) = (replicas[place], replicas[other])
        guard peer.isUp, let hole = replica.log.firstIndex(where: \.isHole), hole < peer.log.count
        else { return false }
        return peer.log[hole].term == replica.log[hole].term && !peer.log[hole].isHole
    }

    private func mayClear(_ place: Int) -> Bool {
        guard keeps(.suspectUntilCaughtUp) else { return true }
        return replicas.contains { leader in
            guard leader.isUp, case .leader(_, let barrier) = leader.role,
                leader.vote.term == replicas[place].vote.term
            else { return false }
            return replicas[place].match(with: leader, stopsAtHole: true) >= barrier[place]
        }
    }

    // MARK: Disks

    private func listDisk(_ place: Int, _ actions: inout [StorageAction]) {
        let replica = replicas[place]
        let mayFail = spent.failedSyncs < bounds.failedSyncsMax
        if replica.role == .down { return actions.append(.start(place)) }
        guard replica.isRunning else { return }
        let hasSlotWork = replica.disk.slots.contains { $0.cache != nil && !$0.isClean }
        if replica.slotsToSync > 0 {
            actions.append(.syncSlot(place))
        } else if replica.role == .starting {
            actions.append(.finishStart(place))
        } else if replica.isWriting {
            actions.append(.syncLog(place))
        }
        if mayFail, hasSlotWork { actions.append(.failSlots(place)) }
        if mayFail, replica.slotsToSync == 0, replica.isWriting { actions.append(.failLog(place)) }
    }

    private func listEnds(_ place: Int, _ actions: inout [StorageAction]) {
        let replica = replicas[place]
        if replica.isRunning, spent.crashes < bounds.crashesMax { actions.append(.crash(place)) }
        guard spent.powerCuts < bounds.powerCutsMax, replica.role != .refused else { return }
        let outcomes = replica.disk.powerCuts
        guard replica.isRunning || outcomes.count > 1 else { return }
        for fates in outcomes { actions.append(.cutPower(place, fates)) }
    }

    /// Rot hits what a durable point covers, and leaves one good copy of all that is acknowledged.
    ///
    /// Of a batch above every durable point nobody can say whether it has rotted or was never
    /// there. A process does not notice before its next start: rot may as well come when none runs.
    private func listRot(_ place: Int, _ actions: inout [StorageAction]) {
        let replica = replicas[place]
        guard spent.rots < bounds.rotsMax, replica.role == .down else { return }
        for (number, batch) in replica.disk.wal.enumerated()
        where batch.place == .synced && !batch.isDamaged {
            if batch.records.allSatisfy({ hasCopy($0, besides: place) }) {
                actions.append(.rot(place, batch: number, record: nil))
            }
            for (slot, record) in batch.records.enumerated()
            where record.isReadable && hasCopy(record, besides: place) {
                actions.append(.rot(place, batch: number, record: slot))
            }
        }
        guard bounds.hasSlotFaults else { return }
        for (number, slot) in replica.disk.slots.enumerated()
        where slot.cache == nil && slot.disk != nil && slot.disk != ModelVote() {
            actions.append(.rotSlot(place, slot: number))
        }
    }

    private func hasCopy(_ record: ModelRecord, besides place: Int) -> Bool {
        guard record.index <= history.committed.count,
            history.committed[record.index - 1] == record.term
        else { return true }
        return replicas.indices.contains { other in
            other != place && replicas[other].role != .refused
                && replicas[other].disk.holds(record, isSynced: true)
        }
    }
}

extension ModelDisk {
    /// Whether a good batch has the record.
    func holds(_ record: ModelRecord, isSynced: Bool) -> Bool {
        wal.contains { batch in
            batch.damage == nil && (batch.place == .synced || !isSynced)
                && batch.records.contains {
                    $0.index == record.index && $0.term == record.term && $0.isReadable
                }
        }
    }
}
