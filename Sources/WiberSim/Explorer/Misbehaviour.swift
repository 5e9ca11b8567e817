/// What a driver can do wrong around a core that is right; an exploration must find each.
package enum Misbehaviour: CaseIterable, Sendable {
    /// Says that entries are durable as soon as they wait for the disk.
    case logDurableTooEarly
    /// Says that term and vote are durable as soon as they wait for the disk.
    case hardStateDurableTooEarly
    /// Starts again with term 0 and no vote.
    case hardStateForgotten
    /// Starts again with its term, but without its vote.
    case voteForgotten
    /// Starts again without the last entry on its disk.
    case lastEntryForgotten
    /// Lets every candidate's log look up to date.
    case upToDateCheckSkipped
    /// Tells a follower that all that is sent to it is committed.
    case commitTooHigh
    /// Lets an append fit behind whatever the follower has there.
    case previousNotChecked
}
