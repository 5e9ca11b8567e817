/// What one seed gave, as a worker process tells it on one line of JSON.
package struct SeedOutcome: Codable, Sendable {
    /// The seed.
    package var seed: UInt64
    /// A hash of everything that happened, in hexadecimal.
    package var traceHash: String
    /// What was wrong: the check, then what it saw.
    package var violations: [String]
    /// Nanoseconds of simulated time.
    package var simulated: UInt64
    package var operations: Int
    package var acknowledged: Int
    package var faults: Int
    package var leaderChanges: Int
    package var refusals: Int
    package var snapshots: Int
    package var membershipChanges: Int

    enum CodingKeys: String, CodingKey {
        case seed, violations, simulated, operations, acknowledged, faults, refusals, snapshots
        case traceHash = "trace_hash"
        case leaderChanges = "leader_changes"
        case membershipChanges = "membership_changes"
    }
}
