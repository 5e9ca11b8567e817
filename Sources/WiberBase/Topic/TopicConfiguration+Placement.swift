extension TopicConfiguration {
    /// On which nodes a topic may be.
    public struct Placement: Equatable, Sendable {
        /// What each of its nodes must have.
        public var tags: [String]
        /// The key of a tag of which no two of its nodes have the same value, as `zone`; nodes without
        /// such a tag do not hold the topic.
        public var spread: String?

        /// Any nodes, unless something is given.
        public init(tags: [String] = [], spread: String? = nil) {
            self.tags = tags
            self.spread = spread
        }

        /// Whether every node will do.
        public var isAnywhere: Bool { tags.isEmpty && spread == nil }

        /// Whether it can be a topic's: its tags are tags, and not too many.
        public var isValid: Bool {
            NodeTag.refusal(of: tags) == nil && spread.map(NodeTag.isValidKey) ?? true
        }

        /// Whether a node with these tags will do, apart from the others.
        public func allows(_ nodeTags: [String]) -> Bool {
            tags.allSatisfy(nodeTags.contains)
                && spread.map { NodeTag.value(of: $0, in: nodeTags) != nil } ?? true
        }
    }

    /// What a topic may hold: a publish beyond it is refused, and nothing goes to make room.
    public struct Quota: Equatable, Sendable {
        /// The most bytes of message bodies; `nil`: as many as there are.
        public var bytes: UInt64?
        /// The most messages.
        public var messages: UInt64?

        /// No quota, unless one is given.
        public init(bytes: UInt64? = nil, messages: UInt64? = nil) {
            self.bytes = bytes
            self.messages = messages
        }

        /// Whether there is none.
        public var isUnlimited: Bool { bytes == nil && messages == nil }
    }
}
