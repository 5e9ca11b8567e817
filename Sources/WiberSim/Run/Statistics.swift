/// How much happened in a run: a seed in which little happens proves little.
package struct Statistics: Sendable {
    /// Things that happened, turns of nodes, and faults.
    package var events = 0
    package var turns = 0
    package var faults = 0
    /// Requests of clients that were answered, and publishes that were acknowledged.
    package var operations = 0
    package var acknowledged = 0
    /// Leaders that were elected, of all groups, after the first of each.
    package var leaderChanges = 0
    /// Entries that were committed, and processes that a disk's error ended.
    package var committed = 0
    package var diskDeaths = 0
    /// Logs that a snapshot took the place of.
    package var snapshots = 0
    /// Changes of who votes that were committed, the last step of each.
    package var membershipChanges = 0
    /// Machines that refused to start with damaged data.
    package var refusals = 0
}
