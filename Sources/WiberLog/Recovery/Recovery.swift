public import WiberBase

/// Who opens a data directory, and what to write into a new one.
public struct LogIdentity: Sendable {
    /// The node's number.
    public var nodeID: NodeID
    /// The node's name: a directory of another node is refused.
    public var nodeName: String
    /// The store id of a new directory, drawn at random.
    public var newStoreID: UniqueID
    /// The machine's boot id.
    public var bootID: UniqueID
    /// The feature levels that it can work at: a directory of another level is refused.
    public var levels = LevelRange.supported
    /// The name of its release.
    public var software = ""

    /// Who opens the directory.
    public init(nodeID: NodeID, nodeName: String, newStoreID: UniqueID, bootID: UniqueID) {
        self.nodeID = nodeID
        self.nodeName = nodeName
        self.newStoreID = newStoreID
        self.bootID = bootID
    }
}

/// What was found when a data directory was opened; all of it is durable.
public struct Recovery: Sendable {
    /// One group.
    public struct Group: Sendable {
        /// The group.
        public var id: GroupID
        /// The topic's name; empty for meta.
        public var name: String
        /// Raft's current term.
        public var term: Term
        /// Raft's vote in that term; 0: none.
        public var votedFor: NodeID
        /// The entry before the first of the log.
        public var base: EntryID
        /// The last entry.
        public var last: EntryID
        /// The terms of the entries after ``base``, in order.
        public var termRuns: [EntryID]
        /// At least this much is committed: it is, or was, in a segment.
        public var segmentEnd: LogIndex
        /// The newest configuration chunk at or below ``segmentEnd``, if there is one, and all above.
        public var configurations: [Chunk]
        /// The last chunk; `nil` in an empty log.
        public var lastChunk: Chunk?
    }

    /// All groups ever opened here, by id, but those that are impaired or were
    /// removed.
    public var groups: [Group] = []
    /// Groups that were removed here.
    public var removed: [GroupID] = []
    /// Groups whose segments are damaged so that only other replicas can help: not in use until
    /// ``LogStore/heal(_:_:)``.
    public var impaired: [GroupID] = []
    /// What is damaged there.
    public var impairedBy: [Damage] = []
    /// Whether the directory was empty.
    public var isNew = false
    /// The incomplete last batch that was cut, in words; nothing acknowledged was in it.
    public var tornTail: String?
    /// What was written again because one of two copies was bad or older.
    public var repairs: [String] = []
    /// Entries read from the write-ahead log.
    public var replayedEntries = 0
    /// Bytes of entries that were made durable again in a fresh file (rule 3).
    public var rewrittenBytes = 0
}
