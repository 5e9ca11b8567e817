public import WiberBase

/// The end of a topic's log: all that the next chunk must agree with.
public struct Tail: Equatable, Sendable {
    /// The next message's sequence.
    public var nextSequence = Sequence(1)
    /// The first message that is still there.
    public var firstSequence = Sequence(1)
    /// The last stamp that was given.
    public var lastTime = Timestamp.zero
    /// The next Lamport time.
    public var nextLamport: UInt64 = 1
    /// The messages from `firstSequence` on.
    public var liveMessages: UInt64 = 0
    /// The bytes of their bodies.
    public var liveBytes: UInt64 = 0
    /// The last chunk's checksum.
    public var checksum: UInt32 = 0

    /// Before the first chunk.
    public init() {}

    /// After a chunk.
    ///
    /// `lastTime` is the chunk's last stamp.
    init(after header: ChunkHeader, lastTime: Timestamp) {
        nextSequence = header.nextSequence
        firstSequence = header.firstSequence
        self.lastTime = lastTime
        nextLamport = header.baseLamport &+ UInt64(max(1, header.count))
        liveMessages = header.liveMessages
        liveBytes = header.liveBytes
        checksum = header.checksum
    }
}
