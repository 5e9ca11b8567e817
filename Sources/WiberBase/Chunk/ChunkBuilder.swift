/// Collects messages until a chunk is sealed at the end of a turn.
public struct ChunkBuilder: Sendable {
    private var table: [UInt8] = []
    private var bodies: [UInt8] = []
    private var baseTime = Timestamp.zero
    /// The messages so far.
    public private(set) var count = 0
    /// Whether some message has an id.
    public private(set) var hasIDs = false
    /// Whether some message has a time to live.
    public private(set) var hasTimesToLive = false

    /// An empty chunk.
    public init() {}

    /// The bytes of bodies so far.
    public var byteCount: Int { bodies.count }
    /// Whether there is nothing to seal.
    public var isEmpty: Bool { count == 0 }

    /// How many removals have room beside the messages so far.
    public var removalsMax: Int {
        let used = ChunkHeader.size + table.count + bodies.count
        return min(ChunkHeader.removalsMax, max(0, ChunkHeader.lengthMax - used) / Removal.size)
    }

    /// Whether a message of `length` body bytes at `time` still belongs into this chunk.
    public func fits(length: Int, time: Timestamp) -> Bool {
        count == 0
            || (count < ChunkHeader.countMax
                && bodies.count + length <= ChunkHeader.bodiesTarget
                && time.rawValue - baseTime.rawValue <= UInt64(UInt32.max))
    }

    /// Adds a message; returns the size of its body, in bytes.
    ///
    /// - Precondition: it ``fits(length:time:)``, and `time` is not before the last one's.
    @discardableResult
    public mutating func append(_ message: MessageBody, time: Timestamp) -> Int {
        let start = bodies.count
        message.encode(into: &bodies)
        hasIDs = hasIDs || message.id != nil
        hasTimesToLive = hasTimesToLive || message.timeToLive != nil
        addRow(from: start, time: time)
        return bodies.count - start
    }

    /// Adds a message whose body is already encoded, as forwarding nodes send it.
    ///
    /// - Precondition: as ``append(_:time:)``, and `body` decodes.
    public mutating func append(
        encoded body: UnsafeRawBufferPointer,
        hasID: Bool,
        hasTimeToLive: Bool,
        time: Timestamp
    ) {
        let start = bodies.count
        bodies.append(contentsOf: body)
        hasIDs = hasIDs || hasID
        hasTimesToLive = hasTimesToLive || hasTimeToLive
        addRow(from: start, time: time)
    }

    private mutating func addRow(from start: Int, time: Timestamp) {
        if count == 0 { baseTime = time }
        invariant(time >= baseTime, "time \(time) before \(baseTime)")
        let delta = time.rawValue - baseTime.rawValue
        invariant(delta <= UInt64(UInt32.max), "\(delta) ns in one chunk")
        table.appendInteger(UInt32(bodies.count - start))
        table.appendInteger(UInt32(delta))
        table.appendInteger(CRC32C.checksum(bodies, in: start..<bodies.count))
        count += 1
    }

    /// Makes the chunk and starts over; `header` says everything but what the messages decide.
    ///
    /// - Precondition: there are no more `removals` than ``removalsMax``.
    public mutating func seal(_ header: ChunkHeader, removals: [Removal] = []) -> Chunk {
        invariant(count > 0 && count <= ChunkHeader.countMax, "\(count) messages")
        invariant(removals.count <= removalsMax, "\(removals.count) removals")
        var header = header
        header.kind = .messages
        header.count = UInt32(count)
        header.removalCount = UInt16(removals.count)
        for removal in removals { removal.encode(into: &table) }
        header.hasIDs = hasIDs
        header.hasTimesToLive = hasTimesToLive
        header.baseTime = baseTime
        let chunk = Chunk.seal(header, checked: table, bodies: bodies)
        table.removeAll(keepingCapacity: true)
        bodies.removeAll(keepingCapacity: bodies.count < 256 << 10)
        count = 0
        hasIDs = false
        hasTimesToLive = false
        return chunk
    }
}
