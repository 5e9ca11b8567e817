import WiberBase
import WiberNode
import WiberRaft

/// The parts of a run: faults, a quorum that must work, and all nodes, which must agree.
extension World {
    func begin(_ plan: FaultPlan) {
        for place in machines.indices { start(place) }
        schedule(plan)
        watchLeaders()
        for number in 0..<settings.workload.clients {
            let client = SimClient(name: "c\(number + 1)", seed: random.next())
            clients.append(client)
            after(random.draw(0...500_000_000)) { world in client.live(world) }
        }
    }

    /// Heals a quorum and freezes the rest: within a bounded time every topic with a quorum of
    /// replicas in it has a leader and accepts writes (I17).
    func checkLiveness() {
        guard checker.violation == nil else { return }
        healAll()
        upgradeAll()
        for machine in members {
            machine.downFaults = 0
            start(machine.place)  // Whoever will refuse to start does it now.
        }
        var order = sound.filter(isStaying).map(\.place).filter { !isForeign($0) }
        order.shuffle(using: &random)
        let all = members
        let core = Array(order.prefix(all.count / 2 + 1))
        guard core.count > all.count / 2, canElect(core) else { return }
        for machine in machines {
            resume(machine.place)
            guard !core.contains(machine.place) else { continue }
            machine.downFaults = 1
            kill(machine.place)
        }
        // A change of members that was on its way when the others went may count on them.
        if [.moves, .nodes, .upgrades].contains(settings.scenario) {
            _ = run(within: 1_000_000_000) { false }
        }
        probe(core, "liveness of a quorum")
        checkStability(core)
    }

    /// A node that cannot reach a leader must not depose it while a quorum can (rules.md 12): those
    /// outside of a quorum come back, and do not hear one node of it.
    private func checkStability(_ core: [Int]) {
        guard checker.violation == nil, settings.network.isCalm, let deaf = core.first,
            core.count < members.count
        else { return }
        let others = members.map(\.place).filter { !core.contains($0) }
        for place in others {
            block(from: place, to: deaf)
            block(from: deaf, to: place)
            machines[place].downFaults = 0
            start(place)
        }
        let before = leaders(among: core)
        // Who moves hands leadership over.
        let moving = Set(
            before.keys.filter { id in
                machines.contains {
                    $0.core?.isMoving(id) == true || $0.core?.hasDrainedNode == true
                        || $0.core?.hasCommands == true
                }
            }
        )
        let epochs = core.map { machines[$0].epoch }
        _ = run(within: Simulation.calm) { false }
        // One may still stop in the orderly way that it was asked to before.
        let isCalm = core.map { machines[$0].epoch } == epochs
        let after = isCalm ? leaders(among: core) : before
        for (group, (place, term)) in before where !moving.contains(group) {
            let isKept = after[group].map { $0 == (place, term) } ?? false
            checker.require(
                isKept,
                "a heard leader is kept",
                "n\(place + 1) led group \(group) in term \(term), and a quorum heard it; later:"
                    + " \(after[group].map { "n\($0.place + 1) in term \($0.term)" } ?? "nobody")"
            )
        }
        for place in others {
            unblock(from: place, to: deaf)
            unblock(from: deaf, to: place)
        }
    }

    /// Groups with a leader, and a majority of replicas in use, among some machines, whose term
    /// nobody is ahead of.
    private func leaders(among core: [Int]) -> [GroupID: (place: Int, term: Term)] {
        var leaders: [GroupID: (place: Int, term: Term)] = [:]
        var newest: [GroupID: Term] = [:]
        var voters: [GroupID: Int] = [:]
        for machine in machines {
            guard let node = machine.core else { continue }
            for slot in 0..<node.groupCount {
                guard let view = node.view(slot) else { continue }
                newest[view.id] = max(newest[view.id] ?? .zero, view.term)
                guard core.contains(machine.place) else { continue }
                voters[view.id, default: 0] += 1
                if view.role == .leader, view.term > leaders[view.id]?.term ?? .zero {
                    leaders[view.id] = (machine.place, view.term)
                }
            }
        }
        return leaders.filter { id, leader in
            let count = checker.groups[id]?.replicas.count ?? machines.count
            return leader.term == newest[id] && voters[id] ?? 0 > count / 2
        }
    }

