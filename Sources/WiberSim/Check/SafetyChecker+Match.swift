import WiberBase
import WiberNode

extension SafetyChecker {
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
