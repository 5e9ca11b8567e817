import WiberBase
import WiberLog
import WiberNode
import WiberRaft
import WiberWire

/// What a node's disk has promised: at each start, after each job, and before anything is sent.
extension SafetyChecker {
    /// A replica has left a node; how it voted stays there.
    private func removed(_ group: GroupID, _ machine: Machine) {
        machine.durable[group]?.through = .zero
        machine.durable[group]?.logTerm = .zero
        machine.sealed[group] = machine.durable[group]
        // A later replica begins anew.
        for slot in machine.seen.indices where machine.seen[slot].id == group {
            machine.seen[slot] = Machine.Seen()
        }
    }

    /// A process starts: what its disk had promised is still there.
    func recovered(_ recovery: Recovery, on machine: Machine, _ world: World) {
        for group in recovery.removed { removed(group, machine) }
        if recovery.isNew {  // A wiped disk promises nothing; the cluster must not believe it.
            require(
                machine.isDamaged || machine.durable.isEmpty,
                "durable log",
                "\(machine.name) starts with an empty disk"
            )
            // What it had acknowledged before may still be on its way.
            machine.lost = machine.durable.mapValues(\.through)
            machine.durable = [:]
            machine.sealed = [:]
        }
        // Groups that the process before made whole, and did not come to use.
        let healed = machine.impaired.intersection(recovery.groups.map(\.id))
        machine.impaired = Set(machine.durable.keys).union(recovery.impaired)
            .subtracting(recovery.groups.map(\.id))
        for group in recovery.groups {
            let before = machine.durable[group.id] ?? DurableState()
            let isVoteKept =
                group.term > before.term
                || group.term == before.term
                    && (before.votedFor == .zero || group.votedFor == before.votedFor)
            require(
                isVoteKept || machine.damageCount > 1,
                "durable vote",
                "\(machine.name) starts with term \(group.term) and vote \(group.votedFor) in"
                    + " group \(group.id), and had promised \(before)"
            )
            require(
                group.last.index >= before.through || group.last.term > before.logTerm
                    || machine.isDamaged,
                "durable log",
                "\(machine.name) starts group \(group.id) with \(group.last), and had promised"
                    + " \(before)"
            )
            if healed.contains(group.id) {
                checkHealed(group.id, group.last, machine, world)
                machine.sealed[group.id] = nil
            }
            let sealed = machine.sealed[group.id] ?? DurableState()
            require(
                group.last.index >= sealed.through || group.last.term > sealed.logTerm
                    || machine.damageCount > 1,
                "sealed log",
                "\(machine.name) starts group \(group.id) with \(group.last), and a later batch"
                    + " had followed \(sealed)"
            )
            machine.durable[group.id] = DurableState(
                term: max(group.term, before.term),
                votedFor: group.term >= before.term ? group.votedFor : before.votedFor,
                through: group.last.index,
                logTerm: group.last.term
            )
        }
        machine.sealed = machine.durable
        machine.damageCount = 0
    }

    /// A group that was damaged is whole again: what is committed and was acknowledged here must be
    /// here, unless a majority has it without this replica.
    private func checkHealed(_ id: GroupID, _ last: EntryID, _ machine: Machine, _ world: World) {
        let before = machine.durable[id] ?? DurableState()
        let committed = LogIndex(UInt64(groups[id]?.entries.count ?? 0))
        let needed = min(before.through, committed)
        guard last.index < needed, last.term <= before.logTerm else { return }
        let replicas = groups[id]?.replicas ?? []
        let holders = world.machines.filter { other in
            other.place != machine.place && replicas.contains { $0.node == other.id }
                && other.durable[id]?.through ?? .zero >= needed
        }
        require(
            holders.count > replicas.count / 2,
            "durable log",
            "\(machine.name) repaired group \(id) up to \(last), and had promised \(before)"
        )
    }

