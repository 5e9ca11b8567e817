import WiberBase
import WiberLog
import WiberNode
import WiberRaft

/// Faults that make holes in write-ahead logs, where the rules for several replicas meet.
extension World {
    /// Replicas of a topic lose an entry each, every one another, and all start at once.
    func rotEverywhere(_ random: inout RandomSource) {
        guard damagedMachines.isEmpty, let topic = random.pick(["news", "ids", "same"]),
            let id = checker.id(named: topic), let group = checker.groups[id]
        else { return }
        let replicas = machines.filter { machine in
            group.replicas.contains { $0.node == machine.id }
        }
        let ends = replicas.map { machine -> LogIndex in
            guard let view = machine.core?.view(of: topic) else { return .zero }
            return min(view.commit, machine.sealed[id]?.through ?? .zero)
        }
        guard let end = ends.min() else { return }
        var left = Array(end.rawValue - min(end.rawValue, 12)..<end.rawValue + 1)
        left.shuffle(using: &random)
        var places: [(machine: Machine, spots: [Spot])] = []
        for machine in replicas {
            let found = left.firstIndex { !spots(id, LogIndex($0), machine).isEmpty }
            guard let found else { return }
            places.append((machine, spots(id, LogIndex(left.remove(at: found)), machine)))
        }
        for (machine, spots) in places {
            kill(machine.place)
            flip(spots, machine, &random)
        }
    }

    /// A leader that nobody hears makes entries that nobody commits, loses one of them, and comes
    /// back to a cluster that has others in their place.
    func rotAlone(_ fault: Fault, _ random: inout RandomSource) {
        let topic = random.pick(["news", "ids", "same"]) ?? "news"
        guard let place = leader(of: topic), let id = checker.id(named: topic),
            mayDamage(machines[place]), machines.count > 1
        else { return }
        let links = machines.indices.filter { $0 != place }.flatMap { [($0, place), (place, $0)] }
        for (from, to) in links { block(from: from, to: to) }
        after(fault.length + 1_500_000_000) { world in
            for (from, to) in links { world.unblock(from: from, to: to) }
        }
        let client = SimClient(name: "lone\(fault.number)", seed: random.next())
        client.isIdle = true
        clients.append(client)
        client.connect(self, to: place)
        for step in 1...6 as ClosedRange<UInt64> {
            after(step * 40_000_000) { world in
                guard !world.isQuiet, client.link != nil else { return }
                client.publish(client.newPublish(topic, world), world)
            }
        }
        var details = random
        after(random.draw(280_000_000...350_000_000)) { world in
            let machine = world.machines[place]
            guard !world.isQuiet, let view = machine.core?.view(of: topic),
                machine.damageCount == 0, world.mayDamage(machine)
            else { return }
            let last = min(view.last.index, machine.sealed[id]?.through ?? .zero)
            guard view.commit.next < last else { return }
            let hole = LogIndex(details.draw(view.commit.rawValue + 1...last.rawValue - 1))
            let spots = world.spots(id, hole, machine)
            guard !spots.isEmpty else { return }
            world.kill(place)
            world.flip(spots, machine, &details)
            world.after(10_000_000) { world in world.start(place) }
        }
    }

    /// A copy of an entry in a file.
    private struct Spot {
        var path: String
        var range: Range<Int>
    }

    /// Where an entry is in a machine's write-ahead log.
    private func spots(_ id: GroupID, _ index: LogIndex, _ machine: Machine) -> [Spot] {
        guard let chunk = machine.core?.chunk(id, at: index) else { return [] }
        return machine.disk.paths.filter { $0.hasPrefix("wal/") }.flatMap { path in
            (machine.disk.file(path)?.bytes.ranges(of: chunk.bytes) ?? []).map {
                Spot(path: path, range: $0)
            }
        }
    }

    private func flip(_ spots: [Spot], _ machine: Machine, _ random: inout RandomSource) {
        machine.isDamaged = true
        machine.damageCount += 1
        for spot in spots {
            guard let file = machine.disk.file(spot.path) else { continue }
            trace.record("damaged", node: machine.name, [("file", spot.path)], now)
            let offset = spot.range.lowerBound + random.place(spot.range.count)
            file.corrupt(at: offset, [file.bytes[offset] ^ 1 << UInt8(random.draw(0...7))])
        }
    }

    // MARK: Who may be damaged

    /// Machines with damage that is not repaired, as far as can be seen from outside.
    var damagedMachines: [Machine] {
        for machine in machines where machine.isDamaged && isIntact(machine) {
            machine.isDamaged = false
            trace.record("whole again", node: machine.name, [], now)
        }
        return machines.filter(\.isDamaged)
    }

    /// Whether no other machine has any.
    func mayDamage(_ machine: Machine) -> Bool {
        damagedMachines.allSatisfy { $0 === machine }
    }

    /// Whether everything that a machine has applied can be read, and nothing waits for a start to
    /// find it.
    private func isIntact(_ machine: Machine) -> Bool {
        guard let core = machine.core, machine.damageCount == 0, machine.impaired.isEmpty,
            core.recoveryReadiness == nil, !machine.isWiped
        else { return false }
        for slot in 0..<core.groupCount {
            guard let view = core.view(slot) else { continue }
            let last = try? core.entries(view.id, through: view.applied).last?.header.index
            guard last ?? .zero == view.applied else { return false }
        }
        return true
    }
}
