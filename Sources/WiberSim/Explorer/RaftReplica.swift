import WiberBase
import WiberRaft

/// An entry as the explorer knows it: who made it stands for its bytes.
struct RaftEntry: Equatable, Sendable {
    var term: Term
    var kind: EntryKind
    var maker: NodeID
}

/// A core, what its driver keeps in memory, and its disk.
struct RaftReplica {
    /// Something on its way to the disk.
    enum DiskWork: Equatable, Sendable {
        case append(from: LogIndex, [RaftEntry], tag: Term)
        case persist(HardState)
    }

    let id: NodeID
    let voters: [NodeID]
    /// `nil` while it is down.
    var raft: Raft?
    var log: [RaftEntry] = []
    var commit = LogIndex.zero
    /// Oldest first; lost in a crash.
    var queue: [DiskWork] = []
    var diskLog: [RaftEntry] = []
    var diskHardState = HardState()

    init(id: NodeID, voters: [NodeID]) {
        self.id = id
        self.voters = voters
    }

    /// Starts with what the disk has.
    mutating func start(now: Instant) {
        log = diskLog
        commit = .zero
        var runs: [EntryID] = []
        for (place, entry) in log.enumerated() where runs.last?.term != entry.term {
            runs.append(EntryID(index: LogIndex(UInt64(place + 1)), term: entry.term))
        }
        let configurations = log.enumerated().compactMap { place, entry in
            if case .configuration(let configuration) = entry.kind {
                return (LogIndex(UInt64(place + 1)), configuration)
            }
            return nil
        }
        var options = RaftOptions(seed: 1)
        // Time only jumps here, and no jump is to end a leadership for its slow disk.
        options.stallTimeout = Instant.Span(nanoseconds: .max)
        raft = Raft(
            id: id,
            options: options,
            hardState: diskHardState,
            log: RaftLog(
                runs: runs,
                last: LogIndex(UInt64(log.count)),
                initial: Configuration(voters: voters),
                configurations: configurations
            ),
            commit: .zero,
            now: now
        )
    }

    /// Changes the disk.
    mutating func write(_ work: DiskWork) {
        switch work {
        case .append(let from, let entries, _):
            diskLog.removeSubrange(min(diskLog.count, Int(from.rawValue) - 1)...)
            diskLog.append(contentsOf: entries)
        case .persist(let state): diskHardState = state
        }
    }

    /// Whether the disk holds `entry` at `index`.
    func hasDurably(_ entry: RaftEntry, at index: LogIndex) -> Bool {
        index.rawValue <= diskLog.count && diskLog[Int(index.rawValue) - 1] == entry
    }

    /// Everything in one line.
    var summary: String {
        let disk = "disk \(diskHardState) log=\(Self.terms(diskLog))"
        guard let raft else { return "\(id): down, \(disk)" }
        return "\(id): \(raft.role) \(raft.hardState) log=\(Self.terms(log)) commit=\(commit), "
            + "\(disk), \(queue.count) waiting"
    }

    private static func terms(_ log: [RaftEntry]) -> String {
        log.isEmpty ? "-" : log.map { "\($0.term)" }.joined(separator: ",")
    }
}

extension RaftReplica {
    /// Writes everything down that decides.
    func encode(into encoder: inout StateEncoder) {
        encoder.flag(raft != nil)
        if let raft {
            raft.encode(into: &encoder)
            log.encode(into: &encoder)
        }
        diskHardState.encode(into: &encoder)
        diskLog.encode(into: &encoder)
        encoder.count(queue.count)
        for work in queue {
            switch work {
            case .append(let from, let entries, let tag):
                encoder.number(from.rawValue)
                encoder.number(tag.rawValue)
                entries.encode(into: &encoder)
            case .persist(let state):
                encoder.number(0)
                state.encode(into: &encoder)
            }
        }
    }
}

extension [RaftEntry] {
    func encode(into encoder: inout StateEncoder) {
        encoder.count(count)
        for entry in self {
            encoder.number(entry.term.rawValue)
            entry.kind.encode(into: &encoder)
            encoder.number(entry.maker.rawValue)
        }
    }
}

/// A replica that worlds share until one changes it; a copy of a world costs a few counts.
struct SharedReplica {
    private final class Box {
        var replica: RaftReplica
        var hash: StateHash?
        init(_ replica: RaftReplica) { self.replica = replica }
    }
    private var box: Box

    init(_ replica: RaftReplica) { box = Box(replica) }

    var value: RaftReplica {
        _read { yield box.replica }
        _modify {
            if !isKnownUniquelyReferenced(&box) { box = Box(box.replica) }
            box.hash = nil
            yield &box.replica
        }
    }

    /// Reckoned once a change.
    var hash: StateHash {
        if let hash = box.hash { return hash }
        var encoder = StateEncoder()
        box.replica.encode(into: &encoder)
        let hash = StateHash(encoder.bytes)
        box.hash = hash
        return hash
    }
}
