import WiberBase
import WiberLog
import WiberNode

/// After the last fault: the cluster works again, and every replica holds the same.
extension World {
    /// Whether all sound machines have applied the same of every group, to the end of their logs.
    var isSettled: Bool {
        if canMove, sound.contains(where: { $0.core?.needlesslyMisplaced != nil }) { return false }
        for (id, group) in checker.groups
        where sound.contains(where: { $0.core?.knows(id) == true }) {
            if canMove, sound.contains(where: { $0.core?.isMoving(id) == true }) { return false }
            var ends: Set<LogIndex> = []
            for machine in sound
            where group.replicas.contains(where: { $0.node == machine.id }) || id == .meta {
                guard let core = machine.core, let view = view(core, id) else { return false }
                guard view.leader != nil else { return false }
                ends.formUnion([view.applied, view.last.index])
            }
            guard ends.count <= 1 else { return false }
        }
        return areLimitsKept && sound.allSatisfy { $0.core?.erasures ?? 0 == 0 }
    }

    /// Whether what limits and times to live ask for is gone from the topic that has some, by the clock of
    /// its leader.
    private var areLimitsKept: Bool {
        guard let place = leader(of: "keys"), let core = machines[place].core else { return true }
        let floor = core.keepFrom("keys")
        let wall = time(place).wall.rawValue
        let due = wall - min(wall, Self.expiryPatience)
        return ledger.isWithin(settings.keysMax, "keys", floor: floor)
            && ledger.hasNothingDue(before: due, "keys", floor: floor)
    }

    /// How long a message may stay after its end while all is well, in nanoseconds.
    private static var expiryPatience: UInt64 { 3_000_000_000 }

    private func view(_ core: ShardCore, _ id: GroupID) -> GroupView? {
        for slot in 0..<core.groupCount {
            if let view = core.view(slot), view.id == id { return view }
        }
        return nil
    }

    /// Reads every log from every disk, and compares it with what was committed (I11, I12).
    func checkLogs() {
        for machine in machines {
            guard let core = machine.core else { continue }
            for slot in 0..<core.groupCount {
                guard let view = core.view(slot), let group = checker.groups[view.id] else {
                    continue
                }
                check(view, group, core, machine)
            }
        }
        checkFirstSequences()
        checkRemovals()
        checkErasures()
    }

    private func check(
        _ view: GroupView,
        _ group: SafetyChecker.GroupRecord,
        _ core: ShardCore,
        _ machine: Machine
    ) {
        do throws(LogError) {
            let chunks = try core.entries(view.id, through: view.applied)
            checker.require(
                chunks.last?.header.index ?? .zero == view.applied,
                "log",
                "\(machine.name) has \(view.name) up to \(chunks.last?.id ?? .zero), and applied"
                    + " \(view.applied)"
            )
            for chunk in chunks {
                let place = Int(chunk.header.index.rawValue) - 1
                guard place < group.entries.count else { continue }
                checker.require(
                    group.entries[place].checksum == chunk.header.checksum,
                    "replicas are equal",
                    "\(machine.name) holds other bytes at \(chunk.id) of \(view.name)"
                )
                checkMessages(of: chunk, view, machine)
            }
        } catch {
            checker.require(
                machine.isDamaged,
                "log",
                "\(machine.name) cannot read \(view.name): \(error)"
            )
        }
    }

    /// A chunk's checksum says nothing of the bodies: these are compared with what was published.
    private func checkMessages(of chunk: Chunk, _ view: GroupView, _ machine: Machine) {
        guard chunk.header.kind == .messages else { return }
        checkErased(of: chunk, view, machine)
        chunk.forEachMessage { message in
            let text = ledger.topics[view.name]?.texts[message.sequence.rawValue]
            checker.require(
                text?.elementsEqual(message.body.payload) ?? false,
                "replicas are equal",
                "\(machine.name) holds another \(message.sequence) of \(view.name)"
            )
            return true
        }
    }

    /// Whose bodies are erased have left the topic.
    private func checkErased(of chunk: Chunk, _ view: GroupView, _ machine: Machine) {
        guard chunk.header.erasedCount > 0 else { return }
        var missing = chunk.header.baseSequence.rawValue
        func require(goneBefore end: UInt64) {
            checker.require(
                ledger.areGone(view.name, missing, before: end),
                "erased is gone",
                "\(machine.name) lacks a message of \(view.name) from \(missing) to \(end)"
            )
        }
        chunk.forEachMessage { message in
            require(goneBefore: message.sequence.rawValue)
            missing = message.sequence.rawValue + 1
            return true
        }
        require(goneBefore: chunk.header.nextSequence.rawValue)
    }

    private func checkFirstSequences() {
        for topic in settings.topics {
            // With too few nodes for a move, who is to hold the topic may still be catching up.
            let voters = checker.id(named: topic).flatMap { checker.groups[$0]?.replicas } ?? []
            let holders = sound.filter { machine in
                canMove || voters.contains { $0.node == machine.id }
            }
            let firsts = Set(holders.compactMap { $0.core?.view(of: topic)?.firstSequence })
            checker.require(firsts.count <= 1, "retention", "\(topic) begins at \(firsts)")
        }
    }

    /// Every replica knows the same messages to be gone.
    private func checkRemovals() {
        guard let keys = ledger.topics["keys"], keys.first <= keys.last else { return }
        for machine in sound where machine.core?.view(of: "keys") != nil {
            for sequence in keys.first...keys.last {
                let isGone = machine.core?.isRemoved("keys", Sequence(sequence))
                checker.require(
                    isGone == (keys.gone[sequence] != nil),
                    "removed",
                    "\(machine.name) holds \(sequence) of keys for \(isGone == true ? "gone" : "there")"
                )
            }
        }
    }

    /// Whether every client has got all its replies, and every message of what it follows.
    var areClientsServed: Bool {
        for client in clients where client.link != nil {
            guard client.pending.isEmpty else { return false }
            guard client.subscriptions.allSatisfy(isServed) else { return false }
        }
        return true
    }

    /// Whether a subscription has had all that is there.
    func isServed(_ subscription: SimClient.Subscription) -> Bool {
        let last = ledger.topics[subscription.topic]?.last ?? 0
        guard let next = subscription.next else { return true }
        return ledger.areGone(subscription.topic, next, before: last + 1)
    }
}
