public import WiberBase

/// Where another replica's log begins, its first entry included: a snapshot, since all that is
/// before it has left the topic, and a chunk's header says what the topic's state is.
public struct LogSnapshot: Sendable {
    /// No log and no topic gets so far; what follows can be counted on.
    private static let most: UInt64 = 1 << 62

    let header: SegmentHeader
    let first: Chunk

    /// The first entry.
    public var entry: EntryID { first.id }
    /// The entry before the first.
    public var previous: EntryID { header.previous }

    /// The start of a log; `nil` if the parts are not of one.
    ///
    /// - Parameters:
    ///   - first: the first entry.
    ///   - previousTerm: the term of the entry before it.
    ///   - configuration: the group's last configuration chunk before it; `nil` if there was none.
    public init?(first: Chunk, previousTerm: Term, configuration: Chunk?) {
        let entry = first.header
        guard entry.index > LogIndex(1), previousTerm > .zero, previousTerm <= entry.term,
            entry.index.rawValue < Self.most, entry.baseSequence.rawValue < Self.most
        else { return nil }
        if let configuration = configuration?.header {
            guard configuration.kind == .configuration, configuration.group == entry.group,
                configuration.index < entry.index, configuration.term <= previousTerm
            else { return nil }
        }
        header = SegmentHeader(
            group: entry.group,
            baseIndex: entry.index,
            baseSequence: entry.baseSequence,
            previousTerm: previousTerm,
            previousChecksum: entry.previousChecksum,
            configuration: configuration?.bytes ?? []
        )
        guard header.length <= SegmentHeader.lengthMax else { return nil }
        self.first = first
    }
}

extension LogStore {
    /// How to read where a group's log begins: its first entry, and before it the configuration that
    /// the log began with, if there is one; `nil` if nothing was ever trimmed.
    public func snapshotPlan(_ group: GroupID) -> ReadPlan? {
        guard let slot = slots[group], !groups[slot].isImpaired, groups[slot].base.index > .zero,
            var plan = plan(group, from: groups[slot].firstIndex, byteBudget: 1)
        else { return nil }
        plan.withConfiguration = true
        return plan
    }
}
