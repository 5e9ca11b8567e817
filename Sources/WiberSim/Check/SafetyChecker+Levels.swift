import WiberBase
import WiberNode

/// The feature level: it never falls, and is in force nowhere before all nodes know it.
extension SafetyChecker {
    func checkLevel(of core: ShardCore, on machine: Machine, _ world: World) {
        let view = core.levels
        defer { machine.levelSeen = view.inForce }
        require(
            view.inForce >= machine.levelSeen,
            "the level never falls",
            "\(machine.name) goes from feature level \(machine.levelSeen) to \(view.inForce)"
        )
        require(
            view.onDisk <= machine.levels.max,
            "levels",
            "\(machine.name) works at feature level \(view.onDisk) and knows \(machine.levels)"
        )
        if view.applied > level { raised(to: view, machine, world) }
        require(
            view.inForce <= level,
            "levels",
            "feature level \(view.inForce) is in force on \(machine.name), and the cluster is at"
                + " \(level)"
        )
    }

    /// Who belongs to the cluster has said that it knows the level, and has run a release that does.
    private func raised(to view: LevelView, _ machine: Machine, _ world: World) {
        level = view.applied
        world.trace.record("level", node: machine.name, [("level", "\(level)")], world.now)
        for node in view.nodes where !node.isLeaving && node.hasCome {
            let known = world.machine(node.id)?.levelKnown ?? .base
            require(
                node.told ?? .base >= level && known >= level,
                "levels",
                "the cluster goes to feature level \(level), and node \(node.id) has told"
                    + " \(node.told.map { "\($0)" } ?? "nothing") and known up to \(known)"
            )
        }
    }

    /// A disk says its level before anything on it needs it: an older release must find it there.
    func startedAtLevel(_ core: ShardCore, on machine: Machine, _ world: World) {
        guard world.settings.levelsVary, !world.settings.network.losesFrames else { return }
        let needed = core.levelOfLog
        require(
            core.levels.onDisk >= needed,
            "levels",
            "\(machine.name) starts at feature level \(core.levels.onDisk) with a log that needs"
                + " \(needed)"
        )
    }

    /// Whether a node that gives up has reason to: it runs a release that is too old.
    func isLeftBehind(_ machine: Machine, _ reason: String) -> Bool {
        reason.contains("feature level") && machine.levels.max < level
    }
}
