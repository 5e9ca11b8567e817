import WiberBase
import WiberTopic

/// Messages that this replica is to erase, and how far it is.
struct PendingErasure {
    /// The most of a topic that are kept apart, and are looked at in one sweep.
    static let countMax = 1_024
    static let lookedAtMax = 128

    /// Nothing but what the write-ahead log has.
    static let ofLog = PendingErasure(
        erasure: Erasure(first: Sequence(1), end: Sequence(1), entry: .zero)
    )

    var erasure: Erasure
    /// Which overwriting of the write-ahead log takes it along; `nil` until segments have all of it.
    var pass: UInt64?
}

/// How the write-ahead log is overwritten: all of it at a time, for whatever is to be erased.
struct Erasing {
    /// How often it was begun, and was done.
    var begun: UInt64 = 0
    var done: UInt64 = 0
    /// Whether somebody waits for the next time.
    var isWanted = false
    /// When that may begin.
    var due = Instant.zero
    /// When bytes were allowed to be overwritten last.
    var allowedAt = Instant.zero
}
