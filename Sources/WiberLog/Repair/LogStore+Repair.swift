public import WiberBase

/// Bytes that are about to be put back in their place.
struct PendingRepair: Sendable {
    var token: UInt64
    var slot: Int
    var path: String
    var offset: Int
    var bytes: [UInt8]
    /// The file that goes aside first.
    var replacing: String?

    var steps: [DiskStep] {
        let steps = Self.steps(path: path, offset: offset, bytes: bytes)
        guard let replacing else { return steps }
        return [.rename(path: replacing, to: replacing + SegmentName.damaged)] + steps
    }

    /// What was there is kept first; the new bytes are durable at the end, in a new file, too.
    static func steps(path: String, offset: Int, bytes: [UInt8]) -> [DiskStep] {
        var steps: [DiskStep] = [
            .quarantine(path: path, offset: offset, count: bytes.count),
            .create(path: path),
            .write(path: path, offset: offset, bytes: bytes),
            .sync(path: path),
        ]
        if offset == 0, let end = path.lastIndex(of: "/") {
            steps.append(.syncDirectory(path: String(path[..<end])))
        }
        return steps
    }
}

extension LogStore {
    /// The most repairs that wait for the flush thread.
    public static let repairsMax = 64

    /// Repairs that wait for the flush thread.
    public var repairCount: Int { repairs.count }

    /// Entries up to here are committed, as far as this log was told.
    public func commitIndex(_ group: GroupID) -> LogIndex {
        slots[group].map { groups[$0].commit } ?? .zero
    }

    /// Whether the damaged place is still part of the group's log, and not trimmed away.
    public func holds(_ damage: Damage) -> Bool {
        damage.cure.map { end(of: damage.path, $0.group) != nil } ?? false
    }

    /// Puts entries that another replica has back in their place, with the next flush.
    ///
    /// Each must be the entry that this log has at its index, by term and by the checksum of the
    /// one before; they follow one another from the damaged place on. More than the damaged one
    /// may come: the others are the same bytes again.
    ///
    /// - Returns: `false` if they do not fit there: they are not what was written.
    public mutating func repair(
        _ group: GroupID,
        _ path: String,
        at place: ChunkPlace,
        with chunks: [Chunk],
        token: UInt64
    ) -> Bool {
        guard let slot = slots[group], let end = end(of: path, group),
            repairs.count < Self.repairsMax, !Self.isRewritten(path)
        else { return false }
        var next = place
        var bytes: [UInt8] = []
        for chunk in chunks where next.offset <= end - Int(chunk.header.length) {
            let header = chunk.header
            guard header.group == group, header.index == next.index,
                isKnown(header, slot, place),
                next.previousChecksum == nil || next.previousChecksum == header.previousChecksum
            else { break }
            bytes += chunk.bytes
            // In the room of erased bodies there is nothing.
            bytes += repeatElement(0, count: Int(header.length - header.storedLength))
            next = next.after(header)
        }
        guard !bytes.isEmpty else { return false }
        repairs.append(
            PendingRepair(token: token, slot: slot, path: path, offset: place.offset, bytes: bytes)
        )
        return true
    }

    /// Whether the log knows this entry: an impaired one knows how far it was committed.
    private func isKnown(_ header: ChunkHeader, _ slot: Int, _ place: ChunkPlace) -> Bool {
        guard groups[slot].recovery != nil else {
            return groups[slot].term(at: header.index) == header.term
        }
        guard let through = place.through else { return false }
        return header.index <= min(through, groups[slot].base.index)
    }

    /// Puts bytes in their place that follow from what is intact, with the next flush.
    public mutating func repair(
        _ group: GroupID,
        _ path: String,
        offset: Int,
        with bytes: [UInt8],
        token: UInt64
    ) -> Bool {
        guard let slot = slots[group], end(of: path, group) != nil,
            repairs.count < Self.repairsMax
        else { return false }
        repairs.append(
            PendingRepair(token: token, slot: slot, path: path, offset: offset, bytes: bytes)
        )
        return true
    }

    /// Puts a file aside that is damaged, and begins another one in its place, with the next flush.
    ///
    /// Only of an impaired group: it reads its files again afterwards.
    public mutating func replace(
        _ group: GroupID,
        _ path: String,
        by other: String,
        with bytes: [UInt8],
        token: UInt64
    ) -> Bool {
        guard let slot = slots[group], groups[slot].recovery != nil, groups[slot].removal == nil,
            repairs.count < Self.repairsMax
        else { return false }
        repairs.append(
            PendingRepair(
                token: token,
                slot: slot,
                path: other,
                offset: 0,
                bytes: bytes,
                replacing: path
            )
        )
        return true
    }

    /// Whether a file was written anew: what other replicas have does not fit in its places.
    public static func isRewritten(_ path: String) -> Bool {
        SegmentName(path: path).map { $0.rewrite > 0 } ?? false
    }

    /// Takes what fits into one flush; what a trim has removed meanwhile counts as done.
    mutating func takeRepairs() -> (steps: [DiskStep], tokens: [UInt64]) {
        var steps: [DiskStep] = []
        var tokens: [UInt64] = []
        var bytes = 0
        while bytes < options.flushTarget, let repair = repairs.popFirst() {
            tokens.append(repair.token)
            guard end(of: repair.path, groups[repair.slot].id) != nil else { continue }
            steps += repair.steps
            bytes += repair.bytes.count
        }
        return (steps, tokens)
    }

    /// Where the chunks of one of a group's segments end; `nil` if it has no such file.
    private func end(of path: String, _ group: GroupID) -> Int? {
        guard let slot = slots[group], groups[slot].removal == nil else { return nil }
        if groups[slot].recovery != nil {
            return path.hasPrefix(groups[slot].directory + "/") ? .max : nil
        }
        if let active = groups[slot].active, active.path == path { return active.end }
        guard let segment = groups[slot].closed.first(where: { $0.path == path }) else {
            return nil
        }
        return Int(segment.trailer.chunksEnd)
    }
}
