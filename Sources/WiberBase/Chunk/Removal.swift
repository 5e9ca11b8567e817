/// Messages in a row that a chunk takes out of the topic, from its middle.
///
///     byte  size  field
///     0     8     first
///     8     4     count   1 ... countMax; highest bit: their bodies are to be erased at once
///
/// They are gone once the chunk is applied. The chunk's header counts them no more.
public struct Removal: Equatable, Sendable {
    /// The size of a removal, in bytes.
    public static let size = 12
    /// The most messages in one.
    public static let countMax: UInt32 = 1 << 20

    /// The first message.
    public var first: Sequence
    /// How many messages.
    public var count: UInt32
    /// Whether each replica is to erase their bodies at once, wherever they are.
    public var isErasing = false
    private static let erasing: UInt32 = 1 << 31

    /// Messages from `first` on.
    public init(first: Sequence, count: UInt32, isErasing: Bool = false) {
        self.first = first
        self.count = count
        self.isErasing = isErasing
    }

    /// The message after the last one.
    public var end: Sequence { Sequence(first.rawValue &+ UInt64(count)) }

    /// Appends the 12 bytes.
    public func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(first.rawValue)
        bytes.appendInteger(isErasing ? count | Self.erasing : count)
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> Removal {
        let first: Sequence = try reader.identifier()
        let word = try reader.integer(UInt32.self)
        let isErasing = word & erasing != 0
        let removal = Removal(first: first, count: word & ~erasing, isErasing: isErasing)
        guard removal.first.rawValue >= 1, removal.first.rawValue < UInt64.max / 2,
            removal.count >= 1, removal.count <= countMax
        else { throw .invalid(field: "removal", value: removal.first.rawValue) }
        return removal
    }
}

extension Chunk {
    /// What the chunk takes out of the topic; of messages that exist once it is applied.
    ///
    /// - Precondition: the chunk was verified or made here.
    public var removals: [Removal] {
        guard header.removalCount > 0 else { return [] }
        return bytes.withUnsafeBytes { (try? Self.removals(in: $0, header)) ?? [] }
    }

    static func removals(
        in chunk: UnsafeRawBufferPointer,
        _ header: ChunkHeader
    ) throws(CodecError) -> [Removal] {
        var reader = ByteReader(chunk, at: header.removalsOffset)
        var removals: [Removal] = []
        removals.reserveCapacity(Int(header.removalCount))
        for _ in 0..<header.removalCount {
            let removal = try Removal.decode(&reader)
            guard removal.end <= header.nextSequence, header.isErasing || !removal.isErasing else {
                throw .invalid(field: "removal", value: removal.first.rawValue)
            }
            removals.append(removal)
        }
        return removals
    }
}
