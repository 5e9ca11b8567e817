/// Something that happens to a cluster of cores; nodes by their place, letters by their place in
/// the network.
package enum RaftAction: Equatable, Sendable {
    /// A message arrives.
    case deliver(letter: Int)
    /// A message arrives, and may arrive again.
    case duplicate(letter: Int)
    /// A message is lost.
    case drop(letter: Int)
    /// The first thing that waits for a node's disk is on it, and the node is told.
    case write(node: Int)
    /// A node's election times out; where pre-votes are given at once, the one of `asking`.
    case timeout(node: Int, asking: Int?)
    /// A leader does not find its quorum.
    case resign(node: Int)
    /// A leader asks again who did not answer.
    case retry(node: Int)
    /// A leader takes an entry.
    case propose(node: Int)
    /// A node ends; of what waited for its disk the first so many appends and hard states are on it.
    case crash(node: Int, appends: Int, hardStates: Int)
    /// A node starts with what its disk has.
    case restart(node: Int)
}
