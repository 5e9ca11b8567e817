import WiberBase
import WiberLog
import WiberNode

/// Faults come and go as planned; who is hit, and how, is drawn from the fault's own seed.
extension World {
    func schedule(_ plan: FaultPlan) {
        for fault in plan.faults {
            at(fault.at) { world in
                guard !world.isQuiet else { return }
                world.begin(fault)
            }
        }
    }

    private func begin(_ fault: Fault) {
        var random = RandomSource(seed: fault.seed)
        guard let place = victim(&random, fault.kind) else { return }
        statistics.faults += 1
        trace.note(.fault, place, UInt64(fault.number), fault.length, now)
        trace.record(
            "fault",
            node: machines[place].name,
            [("kind", fault.kind.rawValue), ("number", "\(fault.number)")],
            now
        )
        switch fault.kind {
        case .kill: endProcess(place, fault) { $0.kill(place) }
        case .powerCut:
            switch random.draw(0...9) {
            case 0...2: cutPowerAfterStart(place, fault, &random)
            case 3...6:
                whenWriting(place, aHardState: true, until: now + 2_000_000_000) { world in
                    guard !world.isQuiet else { return }
                    world.endProcess(place, fault) { $0.cutPower(place) }
                }
            default: endProcess(place, fault) { $0.cutPower(place) }
            }
        case .powerCutAll:
            for place in machines.indices { endProcess(place, fault) { $0.cutPower(place) } }
        case .crashAtEffect: machines[place].effectsUntilCrash = Int(random.draw(0...60))
        case .shutdown: handle(place, .shutdown)
        case .pause:
            pause(place)
            after(fault.length) { $0.resume(place) }
        case .isolate, .oneWay, .split, .partial: partition(fault, place, &random)
        case .reset: resetSome(place, &random)
        case .stall: stallSome(place, fault, &random)
        case .slowDisk, .hungDisk, .failedSync, .fullDisk, .unreadable:
            trouble(fault, machines[place], &random)
        case .clockJump:
            let bound =
                random.pick([20_000_000, 2_000_000_000, 3_600_000_000_000] as [UInt64]) ?? 0
            machines[place].clock.wallAhead += Int64(random.draw(0...2 * bound)) - Int64(bound)
        case .cutAtInstall:
            for machine in machines {
                machine.cutAfterInstall = (random.draw(0...30_000_000), fault.length)
            }
        case .transfer:
            let topic = random.pick(settings.topics) ?? "news"
            let node = machines[random.place(machines.count)].name
            handle(place, .admin(UInt64(fault.number), .transfer(topic: topic, node: node)))
        case .move: move(fault, place, &random)
        case .scratch: scratch(fault, place, &random)
        case .drain: drain(fault, place, &random)
        case .purge: purge(fault, place, &random)
        case .remove: remove(fault, place, &random)
        case .addNode, .removeNode, .replaceNode, .loseNode: changeNodes(fault, place, &random)
        case .upgrade: changeRelease(machines[place], to: .supported)
        case .downgrade: changeRelease(machines[place], to: LevelRange.supported.held(to: .base))
        case .rot, .staleSector, .misdirected, .lostEnd, .lostFile, .wipe:
            damage(fault, machines[place], &random)
        case .lostPromise: losePromise(fault, machines[place], &random)
        case .lostFounder: loseFounder(machines[place], until: now + 2_000_000_000)
        case .rotEverywhere: rotEverywhere(&random)
        case .rotAlone: rotAlone(fault, &random)
        }
    }

    /// Often the leader, since that is where it hurts; damage hits nobody while another machine has
    /// some that is not repaired.
    private func victim(_ random: inout RandomSource, _ kind: Fault.Kind) -> Int? {
        let there = members.map(\.place)
        let drawn = there.isEmpty ? 0 : there[random.place(there.count)]
        if kind.isDamage {
            // One that has never joined is as good as lost, and two are too many.
            guard settings.scenario == .wipes || machines.allSatisfy(\.hasFormed) else {
                return nil
            }
            let damaged = damagedMachines
            if damaged.count > 1 { return nil }
            if let first = damaged.first { return first.place }
        }
        let topic = random.pick(settings.topics) ?? "news"
        guard random.chance(perMille: 600), let leader = leader(of: topic) else { return drawn }
        return leader
    }

    func endProcess(_ place: Int, _ fault: Fault, _ end: (World) -> Void) {
        machines[place].downFaults += 1
        end(self)
        after(fault.length) { world in
            world.machines[place].downFaults = max(0, world.machines[place].downFaults - 1)
            world.start(place)
        }
    }

    /// A fault has waited for this.
    func cutPowerAfterInstall(_ machine: Machine) {
        guard let (wait, length) = machine.cutAfterInstall else { return }
        machine.cutAfterInstall = nil
        let place = machine.place
        after(wait) { world in
            guard !world.isQuiet else { return }
            world.machines[place].downFaults += 1
            world.cutPower(place)
            world.after(length) { world in
                world.machines[place].downFaults = max(0, world.machines[place].downFaults - 1)
                world.start(place)
            }
        }
    }

    /// Ends the process, and cuts the power when the next one has just started on what the page
    /// cache held.
    private func cutPowerAfterStart(_ place: Int, _ fault: Fault, _ random: inout RandomSource) {
        let start = random.draw(1_000_000...20_000_000)
        let cut = start + random.draw(0...20_000_000)
        whenWriting(place, aHardState: false, until: now + 500_000_000) { world in
            guard !world.isQuiet else { return }
            world.kill(place)
            world.after(start) { world in world.start(place) }
            world.after(cut) { world in
                guard !world.isQuiet else { return }
                world.endProcess(place, fault) { $0.cutPower(place) }
            }
        }
    }