    /// Publishes to each topic through each of some nodes, again and again until it is stored.
    private func probe(_ core: [Int], _ check: String) {
        var waiting: [(client: SimClient, topic: String, place: Int)] = []
        for place in core {
            let client = SimClient(name: "p\(place + 1)-\(now)", seed: random.next())
            client.isIdle = true
            clients.append(client)
            for topic in settings.topics where hasQuorum(topic, core) {
                waiting.append((client, topic, place))
                persist(client, topic, place)
            }
        }
        // A damaged node may find out only now that it cannot serve, and one that leaves that it has.
        func isMissing(_ client: SimClient, _ topic: String, _ place: Int) -> Bool {
            !client.stored.contains(topic) && machines[place].refusal == nil
                && !machines[place].isGone
        }
        let isAnswered = run(within: Simulation.patience) { !waiting.contains(where: isMissing) }
        let missing = waiting.filter(isMissing).map { "\($0.client.name) \($0.topic)" }
        checker.require(
            isAnswered,
            check,
            "nothing could be published by \(missing): \(unsettled)"
        )
    }

    private func persist(_ client: SimClient, _ topic: String, _ place: Int) {
        guard !client.stored.contains(topic) else { return }
        if client.link == nil { client.connect(self, to: place) }
        if client.link != nil, client.pending.isEmpty {
            client.publish(client.newPublish(topic, self), self)
        }
        after(50_000_000) { world in world.persist(client, topic, place) }
    }

    /// Whether a majority of a topic's replicas is there and whole: one that is damaged is silent,
    /// and what it has lost may be on nobody else who is there.
    private func hasQuorum(_ topic: String, _ core: [Int]) -> Bool {
        guard let id = checker.id(named: topic), let group = checker.groups[id] else {
            return core.count == machines.count
        }
        func isPresent(_ node: NodeID) -> Bool {
            machines.contains { machine in
                core.contains(machine.place) && machine.id == node.node
                    && (core.count == machines.count || !machine.impaired.contains(id))
            }
        }
        // While members change, whoever is elected follows the configuration that its own log has.
        let views = core.compactMap { machines[$0].core?.view(of: topic) }
        return Configuration(voters: group.replicas).isQuorum(isPresent)
            && views.allSatisfy { view in
                view.configuration.voters.isEmpty || view.configuration.isQuorum(isPresent)
            }
    }

    /// Lets everybody come back: within a bounded time all replicas are equal, all clients served.
    func checkConvergence() {
        guard checker.violation == nil else { return }
        for machine in machines {
            machine.downFaults = 0
            start(machine.place)
        }
        if settings.spares > 0 {
            // A node may have joined, or left, without those that were there.
            _ = run(within: Simulation.patience) { !areNodesChanging }
            checker.require(!areNodesChanging, "nodes", "\(nodesText): \(unsettled)")
        }
        let members = sound.map(\.place).filter { !isForeign($0) }
        // A node that the cluster has not met yet cannot stand in for one whose disk is lost.
        if machines.contains(where: \.isWiped), !canElect(members) { return }
        probe(members, "liveness of all nodes")
        for client in clients { client.isIdle = true }
        let isServed = run(within: Simulation.patience) { isSettled && areClientsServed }
        checker.require(isServed, "convergence", unsettled)
        guard checker.violation == nil else { return }
        checkLogs()
    }

    private var unsettled: String {
        var parts: [String] = []
        for machine in machines {
            guard let core = machine.core else {
                parts.append("\(machine.name) is down: \(machine.refusal ?? "")")
                continue
            }
            for slot in 0..<core.groupCount {
                guard let view = core.view(slot) else { continue }
                parts.append(
                    "\(machine.name) \(view.name) \(view.role) term \(view.term) last \(view.last)"
                        + " applied \(view.applied) of \(view.configuration)"
                        + (core.isMoving(view.id) ? " (moves)" : "")
                )
            }
        }
        for client in clients where client.link != nil && !client.pending.isEmpty {
            parts.append("\(client.name) waits for \(client.pending.count) replies")
        }
        for client in clients where client.link != nil {
            for one in client.subscriptions where !isServed(one) {
                parts.append("\(client.name) waits for \(one.next ?? 0) of \(one.topic)")
            }
        }
        return parts.joined(separator: "; ")
    }
}
