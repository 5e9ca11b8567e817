public import WiberBase

/// What a scrub checks of a segment beside its chunks.
struct SegmentFrame: Sendable {
    /// What the header must be; `nil` if memory does not know.
    var header: SegmentHeader?

    /// - Throws: ``LogError/damaged(_:)`` with its cure, if header or footer are not as they were.
    func check(
        _ reader: inout SegmentReader,
        of group: GroupID,
        _ trailer: SegmentTrailer?,
        sparseInterval: Int
    ) throws(LogError) {
        do throws(LogError) {
            let found = try reader.header()
            guard header == nil || found == header else {
                throw .damaged([Damage(path: reader.path, offset: 0, what: "its header is another")]
                )
            }
        } catch {
            guard let header else { throw error }
            guard let cure = reader.cure(of: group, at: 0, with: header.encode()) else {
                throw error
            }
            throw error.cured(by: cure, path: reader.path, offset: 0)
        }
        guard let trailer else { return }
        var isIntact = false
        if let found = try reader.trailer(), found == trailer {
            do throws(LogError) {
                _ = try reader.tables(trailer)
                isIntact = true
            } catch {}  // The rebuild says what is wrong.
        }
        if !isIntact {
            throw try FooterRebuild(trailer, header, sparseInterval: sparseInterval).run(&reader)
        }
    }
}

extension LogStore {
    /// How to verify entries from `index` on that are in a segment, and at a segment's first entry
    /// its header and footer, too; `nil` if none is there.
    public func scrubPlan(_ group: GroupID, from index: LogIndex, byteBudget: Int) -> ReadPlan? {
        guard let slot = slots[group], groups[slot].recovery == nil,
            var plan = plan(group, from: index, byteBudget: byteBudget)
        else { return nil }
        let log = groups[slot]
        if let active = log.active, active.path == plan.path {
            if index == active.header.baseIndex { plan.frame = SegmentFrame(header: active.header) }
        } else if let place = log.closed.firstIndex(where: { $0.path == plan.path }),
            log.closed[place].trailer.baseIndex == index
        {
            plan.frame = SegmentFrame(header: header(of: place, log))
        }
        return plan
    }

    /// Where the next segment begins after the one that has `index`; `nil` after the last.
    public func nextSegment(_ group: GroupID, after index: LogIndex) -> LogIndex? {
        guard let slot = slots[group] else { return nil }
        let bases = groups[slot].closed.map(\.trailer.baseIndex)
        if let next = bases.first(where: { $0 > index }) { return next }
        guard let active = groups[slot].active?.header.baseIndex, active > index else { return nil }
        return active
    }

    /// A closed segment's header, where the file before it says all of it.
    func header(of place: Int, _ log: GroupLog) -> SegmentHeader? {
        let trailer = log.closed[place].trailer
        guard log.configuration.isEmpty, place > 0 || log.base == .zero,
            let term = log.term(at: trailer.baseIndex.previous)
        else { return nil }
        return SegmentHeader(
            group: log.id,
            baseIndex: trailer.baseIndex,
            baseSequence: trailer.baseSequence,
            previousTerm: term,
            previousChecksum: place > 0 ? log.closed[place - 1].trailer.lastChecksum : 0,
            rewrite: SegmentName(path: log.closed[place].path)?.rewrite ?? 0,
            isCompressed: log.closed[place].isCompressed
        )
    }
}
