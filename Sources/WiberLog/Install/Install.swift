import WiberBase

/// A log that is about to begin where another replica's does.
///
/// The new segment is written into a directory of its own and made durable. Then one write of the
/// group's hard slot says all at once that the log is there, where it begins, and up to which batch
/// the write-ahead log's words about the group are void; before it, and if power is cut, the old log
/// is as it was.
struct Install: Sendable {
    /// What becomes of the old log.
    enum Kind {
        /// All of it goes: it ends before the new one begins, or is not the group's.
        case whole
        /// Its segments go; the group stays suspect, as the write-ahead log has it.
        case suspect
        /// Its segments are damaged and go; what the write-ahead log holds stays.
        case segments
        /// Its segments are damaged, and stay from the new first one on: no file is written.
        case front
    }

    let snapshot: LogSnapshot
    let kind: Kind
    /// The number of the directory with the segments, in turn 1 or 2; 0 is the group's first.
    let epoch: UInt16
    /// The files that the old log leaves behind.
    var removals: [String] = []

    init(_ snapshot: LogSnapshot, _ kind: Kind, after epoch: UInt16) {
        self.snapshot = snapshot
        self.kind = kind
        self.epoch = kind == .front ? epoch : epoch == 1 ? 2 : 1
    }

    /// What makes the new segment durable.
    func steps(_ slot: GroupSlot) -> [DiskStep] {
        let directory = slot.directory(epoch)
        let segment = snapshot.segment(in: directory)
        let steps: [DiskStep] = [
            .makeDirectory(path: slot.directory(0)),
            .makeDirectory(path: directory),
            .clear(path: directory),
            .create(path: segment.path),
            .write(path: segment.path, offset: 0, bytes: snapshot.header.encode()),
            .chunks(path: segment.path, offset: segment.end, [snapshot.first]),
            .sync(path: segment.path),
            .syncDirectory(path: directory),
            .syncDirectory(path: slot.directory(0)),
            .syncDirectory(path: "topics"),
        ]
        return Mutant.snapshotNotSynced.isOn ? Array(steps.prefix(6)) : steps
    }
}

extension GroupLog {
    /// The log as it is once the group's hard slot says so.
    ///
    /// What was in memory of the old one is gone, but for what is behind the new first entry and
    /// belongs there; `batch` is the last one of the write-ahead log that can speak of the old one.
    func replaced(
        by install: Install,
        voidedThrough batch: UInt64,
        _ options: LogOptions
    ) -> GroupLog {
        let snapshot = install.snapshot
        var hard = hard
        hard.logStart = snapshot.entry.index
        guard install.kind != .front else { return withStart(hard, install) }
        if snapshot.entry.term > hard.term {
            // A log never has a term above its hard state.
            hard.term = snapshot.entry.term
            hard.votedFor = .zero
        }
        hard.epoch = install.epoch
        hard.segmentEnd = snapshot.entry.index
        let tail = install.kind == .segments ? tail(behind: snapshot.first) : nil
        let isVoid = install.kind == .whole || install.kind == .segments && tail == nil
        if isVoid { hard.voided = batch }
        var log = GroupLog(number: number, slot: slot, hard: hard)
        log.isDue = isDue
        log.notedGeneration = notedGeneration
        log.install = install
        log.wound = wound
        log.wound?.rows.removeAll { $0.index <= snapshot.entry.index }
        log.restore(snapshot.segments(in: log.directory, options))
        for entry in tail ?? [] { log.append(entry.chunk, generation: entry.generation) }
        return log
    }

    /// The same log, whose damaged segments are read again from the new start on.
    private func withStart(_ hard: HardSlot, _ install: Install) -> GroupLog {
        var log = self
        log.hard = hard
        log.install = install
        log.recovery = recovery.map { recovery in
            GroupRecovery(
                slot: slot,
                hard: hard,
                limit: recovery.limit,
                sparseInterval: recovery.sparseInterval
            )
        }
        return log
    }

    /// What is in memory behind an entry; `nil` if it is not what followed that one.
    private func tail(behind first: Chunk) -> [Entry]? {
        let index = first.header.index
        if let own = entry(at: index), own.chunk.header.checksum != first.header.checksum {
            return nil
        }
        guard let next = entry(at: index.next) else { return [] }
        guard next.chunk.header.previousChecksum == first.header.checksum else { return nil }
        let place = Int(index.next.rawValue - firstInMemory.rawValue)
        return (place..<entries.count).map { entries[$0] }
    }
}

extension LogSnapshot {
    /// The segment that it is, by itself and empty.
    func segment(in directory: String) -> ActiveSegment {
        ActiveSegment(header, directory: directory)
    }

    /// What a recovery finds where only this is.
    func segments(in directory: String, _ options: LogOptions) -> RecoveredSegments {
        var segment = segment(in: directory)
        segment.add(first.header, sparseInterval: options.sparseInterval)
        var segments = RecoveredSegments()
        segments.base = previous
        segments.last = entry
        segments.lastChunk = first
        segments.active = segment
        segments.runs = [entry]
        segments.configuration =
            first.header.kind == .configuration ? first.bytes : header.configuration
        return segments
    }
}
