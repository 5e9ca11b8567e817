import WiberBase

@testable import WiberLog

/// What a start made of one damaged file.
enum Outcome: Hashable {
    /// The start refuses, and names the file.
    case refused
    /// The group is not in use until other replicas have helped; the file is named.
    case waiting
    /// The start has seen nothing; reading the entry is refused, and the file is named.
    case unreadable
    /// Everything is there, and the file is as it was: its other copy, or what stands around it,
    /// says what has to be there.
    case repaired
    /// Everything is there without the damaged bytes.
    case unchanged
    /// The same, and the start names them.
    case noted
    /// Exactly the last batch is missing.
    case cut
    /// The same, and nothing is left of its header that could be told.
    case cutWithoutTrace
    /// Everything is there, and the start says that a last write was cut short: of a seal, or what
    /// follows the last batch looks like one.
    case notedTail
    /// What must never be.
    case wrong(String)
}

extension Story {
    /// Opens the directory with one file changed, and reads everything back.
    func outcome(_ path: String, _ bytes: [UInt8]) -> Outcome {
        var files = files
        files[path] = bytes
        let disk = ShelfDisk(files)
        do throws(LogError) {
            let (store, recovery) = try open(disk)
            return judge(store, recovery, disk, path)
        } catch {
            return Self.isNamed(path, error) ? .refused : .wrong("not named: \(error)")
        }
    }

    private func judge(
        _ store: LogStore,
        _ recovery: Recovery,
        _ disk: ShelfDisk,
        _ path: String
    ) -> Outcome {
        var unnamed: [LogError] = []
        var isUnreadable = false
        let found = Contents(store, recovery, disk) { error in
            isUnreadable = true
            if !Self.isNamed(path, error) { unnamed.append(error) }
        }
        guard unnamed.isEmpty else { return .wrong("not named: \(unnamed)") }
        let isWhole = found.agrees(with: whole.contents.without(recovery.impaired))
        let isCut = !isWhole && found.agrees(with: before.contents)
        guard isWhole || isCut else { return .wrong("other contents") }
        let start = isWhole ? whole : before
        for group in recovery.groups {
            guard let known = start.committed[group.id], group.segmentEnd <= known else {
                return .wrong("group \(group.id) is committed up to \(group.segmentEnd)")
            }
        }
        guard recovery.impaired.isEmpty else { return judgeWaiting(store, recovery, disk, path) }
        if isUnreadable { return .unreadable }
        guard keeps(start, disk, but: path) else { return .wrong("another file has changed") }
        if recovery.tornTail != nil { return isCut ? .cut : .notedTail }
        if isCut { return .cutWithoutTrace }
        guard !recovery.repairs.isEmpty else { return .unchanged }
        guard recovery.repairs.allSatisfy({ $0.hasPrefix(path) }) else {
            return .wrong("not named: \(recovery.repairs)")
        }
        if path.hasPrefix(WALFile.directory) { return .noted }
        guard Self.isSame(disk.bytes(path) ?? [], start.files[path] ?? []) else {
            return .wrong("repaired otherwise")
        }
        return .repaired
    }

    /// Whether two files differ in nothing but zeros at the end.
    private static func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        let count = min(one.count, other.count)
        let rests = [one[count...], other[count...]]
        return one[..<count] == other[..<count]
            && rests.allSatisfy { $0.allSatisfy { $0 == 0 } }
    }

    private func judgeWaiting(
        _ store: LogStore,
        _ recovery: Recovery,
        _ disk: ShelfDisk,
        _ path: String
    ) -> Outcome {
        guard Self.isNamed(path, .damaged(recovery.impairedBy)) else {
            return .wrong("not named: \(recovery.impairedBy)")
        }
        for group in store.groups where recovery.impaired.contains(group.id) {
            let known = whole.contents.groups[group.id]
            guard group.hard.term == known?.term, group.hard.votedFor == known?.votedFor else {
                return .wrong("the hard state of group \(group.id) is forgotten")
            }
        }
        guard let next = try? open(disk).1, next.impaired == recovery.impaired else {
            return .wrong("the next start has forgotten the damage")
        }
        return .waiting
    }

    /// Whether the files outside of the write-ahead log are as after an undamaged start.
    private func keeps(_ start: Start, _ disk: ShelfDisk, but path: String) -> Bool {
        let files = disk.all.filter { !$0.key.hasPrefix("quarantine/") }
        return files.keys.count == start.files.keys.count
            && start.files.allSatisfy { other, bytes in
                other.hasPrefix("wal/") || other == path || files[other] == bytes
            }
    }

    private static func isNamed(_ path: String, _ error: LogError) -> Bool {
        guard case .damaged(let list) = error else { return false }
        return list.contains { damage in
            // Of a header that is gone altogether only the batch after it can tell.
            damage.path == path
                || path.hasPrefix("wal/") && damage.what.contains("missing before this one")
        }
    }
}
