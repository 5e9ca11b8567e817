/// The memory that the ends of messages may take on this node, shared by all its topics.
///
/// Leaders refuse messages with a time to live once it is spent; followers only count, because what is
/// in the log is there. It belongs to one shard, as ``DedupBudget`` does.
public final class DeadlineBudget {
    /// What a node has unless told otherwise, in bytes: for five million messages.
    public static let limitDefault = 256 << 20

    /// The most bytes.
    public let limit: Int
    /// The bytes in use, all topics together.
    public private(set) var used = 0

    /// Nothing used yet.
    public init(limit: Int = DeadlineBudget.limitDefault) { self.limit = limit }

    /// Whether one more message fits.
    var hasRoom: Bool { used + Deadlines.entrySize <= limit }

    func change(from before: Int, to after: Int) { used += after - before }
}
