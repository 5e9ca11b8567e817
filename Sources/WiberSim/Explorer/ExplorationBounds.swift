/// How far an exploration of the core goes.
package struct ExplorationBounds: Equatable, Sendable {
    /// The nodes, all of them voters.
    package var nodes = 3
    /// Nobody campaigns in a higher term.
    package var termMax: UInt64 = 2
    /// The longest log to which something is proposed; a new leader's own entry may go over it.
    package var entriesMax = 3
    /// The most messages on their way; what is sent beyond that is lost.
    package var lettersMax = 4
    /// How often a node ends.
    package var crashesMax = 1
    /// How often a message is lost, besides those that simply never arrive.
    package var dropsMax = 0
    /// How often a message arrives and stays on its way.
    package var duplicatesMax = 1
    /// How often an election times out, in all.
    package var timeoutsMax = 3
    /// How often a leader does not find its quorum and steps down.
    package var resignationsMax = 1
    /// How often a leader asks again who did not answer.
    package var retriesMax = 1
    /// Messages from one node to another arrive in the order in which they were sent, as on a
    /// connection; otherwise in any order.
    package var isInOrder = false
    /// Begins when node 1 leads term 1 and its first entry is committed and on every disk.
    package var isEstablished = false
    /// Pre-votes are asked for and answered in one go, of one node: they change no promise, and
    /// take most of the states otherwise.
    package var isPreVoteAtOnce = true
    /// A reference follows each step of each core.
    package var isFollowed = false
    /// Every node votes, always.
    package var isMembershipFixed = true
    /// After so many states it is given up.
    package var statesMax = 1_000_000

    /// The defaults.
    package init() {}
}

/// The explorations that are run; each sees everything within its bounds.
extension ExplorationBounds {
    /// All of them, by name.
    package static var named: [(name: String, bounds: Self)] {
        [("new-cluster", newCluster), ("takeover", takeover), ("disorder", disorder)]
    }

    /// A new cluster elects, twice.
    package static var newCluster: Self {
        var bounds = quiet
        bounds.entriesMax = 1
        bounds.timeoutsMax = 2
        return bounds
    }

    /// A leader replicates, another takes over, and a node crashes at any moment of that.
    package static var takeover: Self {
        var bounds = quiet
        bounds.isEstablished = true
        bounds.entriesMax = 2
        bounds.timeoutsMax = 1
        bounds.crashesMax = 1
        return bounds
    }

    /// The same without the crash, but messages arrive in any order, one of them twice and one
    /// never, and the leader may give up.
    package static var disorder: Self {
        var bounds = quiet
        bounds.isEstablished = true
        bounds.isInOrder = false
        bounds.entriesMax = 2
        bounds.lettersMax = 2
        bounds.timeoutsMax = 1
        bounds.resignationsMax = 1
        bounds.duplicatesMax = 1
        bounds.dropsMax = 1
        return bounds
    }

    /// Messages in order, and nothing fails.
    private static var quiet: Self {
        var bounds = Self()
        bounds.isInOrder = true
        bounds.crashesMax = 0
        bounds.duplicatesMax = 0
        bounds.resignationsMax = 0
        bounds.retriesMax = 0
        bounds.statesMax = 2_000_000
        return bounds
    }
}
