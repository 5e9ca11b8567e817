import WiberBase
import WiberLog
import WiberMeta
import WiberRaft
import WiberWire

/// A cluster forms once (rules.md 17): who may elect whom before everybody knows that it has.
///
/// A data directory that was lost takes its promises along; the empty one in its place must not
/// help to elect a leader that lacks what the lost one had acknowledged. The meta log names the
/// store of each node, and an entry that names a store comes after all that its predecessor could
/// acknowledge. So a candidate counts the votes of the stores that its own log names, committed or
/// not: what it might lack cannot depend on them. Before there is such a log, a node that lost its
/// disk may vote twice in a term; so each term is one node's until its cluster has formed.
extension ShardCore {
    /// How many entries of the meta log's end are looked at; there are a few at most before meta has
    /// a leader that everybody follows.
    private static let formationEntriesMax: UInt64 = 1_024

    /// The meta group's state as it will be if all of this node's log is committed.
    var metaInLog: MetaState {
        var state = meta
        var index = groups[ShardCore.metaSlot].applied
        let last = min(
            groups[ShardCore.metaSlot].raft?.lastIndex ?? .zero,
            LogIndex(index.rawValue &+ ShardCore.formationEntriesMax)
        )
        while index < last {
            index = index.next
            guard let chunk = store.chunk(.meta, at: index) else { break }
            if let command = MetaCommand(chunk) { _ = state.apply(command, at: index) }
        }
        return state
    }

    /// What this node tells others in its beats.
    var formation: Beat.Formation {
        if store.superblock.clusterID != .zero { return .committed }
        return metaInLog.isFormed ? .inLog : .none
    }

    private var hasMetFormed: Bool { peers.contains { $0.isPresent && $0.formation == .committed } }

    /// Whether this node may try to lead: not if there is a cluster, and this node's log does not
    /// name its store.
    var mayCampaign: Bool {
        guard store.superblock.clusterID == .zero else { return true }
        let state = metaInLog
        guard state.isFormed else { return !hasMetFormed }
        return state.node(selfID)?.storeID == store.superblock.storeID
    }

    /// Whether this node may vote for another one: not for one that would form a second cluster.
    func mayVote(for node: NodeID) -> Bool {
        guard store.superblock.clusterID == .zero, hasMetFormed else { return true }
        return place(of: node).map { peers[$0].formation != .none } ?? false
    }

    /// Whether a vote for this node counts: if its log knows a cluster, then only from a store that
    /// the log names.
    func countsVote(of node: NodeID) -> Bool {
        let state = metaInLog
        guard state.isFormed, !Mutant.unformedVotes.isOn else { return true }
        guard let place = place(of: node), let record = state.node(node) else { return false }
        return record.storeID != .zero && record.storeID == peers[place].storeID
    }
}

extension MetaCommand {
    /// What an entry of the meta log says; `nil` if it is none of this version's commands.
    init?(_ chunk: Chunk) {
        guard chunk.header.kind == .meta else { return nil }
        let command = chunk.bytes.withUnsafeBytes { bytes -> MetaCommand? in
            var reader = ByteReader(bytes, at: ChunkHeader.size)
            return try? MetaCommand.decode(&reader)
        }
        guard let command else { return nil }
        self = command
    }
}
