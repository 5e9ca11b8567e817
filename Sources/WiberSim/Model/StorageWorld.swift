/// Three replicas with their disks, in which everything that can happen is an action.
///
/// Messages arrive at once or never: what a late one could do, the same step does later. A replica
/// that writes what nobody else has seen goes on first, or is stopped while it writes: until then
/// no other can tell the difference.
struct StorageWorld: StateSpace {
    /// What was used up of the bounds.
    struct Spent {
        var crashes = 0
        var powerCuts = 0
        var rots = 0
        var failedSyncs = 0
    }

    let bounds: StorageBounds
    let broken: StorageRule?
    var replicas = [ModelReplica(), ModelReplica(), ModelReplica()]
    var history: StorageHistory
    var spent = Spent()
    var violation: String?

    init(bounds: StorageBounds, broken: StorageRule? = nil) {
        self.bounds = bounds
        self.broken = broken
        history = StorageHistory(termMax: max(1, bounds.termMax))
        establish()
    }

    /// Lets replica 1 lead term 1 by the vote of 2, and acknowledge what both have.
    private mutating func establish() {
        perform(.campaign(0))
        while replicas[0].slotsToSync > 0 { perform(.syncSlot(0)) }
        perform(.vote(1, for: 0))
        while replicas[1].slotsToSync > 0 { perform(.syncSlot(1)) }
        while bounds.entriesMax > 0, violation == nil {
            perform(.syncLog(0))
            perform(.replicate(0, to: 1))
            perform(.syncLog(1))
            guard replicas[0].log.count < bounds.acknowledgedFirst else { return }
            perform(.propose(0))
        }
    }

    /// Whether nothing is acknowledged that does not wait for its fsync.
    var isAcknowledgedEarly: Bool { bounds.isInterval || broken == .syncedBeforeAcknowledged }

    /// Whether a rule is kept.
    func keeps(_ rule: StorageRule) -> Bool { broken != rule }

    var stateHash: StateHash {
        var encoder = ModelEncoder()
        for replica in replicas { encoder.replica(replica) }
        history.encode(into: &encoder)
        encoder.numbers([spent.crashes, spent.powerCuts, spent.rots, spent.failedSyncs])
        return encoder.hash
    }

    func changes(since before: StorageWorld) -> [String] {
        var lines: [String] = []
        for (place, replica) in replicas.enumerated() where replica != before.replicas[place] {
            lines.append("\(place + 1): \(replica)")
        }
        if history.committed != before.history.committed {
            let terms = history.committed.map(String.init).joined(separator: ",")
            lines.append("acknowledged: \(terms)")
        }
        return lines
    }

    mutating func fail(_ promise: String?) {
        if let promise, violation == nil { violation = promise }
    }
}
