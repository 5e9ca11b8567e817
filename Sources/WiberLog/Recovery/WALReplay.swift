import WiberBase

/// What the write-ahead log holds of each group, by rule 1; what is damaged has a name, or makes a
/// group suspect.
struct WALReplay {
    /// One group's part.
    struct Tail {
        /// Entries and holes, by index; without a gap unless the group is suspect.
        var rows: [BatchRow] = []
        /// Something of the group is lost, and nothing says what.
        var isSuspect = false

        /// The first entry that segments need not have; `nil`: they have all.
        func limit(_ hard: HardSlot) -> LogIndex? {
            isSuspect ? hard.segmentEnd.next : rows.first?.index
        }
        var hasHoles: Bool { rows.contains { $0.hole != nil } }
        var isSound: Bool { !isSuspect && !hasHoles }
        var chunks: [Chunk] { rows.compactMap(\.chunk) }

        /// What is wrong, for people; `nil` if nothing is.
        func damage(_ group: GroupID) -> Damage? {
            let count = rows.count { $0.hole != nil }
            guard isSuspect || count > 0 else { return nil }
            let what =
                isSuspect
                ? "group \(group) has lost entries, and nothing says which"
                : "group \(group) has lost \(count == 1 ? "an entry" : "\(count) entries")"
            return Damage(path: WALFile.directory, what: what)
        }
    }

    /// By group: what batches up to this one say of it is void.
    private let voided: [GroupID: UInt64]
    private(set) var tails: [GroupID: Tail] = [:]
    private(set) var damages: [Damage] = []
    private(set) var entryCount = 0
    /// The bytes that were damaged, for quarantine.
    private(set) var damaged: [WALScan.Found] = []
    /// Every group has been suspect since a gap, but those that were trusted afterwards.
    private var isAllSuspect = false
    private var trustedSinceGap: Set<GroupID> = []

    init(_ groups: [(slot: GroupSlot, hard: HardSlot)]) {
        let voided = groups.lazy.filter { $0.hard.voided > 0 }.map {
            ($0.slot.group, $0.hard.voided)
        }
        self.voided = Dictionary(voided) { max($0, $1) }
    }

    /// Reads the batches of a chain, in order.
    mutating func run(_ chain: WALScan.Chain, on disk: any Disk) throws(DiskError) {
        var file: FileReader?
        for item in chain.items {
            guard case .batch(let found) = item else {
                gap()
                continue
            }
            var reader = BatchReader(disk, found, after: file)
            defer { file = reader.reader }
            do throws(LogError) {
                let list = try reader.read { row in add(row, found) }
                damages += list
                if !list.isEmpty { damaged.append(found) }
            } catch .disk(let error) {
                throw error
            } catch .damaged(let list) {
                damages += list
                damaged.append(found)
                gap()
            } catch {
                damages.append(Damage(path: found.file.path, what: "\(error)"))
                gap()
            }
        }
    }

    private mutating func gap() {
        if Mutant.gapIgnored.isOn { return }
        isAllSuspect = true
        trustedSinceGap = []
        for group in tails.keys { tails[group]?.isSuspect = true }
    }

    private mutating func add(_ row: BatchRow, _ found: WALScan.Found) {
        if let end = voided[row.group], found.header.sequence <= end { return }
        var tail = tails.removeValue(forKey: row.group) ?? Tail(isSuspect: isSuspect(row.group))
        switch row {
        case .entry: addEntry(row, &tail, found)
        case .mark(let header):
            switch header.kind {
            case .entry, .hole: addEntry(row, &tail, found)
            case .suspect: tail = Tail(isSuspect: true)
            case .trusted:
                tail.isSuspect = false
                trustedSinceGap.insert(row.group)
            }
        }
        tails[row.group] = tail
    }

    private func isSuspect(_ group: GroupID) -> Bool {
        isAllSuspect && !trustedSinceGap.contains(group)
    }

    /// A record at an index discards what its group had from there on.
    private mutating func addEntry(_ row: BatchRow, _ tail: inout Tail, _ found: WALScan.Found) {
        entryCount += 1
        while let last = tail.rows.last, last.index >= row.index { tail.rows.removeLast() }
        if let last = tail.rows.last, last.index.next != row.index, !tail.isSuspect {
            let what = "entries before \(row.index) of group \(row.group) are missing"
            damages.append(Damage(path: found.file.path, offset: found.offset, what: what))
            tail.isSuspect = true
        }
        tail.rows.append(row)
    }

    /// A group's part above what its segments hold for good.
    func tail(of group: GroupID, _ hard: HardSlot) -> Tail {
        var tail = tails[group] ?? Tail(isSuspect: isSuspect(group))
        tail.rows.removeAll { $0.index < hard.logStart }
        if Mutant.holesCut.isOn, let hole = tail.rows.firstIndex(where: { $0.hole != nil }) {
            tail.rows.removeSubrange(hole...)
        }
        if tail.isSuspect {
            // Nothing says what the log had of what is in segments, nor what a hole was.
            tail.rows.removeAll { $0.index <= hard.segmentEnd || $0.chunk == nil }
        }
        return tail
    }
}
