/// A number that names something and is never mixed with a number that names something else.
public protocol Identifier: RawRepresentable, Hashable, Comparable, Sendable,
    CustomStringConvertible
where RawValue == UInt64 {
    /// Wraps a raw number.
    init(rawValue: UInt64)
}

extension Identifier {
    /// The bare number, as logs and traces print it.
    public var description: String { String(rawValue) }
    /// Wraps a raw number.
    public init(_ rawValue: UInt64) { self.init(rawValue: rawValue) }
    /// Orders by number.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    /// The number after this one; the last one stays, so that hostile input cannot trap.
    public var next: Self { Self(rawValue: rawValue == .max ? .max : rawValue + 1) }
    /// The number before this one; zero stays zero.
    public var previous: Self { Self(rawValue: rawValue == 0 ? 0 : rawValue - 1) }
    /// Zero: before the first.
    public static var zero: Self { Self(rawValue: 0) }
}

/// A period with at most one leader (Raft §5.1); 0 before the first election.
public struct Term: Identifier {
    /// The bare number.
    public let rawValue: UInt64
    /// Wraps a raw number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// An entry's place in a Raft log; 1 is the first, 0 is before it.
public struct LogIndex: Identifier {
    /// The bare number.
    public let rawValue: UInt64
    /// Wraps a raw number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A message's place in its topic: 1, 2, 3 …; 0 is before the first.
public struct Sequence: Identifier {
    /// The bare number.
    public let rawValue: UInt64
    /// Wraps a raw number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A node of the cluster, by the number that the meta group gave it; 0 is nobody.
///
/// As a member of a topic's group it also says by which meta entry it came to hold the topic: a node
/// that leaves and comes back is another member, since its log and its votes are gone (Raft §6 asks
/// that servers keep them). The low 16 bits are the node, those above the entry; 0 for the nodes
/// that held the topic first.
public struct NodeID: Identifier {
    private static let nodeBits: UInt64 = 16
    /// The highest number of a node.
    public static let nodeMax: UInt64 = 1 << nodeBits - 1

    /// The bare number.
    public let rawValue: UInt64
    /// Wraps a raw number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// A node as the member that a meta entry made it.
    public init(_ node: NodeID, since entry: LogIndex) {
        let bits = entry.rawValue << Self.nodeBits | node.rawValue & (1 << Self.nodeBits - 1)
        self.init(rawValue: bits)
    }
    /// The node alone.
    public var node: NodeID { NodeID(rawValue: rawValue & (1 << Self.nodeBits - 1)) }
    /// The meta entry by which it came; zero for the first.
    public var since: LogIndex { LogIndex(rawValue >> Self.nodeBits) }
    /// `3`, or `3@71` for one that came by entry 71.
    public var description: String {
        since == .zero ? String(rawValue) : "\(node.rawValue)@\(since)"
    }
}

/// A Raft group: 0 is meta; a topic's is the meta index of its create entry, never used again.
public struct GroupID: Identifier {
    /// The bare number.
    public let rawValue: UInt64
    /// Wraps a raw number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// The group that knows nodes and topics.
    public static let meta = GroupID(rawValue: 0)
}

/// An entry by index and term, which together name its content (Raft §5.3, log matching).
public struct EntryID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Its place in the log.
    public var index: LogIndex
    /// The term of the leader that made it.
    public var term: Term

    /// Names an entry.
    public init(index: LogIndex, term: Term) {
        self.index = index
        self.term = term
    }

    /// Before the first entry.
    public static let zero = EntryID(index: .zero, term: .zero)

    /// `index/term`.
    public var description: String { "\(index)/\(term)" }

    /// Orders by how up to date a log that ends here is: the term first (Raft §5.4.1).
    public static func < (left: Self, right: Self) -> Bool {
        (left.term, left.index) < (right.term, right.index)
    }
}