    /// A group that was damaged at the start comes into use.
    func healed(_ view: GroupView, on machine: Machine, _ world: World) {
        checkHealed(view.id, view.last, machine, world)
        let before = machine.durable[view.id] ?? DurableState()
        // What the process before had written and not yet told counts, too, as at any start.
        machine.durable[view.id] = DurableState(
            term: max(view.term, before.term),
            votedFor: view.term > before.term ? .zero : before.votedFor,
            through: view.durable,
            logTerm: view.last.term
        )
        // What it had lost and nobody had committed was sealed once, and is no part of it any more.
        machine.sealed[view.id] = machine.durable[view.id]
    }

    /// A job of the log thread is complete: what it says is on the disk.
    func completed(_ job: LogJob, on machine: Machine) {
        if job.hasBatch { machine.sealed = machine.durable }
        for completion in job.completions {
            switch completion {
            case .log(let group, let through, let tag):
                machine.durable[group, default: DurableState()].through = through
                machine.durable[group]?.logTerm = tag
            case .hardState(let group, let term, let votedFor):
                machine.durable[group, default: DurableState()].term = term
                machine.durable[group]?.votedFor = votedFor
            case .removed(let group): removed(group, machine)
            case .installed(let group, let entry):
                machine.installs += 1
                guard let entry else { continue }
                machine.durable[group, default: DurableState()].through = entry.index
                machine.durable[group]?.logTerm = entry.term
                if let before = machine.durable[group], entry.term > before.term {
                    // The same write has raised it.
                    machine.durable[group]?.term = entry.term
                    machine.durable[group]?.votedFor = .zero
                }
                machine.sealed[group] = machine.durable[group]
            case .superblock, .whole: break
            }
        }
    }

    /// Nothing is sent that the sender's disk does not hold (I6).
    func sent(_ bytes: [UInt8], by machine: Machine, to target: Int, _ world: World) {
        bytes.withUnsafeBytes { raw in
            FrameWalk.forEach(in: raw) { kind, _, body in
                guard kind == .raft,
                    let peek = RaftPeek(UnsafeRawBufferPointer(rebasing: raw[body]))
                else { return }
                check(peek, machine, world.machines[target])
            }
        }
    }

    private func check(_ peek: RaftPeek, _ machine: Machine, _ target: Machine) {
        let disk = machine.durable[peek.group] ?? DurableState()
        if case .nothing = peek.promise { return }
        require(
            peek.term <= disk.term,
            "term is durable",
            "\(machine.name) speaks of term \(peek.term) in group \(peek.group), and its disk of"
                + " \(disk.term)"
        )
        switch peek.promise {
        case .nothing, .term: break
        case .vote, .candidacy:
            var candidate = target
            if case .candidacy = peek.promise { candidate = machine }
            let isVote = candidate.id == .zero || disk.votedFor.node == candidate.id
            require(
                disk.term > peek.term || isVote,
                "vote is durable",
                "\(machine.name) votes for \(candidate.name) in term \(peek.term) of group"
                    + " \(peek.group), and its disk says \(disk)"
            )
            let before = groups[peek.group]?.votes[peek.term]?[machine.place] ?? candidate.place
            require(
                before == candidate.place,
                "one vote a term",
                "\(machine.name) votes for m\(before + 1) and m\(candidate.place + 1) in term"
                    + " \(peek.term) of group \(peek.group)"
            )
            groups[peek.group]?.votes[peek.term, default: [:]][machine.place] = candidate.place
        case .match(let index):
            require(
                index <= disk.through,
                "acknowledged is durable",
                "\(machine.name) acknowledges \(index) of group \(peek.group), and its disk has"
                    + " \(disk.through)"
            )
        }
    }

    /// What a process had acknowledged counts no more once the next one has greeted the leader, which
    /// may have lost it (rules.md 13).
    func checkMatches(
        _ view: GroupView,
        of machine: Machine,
        _ incarnation: UInt64,
        _ world: World
    ) {
        for other in world.machines where other.place != machine.place {
            let match = other.core?.match(view.id, of: machine.id, incarnation: incarnation)
            require(
                match ?? .zero <= view.durable,
                "match after a restart",
                "\(other.name) counts \(match ?? .zero) of \(view.name) for \(machine.name), whose"
                    + " repaired log ends at \(view.durable)"
            )
        }
    }
}
