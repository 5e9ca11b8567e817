import WiberBase
import WiberNode
import WiberRaft

/// Leaders that nobody hears must not go on (rule 11).
extension World {
    /// A leader has heard from a quorum within this time, in nanoseconds: several times of what a
    /// leader waits.
    private static let silenceMax: UInt64 = 3_000_000_000
    private static let watchInterval: UInt64 = 200_000_000

    /// Looks at all leaders, again and again.
    func watchLeaders() {
        for machine in machines {
            guard let core = machine.core, !machine.isPaused,
                now - machine.awakeSince > Self.silenceMax
            else { continue }
            for slot in 0..<core.groupCount {
                guard let view = core.view(slot), view.role == .leader else { continue }
                watch(view, machine)
            }
        }
        after(Self.watchInterval) { world in world.watchLeaders() }
    }

    private func watch(_ view: GroupView, _ machine: Machine) {
        let heard = view.configuration.members.filter { node in
            guard node.node != machine.id else { return true }
            let last = self.machine(node).flatMap { machine.heard[$0.place] } ?? 0
            return now - last <= Self.silenceMax
        }
        checker.require(
            view.configuration.isQuorum { heard.contains($0) },
            "a leader has a quorum",
            "\(machine.name) leads \(view.name) in term \(view.term) and has heard of \(heard) only"
        )
    }
}
