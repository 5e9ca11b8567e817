public import WiberBase

/// What a data directory knows about itself, in `super`.
///
///     byte  size  field
///     0     16    see ``SlotRecord``; magic "WSB1"
///     16    8     format         1 below feature level 2, else 2; what a binary that knows nothing of
///                                levels looks at
///     24    16    clusterID      zero until the node is part of a cluster
///     40    16    storeID        drawn when the directory was made
///     56    16    bootID         of the machine when the directory was last opened
///     72    8     nodeID
///     80    8     incarnation    how often the directory was opened
///     88    8     walFileCount   write-ahead log files 1 ... n exist
///     96    4+n   nodeName       length u32, bytes
///     …     2     level          the highest feature level that was in force here; 0: level 1
///     …     4+n   software       the release that opened it last; length u32, bytes
///     …           zeros up to 4096
///
/// Up to here it stays as it is in all formats, so that any release can say which one is needed.
public struct Superblock: Equatable, Sendable {
    /// The newest version that this code writes and reads.
    public static let formatVersion: UInt64 = 2
    static let path = "super"

    /// Counts the changes of this block.
    public internal(set) var generation: UInt64 = 1
    /// The cluster, zero while unformed (rule 17).
    public internal(set) var clusterID = UniqueID.zero
    /// What names this directory's contents: a wiped one has another.
    public internal(set) var storeID: UniqueID
    /// The boot of the machine that opened the directory last.
    public internal(set) var bootID: UniqueID
    /// The node's number.
    public internal(set) var nodeID: NodeID
    /// The node's name in the configuration.
    public internal(set) var nodeName: String
    /// How often the directory was opened, this time included.
    public internal(set) var incarnation: UInt64 = 0
    var walFileCount: UInt64 = 0
    /// The highest feature level that was in force here: durable ahead of all that needs it.
    public internal(set) var level = FeatureLevel.base
    /// The release that opened the directory last; empty if it was one that did not say.
    public internal(set) var software = ""
}

extension Superblock: SlotRecord {
    static let magic: UInt32 = 0x3142_5357
    static let slotSize = 4_096

    func encodeFields(into bytes: inout [UInt8]) {
        bytes.appendInteger(UInt64(level > .base ? 2 : 1))
        for id in [clusterID, storeID, bootID] {
            bytes.appendInteger(id.high)
            bytes.appendInteger(id.low)
        }
        bytes.appendInteger(nodeID.rawValue)
        bytes.appendInteger(incarnation)
        bytes.appendInteger(walFileCount)
        bytes.appendString(nodeName)
        bytes.appendInteger(level.rawValue)
        bytes.appendString(software)
    }

    static func decodeFields(
        _ reader: inout ByteReader,
        generation: UInt64
    ) throws(CodecError) -> Superblock {
        let format = try reader.integer(UInt64.self)
        guard (1...formatVersion).contains(format) else {
            throw .invalid(field: "format", value: format)
        }
        return try decodeLayout(&reader, generation: generation)
    }

    /// The release that wrote a block of a format that this one does not know.
    static func writer(ofUnknown slot: UnsafeRawBufferPointer) -> String {
        var reader = ByteReader(slot, at: 24)
        let software = (try? decodeLayout(&reader, generation: 0))?.software ?? ""
        return SoftwareName.isValid(software) ? software : ""
    }

    private static func decodeLayout(
        _ reader: inout ByteReader,
        generation: UInt64
    ) throws(CodecError) -> Superblock {
        let clusterID = try UniqueID.decode(&reader)
        var block = Superblock(
            storeID: try .decode(&reader),
            bootID: try .decode(&reader),
            nodeID: try reader.identifier(),
            nodeName: ""
        )
        block.generation = generation
        block.clusterID = clusterID
        block.incarnation = try reader.integer()
        block.walFileCount = try reader.integer()
        block.nodeName = try reader.string(limit: 1_024)
        block.level = max(.base, FeatureLevel(rawValue: try reader.integer()))
        block.software = try reader.string(limit: 255)
        return block
    }

    /// What every checksum in the write-ahead log starts from, so that bytes which a client
    /// published can never look like a batch of this log.
    var salt: UInt32 {
        var bytes: [UInt8] = []
        bytes.appendInteger(storeID.high)
        bytes.appendInteger(storeID.low)
        return CRC32C.checksum(bytes)
    }
}
