import WiberBase
import WiberLog
import WiberNode
import WiberRaft
import WiberWire

/// What went wrong, and which check saw it.
package struct Violation: Error, Equatable, Sendable {
    /// The check.
    package var check: String
    /// What it saw.
    package var text: String
    /// When, in nanoseconds of true time.
    package var at: UInt64 = 0
}

/// Looks at every node after every turn, at every promise before it is sent, and at every entry when
/// it is committed (reliability.md §4, I1 to I14).
final class SafetyChecker {
    /// What is known about a group from all that was seen of it.
    struct GroupRecord {
        var name: String
        /// Who votes, by the newest committed configuration.
        var replicas: [NodeID]
        /// The committed log: term and checksum of each entry, from index 1, and the term of the
        /// node that was first seen to call it committed.
        var entries: [(term: Term, checksum: UInt32, committedIn: Term)] = []
        var leaders: [Term: Int] = [:]
        /// What each leader's clock showed when it was elected.
        var elections: [Term: ShardTime] = [:]
        var votes: [Term: [Int: Int]] = [:]
    }

    private(set) var violation: Violation?
    var groups: [GroupID: GroupRecord] = [:]
    /// The highest feature level that any node has applied.
    var level = FeatureLevel.base
    var now: UInt64 = 0
    private var placements = PlacementAudit()

    /// Notes a violation unless `condition` holds; the first one counts.
    func require(_ condition: Bool, _ check: String, _ text: @autoclosure () -> String) {
        guard !condition, violation == nil else { return }
        violation = Violation(check: check, text: text(), at: now)
    }

    func id(named topic: String) -> GroupID? { groups.first { $0.value.name == topic }?.key }

    // MARK: After a turn

    func look(at place: Int, _ world: World) {
        now = world.now
        let machine = world.machines[place]
        guard let core = machine.core else { return }
        if core.isFormed {
            machine.hasFormed = true
            machine.id = core.nodeNumber
        }
        checkLevel(of: core, on: machine, world)
        for slot in 0..<core.groupCount {
            if slot >= machine.seen.count { machine.seen.append(Machine.Seen()) }
            let count = core.stepCount(slot)
            guard count != machine.seen[slot].stepCount, let view = core.view(slot) else {
                continue
            }
            if view.id != machine.seen[slot].id { machine.seen[slot] = Machine.Seen() }
            if machine.impaired.remove(view.id) != nil {
                healed(view, on: machine, world)
                checkMatches(view, of: machine, core.incarnation, world)
            }
            look(at: view, slot, core, machine, world)
            machine.seen[slot] = Machine.Seen(
                id: view.id,
                configuration: view.configuration,
                stepCount: count,
                commit: view.commit,
                applied: view.applied
            )
        }
        if world.statistics.turns % 64 == 0 {
            let queue = core.queueOverLimit
            require(queue == nil, "limits", "\(machine.name): \(queue ?? "")")
        }
    }

    private func look(
        at view: GroupView,
        _ slot: Int,
        _ core: ShardCore,
        _ machine: Machine,
        _ world: World
    ) {
        var before = machine.seen[slot]
        // What a process starts with was applied before.
        if before.stepCount == .max { before.applied = view.applied }
        if groups[view.id] == nil {
            groups[view.id] = GroupRecord(name: view.name, replicas: view.configuration.voters)
        }
        require(
            view.commit >= before.commit && view.applied >= before.applied,
            "commit moves on",
            "\(machine.name) went back to commit \(view.commit) in \(view.name)"
        )
        require(view.applied <= view.commit, "applied", "\(machine.name) applied \(view.applied)")
        if view.role == .leader {
            checkLeader(view, slot, core, machine, world)
            if view.commit > before.commit {
                checkQuorum(view, before.configuration, machine, world)
            }
        }
        if view.applied > before.applied {
            apply(view, after: before.applied, core, machine, world)
        }
    }