    /// Does something as soon as a machine writes to its log, or at a certain time.
    private func whenWriting(
        _ place: Int,
        aHardState isHard: Bool,
        until end: UInt64,
        _ action: @escaping Action
    ) {
        if let job = machines[place].logJob, !isHard || job.hasHardState { return action(self) }
        guard now < end else { return action(self) }
        after(100_000) { world in
            world.whenWriting(place, aHardState: isHard, until: end, action)
        }
    }

    // MARK: Network

    private func partition(_ fault: Fault, _ place: Int, _ random: inout RandomSource) {
        var pairs: [(Int, Int)] = []
        let others = machines.indices.filter { $0 != place }
        switch fault.kind {
        case .oneWay:
            let isOut = random.chance(perMille: 500)
            for other in others where random.chance(perMille: 700) {
                pairs.append(isOut ? (place, other) : (other, place))
            }
        case .split:
            let sides = machines.indices.map { _ in random.chance(perMille: 500) }
            for one in machines.indices {
                for other in machines.indices where sides[one] != sides[other] {
                    pairs.append((one, other))
                }
            }
        case .partial:
            for one in machines.indices {
                for other in machines.indices.dropFirst(one + 1)
                where random.chance(perMille: 400) {
                    pairs += [(one, other), (other, one)]
                }
            }
        case .isolate, .kill, .crashAtEffect, .powerCut, .powerCutAll, .pause, .shutdown, .reset,
            .stall, .slowDisk, .hungDisk, .failedSync, .fullDisk, .unreadable, .clockJump,
            .transfer, .move, .scratch, .drain, .purge, .remove, .cutAtInstall, .rot, .addNode,
            .removeNode, .replaceNode, .loseNode, .upgrade, .downgrade,
            .staleSector, .misdirected, .lostEnd, .lostFile, .wipe, .lostPromise, .lostFounder,
            .rotEverywhere, .rotAlone:
            for other in others { pairs += [(place, other), (other, place)] }
        }
        for (from, to) in pairs { block(from: from, to: to) }
        after(fault.length) { world in
            for (from, to) in pairs { world.unblock(from: from, to: to) }
        }
    }

    private func resetSome(_ place: Int, _ random: inout RandomSource) {
        let all = random.chance(perMille: 500)
        for link in links where link.ends.contains(where: { $0.node == place }) {
            if all || random.chance(perMille: 300) { reset(link) }
        }
    }

    private func stallSome(_ place: Int, _ fault: Fault, _ random: inout RandomSource) {
        let touched = links.filter { link in link.ends.contains { $0.node == place } }
        for link in touched where random.chance(perMille: 500) {
            link.stalledUntil = now + fault.length
            at(link.stalledUntil) { world in
                for side in 0...1 { world.releaseHeld(link, side) }
            }
        }
    }

    // MARK: Disk

    private func trouble(_ fault: Fault, _ machine: Machine, _ random: inout RandomSource) {
        let place = machine.place
        switch fault.kind {
        case .slowDisk:
            // Two at a time do not multiply: a job would outlast the run.
            machine.diskSlowness = random.draw(5...200)
            after(fault.length) { world in world.machines[place].diskSlowness = 1 }
        case .hungDisk:
            machine.isDiskHung = true
            after(fault.length) { $0.releaseDisk(place) }
        case .failedSync: machine.disk.failsNextSync = true
        case .fullDisk:
            machine.disk.isFull = true
            after(fault.length) { $0.machines[place].disk.isFull = false }
        case .unreadable:
            machine.disk.unreadable = random.pick(
                machine.disk.paths.filter { $0.hasSuffix(".seg") }
            )
            after(fault.length) { $0.machines[place].disk.unreadable = nil }
        case .kill, .crashAtEffect, .powerCut, .powerCutAll, .pause, .shutdown, .isolate, .oneWay,
            .split, .partial, .reset, .stall, .clockJump, .transfer, .move, .scratch, .drain,
            .purge, .remove, .cutAtInstall, .rot, .staleSector, .misdirected, .lostEnd, .lostFile,
            .wipe, .lostPromise, .lostFounder, .rotEverywhere, .rotAlone, .addNode, .removeNode,
            .replaceNode, .loseNode, .upgrade, .downgrade:
            break
        }
    }

    func releaseDisk(_ place: Int) {
        machines[place].isDiskHung = false
        let jobs = machines[place].hungJobs
        machines[place].hungJobs = []
        for job in jobs { job(self) }
    }

    // MARK: The end of all faults

    /// Ends everything that hurts; the processes that are down stay so until they are started.
    func healAll() {
        isQuiet = true
        for place in machines.indices {
            machines[place].effectsUntilCrash = nil
            machines[place].diskSlowness = 1
            machines[place].disk.isFull = false
            machines[place].disk.failsNextSync = false
            machines[place].disk.unreadable = nil
            releaseDisk(place)
        }
        for from in machines.indices {
            for to in machines.indices where isBlocked(from: from, to: to) {
                while isBlocked(from: from, to: to) { unblock(from: from, to: to) }
            }
        }
        for link in links {
            link.stalledUntil = 0
            for side in 0...1 { releaseHeld(link, side) }
            // What a lane has lost it would have to carry again: such a lane ends instead.
            if settings.network.losesFrames, link.isLane { reset(link) }
        }
    }
}
