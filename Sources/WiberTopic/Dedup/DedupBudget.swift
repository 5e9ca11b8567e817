/// The memory that message ids may take on this node, shared by all its topics.
///
/// Leaders refuse publishes with an id once it is spent; followers only count, because what is in
/// the log must be remembered. A reference, so that every topic of a shard draws on the same
/// number: it belongs to that shard alone, and a copy of a ``TopicState`` counts nothing twice only
/// as long as just one of the copies goes on.
public final class DedupBudget {
    /// What a node has unless told otherwise, in bytes (`dedup_memory`).
    public static let limitDefault = 256 << 20

    /// The most bytes.
    public let limit: Int
    /// The bytes in use, all topics together.
    public private(set) var used = 0
    /// Mixed into the place of each digest, so that nobody outside can aim at one place.
    let seed: UInt64

    /// Nothing used yet.
    public init(limit: Int = DedupBudget.limitDefault, seed: UInt64 = 0) {
        self.limit = limit
        self.seed = seed
    }

    /// Whether one more id fits.
    var hasRoom: Bool { used + DedupTable.entrySize <= limit }

    func take() { used += DedupTable.entrySize }
    func give() { used -= DedupTable.entrySize }
}