    /// One leader a term (I1), and it has every committed entry of earlier terms (I4).
    private func checkLeader(
        _ view: GroupView,
        _ slot: Int,
        _ core: ShardCore,
        _ machine: Machine,
        _ world: World
    ) {
        guard let group = groups[view.id] else { return }
        if let other = group.leaders[view.term] {
            return require(
                other == machine.place,
                "election safety",
                "n\(other + 1) and \(machine.name) lead \(view.name) in term \(view.term)"
            )
        }
        groups[view.id]?.leaders[view.term] = machine.place
        groups[view.id]?.elections[view.term] = world.time(machine.place)
        if !group.leaders.isEmpty { world.statistics.leaderChanges += 1 }
        world.trace.note(.role, machine.place, view.id.rawValue, view.term.rawValue, world.now)
        world.trace.record(
            "leader",
            node: machine.name,
            [("topic", view.name), ("term", "\(view.term)")],
            world.now
        )
        // A vote may come late: what a later leader has committed meanwhile need not be here.
        guard let last = group.entries.lastIndex(where: { $0.committedIn < view.term })
        else { return }
        let index = LogIndex(UInt64(last) + 1)
        let own = core.term(slot, at: index)
        require(
            own == nil && index < view.last.index || own == group.entries[last].term,
            "leader completeness",
            "\(machine.name) leads \(view.name) in term \(view.term) and lacks entry"
                + " \(index)/\(group.entries[last].term), which is committed"
        )
    }

    /// What a leader calls committed is on the disks of a majority (I7): of the configuration that is
    /// in force, or of the one that was until this turn.
    private func checkQuorum(
        _ view: GroupView,
        _ before: Configuration?,
        _ machine: Machine,
        _ world: World
    ) {
        func holds(_ node: NodeID) -> Bool {
            guard let machine = world.machine(node) else { return false }
            let durable = machine.durable[view.id]?.through ?? .zero
            return max(durable, machine.lost[view.id] ?? .zero) >= view.commit
        }
        require(
            view.configuration.isQuorum(holds) || before?.isQuorum(holds) ?? false,
            "committed is durable",
            "\(machine.name) commits \(view.commit) of \(view.name), which is on the disks of"
                + " \(view.configuration.members.filter(holds)) only"
        )
    }

    /// All nodes apply the same entries (I3, I5, I12), and the messages are those of the clients.
    private func apply(
        _ view: GroupView,
        after applied: LogIndex,
        _ core: ShardCore,
        _ machine: Machine,
        _ world: World
    ) {
        var index = applied.next
        while index <= view.applied, violation == nil {
            defer { index = index.next }
            let place = Int(index.rawValue) - 1
            let known = groups[view.id]?.entries.count ?? 0
            guard let chunk = core.chunk(view.id, at: index) ?? coldChunk(core, view.id, index)
            else {
                require(place < known, "log", "entry \(index) of \(view.name) cannot be read")
                continue
            }
            if place < known, let entry = groups[view.id]?.entries[place] {
                require(
                    entry.checksum == chunk.header.checksum && entry.term == chunk.header.term,
                    "state machine safety",
                    "\(machine.name) applies \(chunk.id) of \(view.name), others applied"
                        + " \(index)/\(entry.term) or other bytes"
                )
                continue
            }
            require(place == known, "log", "entry \(index) of \(view.name) follows \(known)")
            groups[view.id]?.entries.append(
                (chunk.header.term, chunk.header.checksum, view.term)
            )
            committed(chunk, view, world)
        }
    }

    private func coldChunk(_ core: ShardCore, _ group: GroupID, _ index: LogIndex) -> Chunk? {
        guard let found = try? core.entries(group, through: index) else { return nil }
        return found.last { $0.header.index == index }
    }

    private func committed(_ chunk: Chunk, _ view: GroupView, _ world: World) {
        world.statistics.committed += 1
        world.trace.note(
            .commit,
            0,
            view.id.rawValue << 40 | chunk.header.index.rawValue,
            UInt64(chunk.header.checksum),
            world.now
        )
        defer { checkRetention(chunk, view, world) }
        if case .configuration(let configuration) = EntryKind(chunk) {
            if !configuration.isJoint { world.statistics.membershipChanges += 1 }
            groups[view.id]?.replicas = configuration.voters
        }
        if view.id == .meta {
            let problem = placements.problem(with: chunk)
            require(problem == nil, "placement", problem ?? "")
        } else {
            let limit = view.name == "keys" ? world.settings.keysMax : nil
            let problem = world.ledger.counted(view.name, chunk, limit: limit)
            require(problem == nil, "statistics", problem ?? "")
        }
        guard chunk.header.kind == .messages else { return }
        if view.name == "keys", let quota = world.settings.keysQuota {
            require(
                chunk.header.liveMessages <= quota,
                "quota",
                "\(chunk.id) of keys leaves \(chunk.header.liveMessages) messages of \(quota)"
            )
        }
        chunk.forEachMessage { message in
            let bytes = Array(message.body.payload)
            let problem = world.ledger.committed(
                view.name,
                message.sequence.rawValue,
                message.time.rawValue,
                bytes
            )
            require(problem == nil, "log and clients", problem ?? "")
            return problem == nil
        }
    }
}
