import WiberBase

@testable import WiberLog

/// What a directory holds, as far as anybody was promised anything about it.
struct Contents: Equatable {
    struct Group: Equatable {
        var name = ""
        var term = Term.zero
        var votedFor = NodeID.zero
        var base = EntryID.zero
        var last = EntryID.zero
        var termRuns: [EntryID] = []
        var configurations: [[UInt8]] = []
        var lastChunk: [UInt8]?
        /// Every entry's bytes, from the one after `base` on; `nil` where a read was refused.
        var entries: [[UInt8]?] = []
    }

    var clusterID: UniqueID
    var storeID: UniqueID
    var incarnation: UInt64
    var groups: [GroupID: Group] = [:]

    /// Reads back everything that a start found, but groups that wait for other replicas; `refused`
    /// gets the error of each entry that cannot be read.
    init(_ store: LogStore, _ recovery: Recovery, _ disk: any Disk, refused: (LogError) -> Void) {
        clusterID = store.superblock.clusterID
        storeID = store.superblock.storeID
        incarnation = store.superblock.incarnation
        for found in recovery.groups {
            var group = Group(name: found.name, term: found.term, votedFor: found.votedFor)
            group.base = found.base
            group.last = found.last
            group.termRuns = found.termRuns
            group.configurations = found.configurations.map(\.bytes)
            group.lastChunk = found.lastChunk?.bytes
            let base = found.base.index.rawValue
            while base + UInt64(group.entries.count) < found.last.index.rawValue {
                let index = LogIndex(base + UInt64(group.entries.count) + 1)
                do throws(LogError) {
                    let chunks = try Self.chunks(store, found.id, from: index, disk)
                    guard chunks.first?.header.index == index else { break }
                    group.entries += chunks.map(\.bytes)
                } catch {
                    refused(error)
                    group.entries.append(nil)
                }
            }
            groups[found.id] = group
        }
    }

    private static func chunks(
        _ store: LogStore,
        _ group: GroupID,
        from index: LogIndex,
        _ disk: any Disk
    ) throws(LogError) -> [Chunk] {
        if let chunk = store.chunk(group, at: index) { return [chunk] }
        return try store.plan(group, from: index, byteBudget: 1 << 20)?.run(on: disk) ?? []
    }

    /// Whether all that could be read is as in `other`, and nothing is missing or added.
    func agrees(with other: Contents) -> Bool {
        var filled = self
        for (id, group) in groups {
            for place in group.entries.indices where group.entries[place] == nil {
                guard let entries = other.groups[id]?.entries, place < entries.count else {
                    return false
                }
                filled.groups[id]?.entries[place] = entries[place]
            }
        }
        return filled == other
    }

    /// The same without some groups.
    func without(_ ids: [GroupID]) -> Contents {
        var rest = self
        for id in ids { rest.groups[id] = nil }
        return rest
    }
}
