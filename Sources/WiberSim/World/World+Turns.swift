import WiberBase
import WiberLog
import WiberNode

/// What the thin driver of a real node does, on simulated time: events in, effects out.
extension World {
    func time(_ place: Int) -> ShardTime { machines[place].clock.time(at: now) }

    func handle(_ place: Int, _ event: ShardEvent) {
        machines[place].core?.handle(event, at: time(place))
        scheduleTurn(place)
    }

    func receive(_ place: Int, _ connection: ConnectionID, _ bytes: [UInt8]) {
        let time = time(place)
        bytes.withUnsafeBytes { machines[place].core?.receive(connection, $0, at: time) }
        scheduleTurn(place)
    }

    func scheduleTurn(_ place: Int) {
        let machine = machines[place]
        guard machine.core != nil, !machine.isTurnScheduled else { return }
        machine.isTurnScheduled = true
        onMachine(place, after: random.draw(1_000...20_000)) { world, _ in world.endTurn(place) }
    }

    private func endTurn(_ place: Int) {
        let machine = machines[place]
        machine.isTurnScheduled = false
        statistics.turns += 1
        var effects: [ShardEffect] = []
        machine.core?.endTurn(at: time(place), effects: &effects)
        checker.look(at: place, self)  // Before the effects: some may never happen.
        for effect in effects {
            guard machine.core != nil else { return }
            if let left = machine.effectsUntilCrash {
                guard left > 0 else { return kill(place) }
                machine.effectsUntilCrash = left - 1
            }
            perform(effect, place)
        }
        armTimer(place)
    }

    private func armTimer(_ place: Int) {
        let machine = machines[place]
        guard let deadline = machine.core?.nextDeadline else { return }
        let due = max(machine.clock.trueTime(of: deadline, now: now), now + 1_000)
        guard due < machine.timer || machine.timer <= now else { return }
        machine.timer = due
        machine.timerEpoch += 1
        let timer = machine.timerEpoch
        onMachine(place, after: due - now) { world, machine in
            guard machine.timerEpoch == timer else { return }
            machine.timer = .max
            world.handle(place, .tick)
        }
    }

    private func perform(_ effect: ShardEffect, _ place: Int) {
        switch effect {
        case .write(let connection, let bytes):
            trace.note(.write, place, connection.rawValue, UInt64(bytes.count), now)
            write(place, connection, bytes)
        case .writeShared(let connection, let payload):
            trace.note(.write, place, connection.rawValue, UInt64(payload.bytes.count), now)
            write(place, connection, payload.bytes)
        case .close(let connection, let reason):
            trace.note(.close, place, connection.rawValue, UInt64(reason.utf8.count), now)
            close(place, connection)
        case .dial(let connection, _, let port):
            trace.note(.dial, place, connection.rawValue, UInt64(port), now)
            dial(place, connection, port)
        case .setReading(let connection, let isReading):
            trace.note(.reading, place, connection.rawValue, isReading ? 1 : 0, now)
        case .adminDone(let token, let outcome):
            trace.note(.admin, place, token, outcome == .done ? 1 : 0, now)
        case .stopListening: break  // No simulated fault asks for lame duck mode.
        case .runLog(let job):
            machines[place].logJob = job
            trace.note(.log, place, job.number, UInt64(job.byteCount), now)
            runJob(place, .log, job.run) { world, machine in
                machine.logJob = nil
                machine.logJobEnded = world.now
                let installs = machine.installs
                world.checker.completed(job, on: machine)
                if machine.installs > installs { world.cutPowerAfterInstall(machine) }
                world.handle(place, .logCompleted(job))
            }
        case .runFlush(let job):
            machines[place].flushJob = job
            trace.note(.flush, place, job.number, UInt64(job.byteCount), now)
            runJob(place, .flush, job.run) { world, machine in
                machine.flushJob = nil
                world.handle(place, .flushCompleted(job))
            }
        case .runRead(let token, let plan):
            trace.note(.read, place, token, 0, now)
            onMachine(place, after: diskTime(place)) { world, machine in
                let disk = machine.disk
                let result = Result { () throws(LogError) in try plan.run(on: disk) }
                world.handle(place, .readCompleted(token: token, result))
            }
        case .runRecovery(let token, let plan):
            trace.note(.read, place, token, 1, now)
            onMachine(place, after: diskTime(place)) { world, machine in
                let disk = machine.disk
                let result = Result { () throws(LogError) in try plan.run(on: disk) }
                world.handle(place, .recoveryCompleted(token: token, result))
            }
        case .trace(let event): record(event, place)
        case .fatal(let reason): gaveUp(place, reason)
        case .stopped: stopped(place)
        }
    }

    private func record(_ event: TraceEvent, _ place: Int) {
        trace.note(.event, place, UInt64(event.metadata.count), 0, now)
        guard trace.isVerbose else { return }
        trace.record(event, node: machines[place].name, time(place).wall)
    }

    // MARK: The disk

    private func diskTime(_ place: Int) -> UInt64 {
        random.draw(settings.disk.job) * machines[place].diskSlowness
    }

    /// Runs a job of the log or flush thread after the time that the disk takes.
    private func runJob(
        _ place: Int,
        _ job: DiskJob,
        _ run: @escaping (any Disk) throws(DiskError) -> Void,
        _ completed: @escaping (World, Machine) -> Void
    ) {
        onMachine(place, after: diskTime(place)) { world, machine in
            guard !machine.isDiskHung else {
                machine.hungJobs.append { world in
                    world.runJob(place, job, run, completed)
                }
                return
            }
            do throws(DiskError) {
                try run(machine.disk)
            } catch {
                return world.jobFailed(place, error, job, run, completed)
            }
            completed(world, machine)
        }
    }

    /// As a host does: a full disk is waited for, anything else ends the process (rule 6).
    private func jobFailed(
        _ place: Int,
        _ error: DiskError,
        _ job: DiskJob,
        _ run: @escaping (any Disk) throws(DiskError) -> Void,
        _ completed: @escaping (World, Machine) -> Void
    ) {
        guard error.isNoSpace else {
            statistics.diskDeaths += 1
            machines[place].disk.die()
            return kill(place)
        }
        handle(place, .diskFull(job, path: error.path))
        onMachine(place, after: 500_000_000) { world, _ in world.runJob(place, job, run, completed)
        }
    }
}
