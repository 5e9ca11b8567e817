import WiberBase

/// Faults that harm data which was on the disk.
extension World {
    /// Whether damage would hit a last batch that no seal and no other batch has followed: nobody can
    /// tell it from a write that was cut short (rule 4), and until then it may not count.
    private func isOpenEnd(
        _ fault: Fault,
        _ machine: Machine,
        _ file: SimFile,
        _ path: String,
        _ offset: Int
    ) -> Bool {
        switch fault.kind {
        case .rot, .staleSector, .misdirected: break
        default: return false
        }
        let sector = offset / SimFile.sector * SimFile.sector
        return path.hasPrefix("wal/") && !machine.isSealed
            && file.lastWritten.overlaps(sector..<sector + SimFile.sector)
    }

    /// Harms the data of a machine whose process has just ended; it is noticed at the next start, or
    /// when something is read.
    func damage(_ fault: Fault, _ machine: Machine, _ random: inout RandomSource) {
        if fault.kind == .wipe, !mayWipe(machine) { return }
        machine.isDamaged = true
        if random.chance(perMille: 700) {
            endProcess(machine.place, fault) { $0.kill(machine.place) }
        }
        let disk = machine.disk
        guard let (path, offset) = damagedPlace(disk, &random), let file = disk.file(path) else {
            return
        }
        if isOpenEnd(fault, machine, file, path, offset) { return }
        // Much damage at once would only end the story: both copies of something are gone.
        if settings.scenario == .damage, machine.damageCount > 0 { return }
        trace.record(
            "damaged",
            node: machine.name,
            [("file", path), ("offset", "\(offset)"), ("kind", fault.kind.rawValue)],
            now
        )
        machine.damageCount += 1
        let sector = offset / SimFile.sector * SimFile.sector
        switch fault.kind {
        case .rot: file.corrupt(at: offset, [file.bytes[offset] ^ 1 << UInt8(random.draw(0...7))])
        case .staleSector:
            let count = min(SimFile.sector, file.bytes.count - sector)
            file.corrupt(at: sector, [UInt8](repeating: 0, count: count))
        case .misdirected:
            let from = random.place(file.bytes.count) / SimFile.sector * SimFile.sector
            file.corrupt(at: sector, file.read(at: from, count: SimFile.sector))
        case .lostEnd: file.loseEnd(from: offset)
        case .lostFile: disk.lose(path)
        case .wipe: wipe(machine)
        case .kill, .crashAtEffect, .powerCut, .powerCutAll, .pause, .shutdown, .isolate, .oneWay,
            .split, .partial, .reset, .stall, .slowDisk, .hungDisk, .failedSync, .fullDisk,
            .unreadable, .clockJump, .transfer, .move, .scratch, .drain, .purge, .remove,
            .cutAtInstall, .lostPromise, .lostFounder, .rotEverywhere, .rotAlone, .addNode,
            .removeNode, .replaceNode, .loseNode, .upgrade, .downgrade:
            break
        }
    }

    /// See ``Fault/Kind/lostPromise``.
    func losePromise(_ fault: Fault, _ machine: Machine, _ random: inout RandomSource) {
        let topics = settings.topics.filter { topic in
            leader(of: topic).map { $0 != machine.place } ?? false
        }
        guard machine.damageCount == 0, let topic = random.pick(topics),
            let leader = leader(of: topic)
        else { return }
        machines[leader].isDiskHung = true
        let others = machines.indices.filter { $0 != leader && $0 != machine.place }
        let links = others.flatMap { other in
            machines.indices.filter { $0 != other }.flatMap { [(other, $0), ($0, other)] }
        }
        for (from, to) in links { block(from: from, to: to) }
        after(random.draw(50_000_000...300_000_000)) { world in
            for (from, to) in links { world.unblock(from: from, to: to) }
            guard !world.isQuiet, let path = machine.disk.lastWritten["wal"],
                machine.damageCount == 0, world.mayDamage(machine)
            else { return }
            world.kill(machine.place)
            machine.isDamaged = true
            machine.damageCount += 1
            machine.disk.lose(path)
            world.after(10_000_000) { world in world.start(machine.place) }
        }
        after(1_500_000_000) { $0.releaseDisk(leader) }
    }

    /// Where damage comes: often in what the write-ahead log got last, which could pass for a torn
    /// end, and elsewhere rather where something is than in zeros.
    private func damagedPlace(
        _ disk: SimDisk,
        _ random: inout RandomSource
    ) -> (path: String, offset: Int)? {
        let kinds = ["wal/", "wal/", ".seg", ".seg", "hard", "groups", "super"]
        let kind = random.pick(kinds) ?? "wal/"
        if kind == "wal/", random.chance(perMille: 500), let path = disk.lastWritten["wal"],
            let written = disk.file(path)?.lastWritten, !written.isEmpty
        {
            return (path, written.lowerBound + random.place(written.count))
        }
        let paths = disk.paths.filter { $0.contains(kind) }
        guard let path = random.pick(paths), let bytes = disk.file(path)?.bytes, !bytes.isEmpty
        else { return nil }
        var offset = 0
        for _ in 0..<8 {
            offset = random.place(bytes.count)
            if bytes[offset] != 0 { break }
        }
        return (path, offset)
    }
}
