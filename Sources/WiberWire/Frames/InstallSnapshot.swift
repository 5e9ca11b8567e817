public import WiberBase

/// Gives a follower the start of the leader's log, which the follower's own log does not reach
/// (Raft §7): what was before it has left the topic.
public struct InstallSnapshot: Sendable, Equatable {
    /// The most bytes of a chunk.
    public static let bytesMax = 3 << 20

    /// Whose log.
    public var group: GroupID
    /// The leader's term.
    public var term: Term
    /// The term of the entry before the first.
    public var previousTerm: Term
    /// The log's first chunk.
    public var first: [UInt8]
    /// The group's last configuration chunk before it; empty if there was none.
    public var configuration: [UInt8]

    /// A snapshot.
    public init(
        group: GroupID,
        term: Term,
        previousTerm: Term,
        first: [UInt8],
        configuration: [UInt8]
    ) {
        self.group = group
        self.term = term
        self.previousTerm = previousTerm
        self.first = first
        self.configuration = configuration
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> InstallSnapshot {
        InstallSnapshot(
            group: try reader.identifier(),
            term: try reader.identifier(),
            previousTerm: try reader.identifier(),
            first: try reader.blob(limit: bytesMax),
            configuration: try reader.blob(limit: 1 << 20)
        )
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(term.rawValue)
        bytes.appendInteger(previousTerm.rawValue)
        bytes.appendBlob(first)
        bytes.appendBlob(configuration)
    }
}
