import WiberBase

/// Machines run releases that know different feature levels.
extension World {
    /// Each machine begins with an old release or a new one.
    func drawLevels() {
        guard settings.levelsVary else { return }
        for machine in machines where random.chance(perMille: 600) {
            machine.levels = LevelRange.supported.held(to: .base)
        }
    }

    /// Puts another release on a machine, and starts it again.
    func changeRelease(_ machine: Machine, to levels: LevelRange) {
        machine.levels = levels
        trace.record("release", node: machine.name, [("levels", "\(levels)")], now)
        if machine.isLeftBehind {
            machine.isLeftBehind = false
            machine.refusal = nil
            return start(machine.place)
        }
        kill(machine.place)
    }

    /// Somebody reads what a node says that is left behind, and gives it the release that it needs.
    func upgradeLater(_ machine: Machine) {
        machine.isLeftBehind = true
        let place = machine.place
        after(random.draw(500_000_000...5_000_000_000)) { world in
            guard world.machines[place].isLeftBehind else { return }
            world.changeRelease(world.machines[place], to: .supported)
        }
    }

    /// All machines get the newest release.
    func upgradeAll() {
        for machine in machines where machine.levels != .supported {
            changeRelease(machine, to: .supported)
        }
    }
}
