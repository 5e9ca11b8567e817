public import WiberBase

/// A leader's word to a follower that lacks whole segments: which entries it may fetch from any
/// replica, instead of being sent them.
public struct CatchUpOffer: Sendable, Equatable {
    /// Whose log.
    public var group: GroupID
    /// The leader's term.
    public var term: Term
    /// The last entry that the follower has of the leader's log, as the leader believes.
    public var previous: EntryID
    /// The last entry of the leader's last closed segment; it is committed.
    public var through: LogIndex
    /// About how many bytes are between them.
    public var bytes: UInt64

    /// An offer.
    public init(
        group: GroupID,
        term: Term,
        previous: EntryID,
        through: LogIndex,
        bytes: UInt64
    ) {
        self.group = group
        self.term = term
        self.previous = previous
        self.through = through
        self.bytes = bytes
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> CatchUpOffer {
        CatchUpOffer(
            group: try reader.identifier(),
            term: try reader.identifier(),
            previous: EntryID(
                index: try reader.identifier(),
                term: try reader.identifier()
            ),
            through: try reader.identifier(),
            bytes: try reader.integer()
        )
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(term.rawValue)
        bytes.appendInteger(previous.index.rawValue)
        bytes.appendInteger(previous.term.rawValue)
        bytes.appendInteger(through.rawValue)
        bytes.appendInteger(self.bytes)
    }
}
