import WiberBase
import WiberLog

/// A read from disk that is under way, and what came of it so far.
struct PendingRead {
    let purpose: ReadPurpose
    let group: GroupID
    var plan: ReadPlan
    /// Damage below this offset was repaired for this read already; it must not be found again.
    var repairedBelow = 0
    /// How many entries the next repair for it asks for: more each time, as damage is rarely alone.
    var span: UInt64 = 1
    /// How often its file was written anew while it waited.
    var renewals = 0
}

/// A damaged place that is being put right, and who waits for it.
struct RepairTask {
    /// The most entries that are asked for at once.
    static let spanMax: UInt64 = 256
    /// The most bytes of entries that are asked for at once, unless one is larger.
    static let byteBudget = 256 << 10

    let damage: Damage
    let cure: Cure
    var since: Instant
    /// How many entries to ask for.
    let span: UInt64
    /// Reads that go on once this is repaired.
    var waiters: [PendingRead] = []
    /// Whether an impaired group waits for it: then it is never given up.
    var isForRecovery = false
    /// When the node that was asked last was asked; `nil` if no answer is due.
    var askedAt: Instant?
    /// How many nodes were asked so far.
    var asked = 0
    /// When the next node may be asked.
    var nextAsk: Instant
    /// Whether the flush thread has what is needed.
    var isWriting = false

    init(_ damage: Damage, _ cure: Cure, span: UInt64, at now: Instant) {
        self.damage = damage
        self.cure = cure
        self.span = span
        since = now
        nextAsk = now
    }

    var group: GroupID { cure.group }
    /// Whether it is in a file that was written anew, and is put right by writing it anew once more.
    var isInRewritten: Bool {
        if case .entry = cure { return LogStore.isRewritten(damage.path) }
        return false
    }

    func isSame(as other: Damage) -> Bool {
        damage.path == other.path && damage.offset == other.offset
    }
}
