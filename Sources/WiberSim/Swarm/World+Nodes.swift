import WiberBase
import WiberNode

/// Nodes that join, leave, and are lost, with numbers that the cluster gives them.
extension World {
    /// The machine that is a node.
    func machine(_ node: NodeID) -> Machine? { machines.first { $0.id == node.node } }

    /// The machines that the cluster counts on, by the newest meta log that there is.
    var members: [Machine] {
        guard settings.spares > 0 else { return machines }
        let there = machines.filter { !$0.isUnborn && !$0.isGone }
        guard let core = newestCore else { return there.filter { $0.id != .zero } }
        return there.filter { core.hasNode($0.id) }
    }

    private var newestCore: ShardCore? {
        machines.compactMap(\.core).max { one, other in
            (one.view(0)?.applied ?? .zero) < (other.view(0)?.applied ?? .zero)
        }
    }

    /// Whether a machine's node was removed, as far as anybody knows.
    func hasLeft(_ machine: Machine) -> Bool {
        guard let core = newestCore else { return false }
        return machine.id != .zero && !core.hasNode(machine.id)
    }

    /// Whether the cluster has taken a machine's disk for one of its nodes.
    func isBound(_ machine: Machine) -> Bool {
        guard let store = machine.core?.storeID else { return false }
        return newestCore?.hasStore(store) == true
    }

    /// Whether a machine's node has come, and is not on its way out.
    func isStaying(_ machine: Machine) -> Bool {
        settings.spares == 0 || newestCore?.isStaying(machine.id) == true
    }

    /// Whether there are as many nodes as topics have replicas: what is lost for good cannot take a
    /// topic.
    var canMove: Bool {
        settings.spares == 0 || machines.count { !$0.isGone && isStaying($0) } > 2
    }

    /// Whether a node is on its way in or out.
    var areNodesChanging: Bool {
        guard let core = newestCore else { return false }
        // Who leaves waits for a node that was added, perhaps twice, and that nobody starts.
        return core.hasLeavingNode && canMove && !core.expectsNode
            || machines.contains { $0.id == .zero && $0.core != nil && core.expects($0.name) }
    }

    /// What the newest meta log says of the nodes, for people.
    var nodesText: String {
        guard let core = newestCore else { return "no node is up" }
        let gone = machines.filter(\.isGone).map { "\($0.name)#\($0.id)" }
        return core.nodesText + "; gone: \(gone.joined(separator: ", "))"
    }

    /// Asks for another set of nodes; who comes is started at about the same time.
    func changeNodes(_ fault: Fault, _ place: Int, _ random: inout RandomSource) {
        let token = UInt64(fault.number) + 6 << 32
        let others = members.filter { $0.place != place }
        guard let victim = random.pick(others) else { return }
        if fault.kind == .removeNode {
            return handle(place, .admin(token, .removeNode(victim.name)))
        }
        // Who came and was not let in tries again before somebody else does.
        guard let next = machines.first(where: { $0.id == .zero && !$0.isGone }) else { return }
        defer { next.isAnnounced = true }
        if fault.kind == .addNode {
            let address = settings.address(next.place, next.name)
            handle(place, .admin(token, .addNode(address)))
            return startLater(next, &random)
        }
        if fault.kind == .loseNode {
            guard mayLose(victim) else { return }
            trace.record("lost", node: victim.name, [], now)
            victim.isGone = true
            kill(victim.place)
        }
        if !next.isAnnounced, random.chance(perMille: 500), !isNamed(victim.name, except: victim) {
            next.name = victim.name
        }
        let address = settings.address(next.place, next.name)
        handle(place, .admin(token, .replaceNode(victim.name, by: address)))
        startLater(next, &random)
    }

    private func isNamed(_ name: String, except other: Machine) -> Bool {
        machines.contains { $0 !== other && $0.name == name && !$0.isGone }
    }

    private func startLater(_ machine: Machine, _ random: inout RandomSource) {
        let place = machine.place
        after(random.draw(0...1_000_000_000)) { world in
            world.machines[place].isUnborn = false
            world.start(place)
        }
    }

    /// Whether a node can be lost without anything that was promised: all else is whole, and nobody
    /// was lost before whose place is not filled.
    private func mayLose(_ victim: Machine) -> Bool {
        guard let core = newestCore, !core.areNodesChanging else { return false }
        return members.allSatisfy { $0.hasFormed && $0.core != nil }
            && !machines.contains { $0.isGone && core.hasNode($0.id) }
            && checker.groups.values.allSatisfy { $0.replicas.count != 2 }
    }
}
