import WiberBase
import WiberLog
import WiberNode

/// Disks that are lost while a cluster forms (rules.md 17).
extension World {
    /// Whether a lost disk leaves the formation of the cluster to others: empty nodes that have never
    /// met a member can only form another one (`docs/decisions/0006`).
    func mayWipe(_ machine: Machine) -> Bool {
        func isEmpty(_ machine: Machine) -> Bool {
            machine.durable[.meta]?.through ?? .zero == .zero
        }
        let empty = machines.filter { $0 === machine || isEmpty($0) }
        return isEmpty(machine) || empty.count <= machines.count / 2
    }

    func wipe(_ machine: Machine) {
        kill(machine.place)
        machine.disk.wipe()
        machine.isWiped = true
    }

    /// A founder loses its disk, and then alone hears a node that has the first entry of the meta log
    /// and does not know that it, and more, is committed: that node must not lead by its vote.
    func loseFounder(_ machine: Machine, until end: UInt64) {
        let late = machines.first { other in
            guard other !== machine, let core = other.core, !core.isFormed else { return false }
            return core.storesInLog != nil && core.view(0)?.commit == .zero
        }
        guard let late else {
            guard now < end else { return }
            return after(200_000) { world in
                if !world.isQuiet { world.loseFounder(machine, until: end) }
            }
        }
        let others = machines.map(\.place).filter { $0 != late.place }
        let pairs = others.flatMap { [($0, late.place), (late.place, $0)] }
        for (from, to) in pairs { block(from: from, to: to) }
        after(random.draw(100_000_000...400_000_000)) { world in
            world.meet(late, machine, others.filter { $0 != machine.place })
            world.after(2_500_000_000) { world in
                for (from, to) in pairs { world.unblock(from: from, to: to) }
            }
        }
    }

    private func meet(_ late: Machine, _ founder: Machine, _ others: [Int]) {
        let known = late.durable[.meta]?.through ?? .zero
        guard !isQuiet, mayDamage(founder), mayWipe(founder),
            founder.durable[.meta]?.through ?? .zero > known
        else { return }
        let both = [late.place, founder.place]
        let pairs = others.flatMap { other in both.flatMap { [(other, $0), ($0, other)] } }
        for (from, to) in pairs { block(from: from, to: to) }
        for (from, to) in [(both[0], both[1]), (both[1], both[0])] {
            unblock(from: from, to: to)
            after(2_500_000_000) { $0.block(from: from, to: to) }
        }
        founder.isDamaged = true
        founder.damageCount += 1
        wipe(founder)
        after(10_000_000) { world in world.start(founder.place) }
        after(2_500_000_000) { world in
            for (from, to) in pairs { world.unblock(from: from, to: to) }
        }
    }
}
