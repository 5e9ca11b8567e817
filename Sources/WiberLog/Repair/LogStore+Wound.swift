public import WiberBase

/// Groups whose write-ahead log was damaged: how their logs become whole again.
extension LogStore {
    /// Groups whose log has a damaged end, and whose segments are sound, in ascending order.
    public var woundedGroups: [GroupID] {
        groups.filter { $0.wound != nil && $0.recovery == nil }.map(\.id).sorted()
    }

    /// Whether nothing is known of what a group has lost.
    public func isSuspect(_ group: GroupID) -> Bool {
        slots[group].map { groups[$0].wound?.isSuspect ?? false } ?? false
    }

    /// The first entries that a group has lost and knows by name, up to a number.
    public func lostEntries(_ group: GroupID, max count: Int) -> [LostEntry] {
        guard let slot = slots[group], let wound = groups[slot].wound, !wound.isSuspect else {
            return []
        }
        return wound.rows.lazy.compactMap(\.hole).prefix(count).map { LostEntry($0) }
    }

    /// The last entry that is known to be committed although it may be lost here.
    public func neededIndex(_ group: GroupID) -> LogIndex {
        slots[group].flatMap { groups[$0].wound?.needed } ?? .zero
    }

    /// An entry that another node has lost, committed or not, if it is in memory here.
    public func entry(_ group: GroupID, _ lost: LostEntry) -> Chunk? {
        guard let slot = slots[group] else { return nil }
        let log = groups[slot]
        let chunk = log.entry(at: lost.index)?.chunk ?? log.wound?.row(at: lost.index)?.chunk
        guard let chunk, chunk.header.term == lost.term,
            CRC32C.checksum(chunk.bytes) == lost.checksum
        else { return nil }
        return chunk
    }

    /// Puts an entry back that was lost; once all are back, the next job makes them durable.
    ///
    /// - Returns: whether it was one of the lost ones.
    public mutating func fill(_ group: GroupID, _ chunk: Chunk) -> Bool {
        guard let slot = slots[group], let wound = groups[slot].wound, !wound.isSuspect,
            chunk.header.group == group,
            let place = wound.place(of: chunk.header.index),
            let hole = wound.rows[place].hole,
            hole.term == chunk.header.term && isSame(chunk, hole) || Mutant.holeFilledAsIs.isOn
        else { return false }
        groups[slot].wound?.rows[place] = .entry(chunk)
        if groups[slot].recovery == nil { healIfWhole(slot) }
        return true
    }

    /// A leader makes one entry of a term at an index: where bodies are erased, that names it.
    private func isSame(_ chunk: Chunk, _ hole: RecordHeader) -> Bool {
        chunk.header.erasedCount > 0 || hole.checksum == CRC32C.checksum(chunk.bytes)
    }

    /// A log that ends before something that was committed has lost more than it knows.
    mutating func checkEnd(_ slot: Int) {
        guard let wound = groups[slot].wound, !wound.isSuspect else { return }
        let isContinued = wound.rows.first?.index == groups[slot].last.index.next
        if !isContinued || wound.rows.last.map({ $0.index < wound.needed }) ?? true {
            groups[slot].wound?.isSuspect = true
            marks.append((slot, .suspect))
        } else {
            healIfWhole(slot)
        }
    }

    /// Has the whole end of the log written again, from the first entry that was lost on.
    mutating func healIfWhole(_ slot: Int) {
        guard let wound = groups[slot].wound, !wound.isSuspect,
            wound.rows.allSatisfy({ $0.chunk != nil }), !healing.contains(slot)
        else { return }
        healing.append(slot)
    }

    /// Gives up what the write-ahead log held of a group: its log begins anew after its segments.
    ///
    /// - Returns: `false` if nothing is lost any more, and a job makes the group whole.
    public mutating func distrust(_ group: GroupID) -> Bool {
        guard let slot = slots[group], let wound = groups[slot].wound,
            groups[slot].recovery == nil,
            wound.isSuspect || wound.rows.contains(where: { $0.hole != nil })
        else { return false }
        groups[slot].wound?.isSuspect = true
        groups[slot].wound?.rows = []
        marks.append((slot, .suspect))
        return true
    }

    /// Adds committed entries, up to an index, to the log of a suspect group.
    ///
    /// - Returns: how many followed the log's end.
    public mutating func extend(
        _ group: GroupID,
        _ chunks: [Chunk],
        through end: LogIndex
    ) -> Int {
        guard let slot = slots[group], let wound = groups[slot].wound, wound.isSuspect,
            wound.rows.isEmpty, groups[slot].recovery == nil
        else { return 0 }
        var following: [Chunk] = []
        var last = groups[slot].last
        var checksum = groups[slot].lastHeader?.checksum ?? 0
        for chunk in chunks {
            let header = chunk.header
            guard header.group == group, header.index == last.index.next, header.index <= end,
                header.previousChecksum == checksum, header.term >= last.term
            else { break }
            following.append(chunk)
            last = header.id
            checksum = header.checksum
        }
        guard let end = following.last else { return 0 }
        append(group, following, tag: end.header.term)
        if end.header.term > groups[slot].hard.term {
            persist(group, term: end.header.term, votedFor: .zero)
        }
        commit(group, through: end.header.index)
        return following.count
    }

    /// Takes a suspect group into use once all of its log is durable, with the next job.
    ///
    /// - Returns: `false` if it is not durable yet.
    public mutating func trust(_ group: GroupID) -> Bool {
        guard let slot = slots[group], let wound = groups[slot].wound, wound.isSuspect,
            wound.rows.isEmpty, groups[slot].durable == groups[slot].last.index,
            groups[slot].last.index >= wound.needed,
            !marks.contains(where: { $0.slot == slot })
        else { return false }
        marks.append((slot, .trusted))
        return true
    }

    /// What a start would say of a group that is whole again.
    public func describe(_ group: GroupID) -> Recovery.Group? {
        guard let slot = slots[group], groups[slot].wound == nil, groups[slot].recovery == nil
        else { return nil }
        let log = groups[slot]
        let tail = (0..<log.entries.count).map { log.entries[$0].chunk }
        return LogOpening.describe(log, tail)
    }

    // MARK: Jobs

    /// The rows of a group that has no sound end, written again.
    func woundRows(_ slot: Int) -> [BatchRow] {
        guard let wound = groups[slot].wound else { return [] }
        var rows = wound.marks(groups[slot].id)
        var index = groups[slot].flushed.next
        while index <= groups[slot].durable, let entry = groups[slot].entry(at: index) {
            rows.append(.entry(entry.chunk))
            index = index.next
        }
        return rows
    }

    /// A job is done that made groups whole.
    mutating func healed(_ slots: [Int], generation: UInt64) {
        for slot in slots {
            guard let wound = groups[slot].wound else { continue }
            groups[slot].wound = nil
            for chunk in wound.rows.compactMap(\.chunk) {
                let isOld = chunk.header.index < wound.firstHole
                groups[slot].append(chunk, generation: isOld ? wound.generation : generation)
                unflushedBytes += chunk.bytes.count
            }
            groups[slot].advance(commit: wound.needed)
            noteFlushable(slot)
        }
    }
}
