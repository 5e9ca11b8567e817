import WiberBase
import WiberLog
import WiberNode
import WiberTopic

/// Processes start on what their disk holds, and end in every way there is.
extension World {
    /// Starts a machine's process, unless it runs or must stay down.
    func start(_ place: Int) {
        let machine = machines[place]
        guard machine.core == nil, machine.downFaults == 0, machine.refusal == nil,
            !machine.isUnborn, !machine.isGone
        else { return }
        machine.epoch += 1
        machine.awakeSince = now
        machine.isSilent = false
        let disk = machine.disk
        machine.levelKnown = max(machine.levelKnown, machine.levels.max)
        var identity = LogIdentity(
            nodeID: settings.configuration(of: machine).nodeID,
            nodeName: machine.name,
            newStoreID: UniqueID(high: random.next(), low: random.next() | 1),
            bootID: machine.bootID
        )
        identity.levels = machine.levels
        do throws(LogError) {
            let (store, recovery) = try LogStore.open(
                disk,
                options: settings.log,
                identity: identity
            )
            checker.recovered(recovery, on: machine, self)
            machine.core = ShardCore(
                configuration: settings.configuration(of: machine),
                limits: settings.limits,
                store: store,
                recovery: recovery,
                reader: { (plan) throws(LogError) in try plan.run(on: disk) },
                digester: Self.digester,
                seed: random.next(),
                time: time(place)
            )
        } catch {
            return refused(place, error)
        }
        if let core = machine.core { checker.startedAtLevel(core, on: machine, self) }
        trace.note(.start, place, UInt64(machine.epoch), 0, now)
        trace.record("started", node: machine.name, [], now)
        resetLinks(of: place)
        scheduleTurn(place)
    }

    private func refused(_ place: Int, _ error: LogError) {
        let machine = machines[place]
        var isTransient = machine.disk.unreadable != nil
        if case .disk = error { isTransient = true }
        if isTransient {  // The disk failed while it was read: the supervisor tries again.
            machine.disk.processEnded()
            return after(500_000_000) { world in world.start(place) }
        }
        machine.refusal = "\(error)"
        resetLinks(of: place)
        trace.record("refused to start", node: machine.name, [("why", "\(error)")], now)
        if case .level = error, machine.levels.max < checker.level {
            machine.disk.processEnded()
            return upgradeLater(machine)
        }
        checker.require(
            machine.isDamaged,
            "start",
            "\(machine.name) refuses to start, and nothing damaged its disk: \(error)"
        )
    }

    /// Kills a machine's process: what it wrote is in the page cache, its connections are reset.
    func kill(_ place: Int) {
        let machine = machines[place]
        guard machine.core != nil else { return }
        trace.note(.kill, place, 0, 0, now)
        trace.record("killed", node: machine.name, [], now)
        machine.noteRest(now)
        interruptJobs(machine)
        machine.processEnded()
        machine.disk.processEnded()
        resetLinks(of: place)
        restartLater(place)
    }

    /// Cuts a machine's power: what was not synced may be lost, and nobody is told.
    func cutPower(_ place: Int) {
        let machine = machines[place]
        trace.note(.powerCut, place, 0, 0, now)
        trace.record("power cut", node: machine.name, [], now)
        machine.noteRest(now)
        interruptJobs(machine)
        machine.isSilent = machine.core != nil
        machine.processEnded()
        machine.disk.cutPower()
        machine.bootID = UniqueID(high: random.next(), low: 1)
        restartLater(place)
    }

    /// Every process has somebody who starts it again.
    private func restartLater(_ place: Int) {
        after(random.draw(100_000_000...1_500_000_000)) { world in world.start(place) }
    }

    /// Lets the jobs that are under way stop anywhere.
    private func interruptJobs(_ machine: Machine) {
        guard !machine.isDiskHung else { return }
        if let job = machine.flushJob, random.chance(perMille: 500) {
            machine.disk.crash(within: 8)
            try? job.run(on: machine.disk)  // It throws where the crash is.
            machine.disk.processEnded()
        }
        if let job = machine.logJob, random.chance(perMille: 800) {
            machine.disk.crash(within: random.pick([6, 6, 20]) ?? 6)
            try? job.run(on: machine.disk)  // It throws where the crash is.
        }
    }

    func gaveUp(_ place: Int, _ reason: String) {
        let machine = machines[place]
        trace.record("gave up", node: machine.name, [("why", reason)], now)
        if machine.id == .zero, reason.contains("replace-node") {
            return kill(place)  // It met nodes that do not know yet that it is welcome.
        }
        if settings.spares > 0, !isBound(machine), reason.contains("replace-node") {
            machine.isGone = true  // Another machine of the name came first.
            return kill(place)
        }
        if hasLeft(machine), reason.contains("was removed") || reason.contains("replace-node") {
            machine.isGone = true
            return kill(place)
        }
        machine.refusal = reason
        interruptJobs(machine)
        machine.processEnded()
        machine.disk.processEnded()
        resetLinks(of: place)
        if checker.isLeftBehind(machine, reason) { return upgradeLater(machine) }
        checker.require(
            machine.isDamaged,
            "fatal",
            "\(machine.name) gave up, and nothing damaged its disk: \(reason)"
        )
    }

    func stopped(_ place: Int) {
        trace.record("stopped", node: machines[place].name, [], now)
        machines[place].processEnded()
        machines[place].disk.processEnded()
        resetLinks(of: place)
        restartLater(place)
    }

    func pause(_ place: Int) {
        guard machines[place].core != nil, !machines[place].isPaused else { return }
        machines[place].isPaused = true
        trace.record("paused", node: machines[place].name, [], now)
    }

    func resume(_ place: Int) {
        let machine = machines[place]
        guard machine.isPaused else { return }
        machine.isPaused = false
        machine.awakeSince = now
        trace.record("resumed", node: machine.name, [], now)
        let waiting = machine.waiting
        machine.waiting = []
        for action in waiting { whenAwake(place, action) }
    }

    /// A digest that tells messages apart, and that costs little.
    static let digester: Digester = { bytes in
        let low = CRC32C.checksum(bytes)
        let high = CRC32C.checksum(bytes, from: 0x5bd1_e995)
        var mixer = RandomSource(seed: UInt64(high) << 32 | UInt64(low))
        return Digest128(high: mixer.next(), low: mixer.next())
    }
}
