/// The memory that the subjects of messages may take on this node, shared by all its topics.
///
/// Leaders refuse new subjects once it is spent; followers only count, because what is in the log is
/// there. It belongs to one shard, as ``DedupBudget`` does.
public final class SubjectBudget {
    /// What a node has unless told otherwise, in bytes.
    public static let limitDefault = 1 << 30

    /// The most bytes.
    public let limit: Int
    /// The bytes in use, all topics together.
    public private(set) var used = 0
    /// Mixed into the places of subjects, so that nobody outside can aim at one place.
    let seed: UInt64

    /// Nothing used yet.
    public init(limit: Int = SubjectBudget.limitDefault, seed: UInt64 = 0) {
        self.limit = limit
        self.seed = seed
    }

    func change(from before: Int, to after: Int) { used += after - before }
}
