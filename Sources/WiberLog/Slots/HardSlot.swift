import WiberBase

/// What a group must never forget, in `hard`; its number in the file is that in `groups`.
///
///     byte  size  field
///     0     16    see ``SlotRecord``; magic "WHS1"
///     16    8     group
///     24    8     term          Raft's current term
///     32    8     votedFor      a node, or 0
///     40    8     logStart      the lowest index that must be there
///     48    8     segmentEnd    segments are durable up to this index
///     56    6     voided        what batches of the write-ahead log up to this one say of the group is
///                               void: its log was replaced as a whole
///     62    2     epoch         of the replacement: which directory has the segments; all ones for a
///                               replica that was removed, of which term and vote alone remain
struct HardSlot: SlotRecord {
    static let magic: UInt32 = 0x3153_4857
    static let slotSize = 64
    static let path = "hard"

    var generation: UInt64 = 1
    var group: GroupID
    var term = Term.zero
    var votedFor = NodeID.zero
    var logStart = LogIndex(1)
    var segmentEnd = LogIndex.zero
    var voided: UInt64 = 0
    var epoch: UInt16 = 0

    private static let voidedBits: UInt64 = 48
    private static let removedEpoch = UInt16.max

    /// Whether the group has no log here any more.
    var isRemoved: Bool { epoch == Self.removedEpoch }

    /// The same without a log; batches up to `batch` may still speak of it.
    func removed(voidedThrough batch: UInt64) -> HardSlot {
        var hard = HardSlot(group: group)
        hard.generation = generation
        hard.term = term
        hard.votedFor = votedFor
        hard.voided = batch
        hard.epoch = Self.removedEpoch
        return hard
    }

    func encodeFields(into bytes: inout [UInt8]) {
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(term.rawValue)
        bytes.appendInteger(votedFor.rawValue)
        bytes.appendInteger(logStart.rawValue)
        bytes.appendInteger(segmentEnd.rawValue)
        let mask: UInt64 = 1 << Self.voidedBits - 1
        bytes.appendInteger(UInt64(epoch) << Self.voidedBits | voided & mask)
    }

    static func decodeFields(
        _ reader: inout ByteReader,
        generation: UInt64
    ) throws(CodecError) -> HardSlot {
        var slot = HardSlot(group: try reader.identifier())
        slot.generation = generation
        slot.term = try reader.identifier()
        slot.votedFor = try reader.identifier()
        slot.logStart = try reader.identifier()
        slot.segmentEnd = try reader.identifier()
        let word = try reader.integer(UInt64.self)
        slot.voided = word & (1 << voidedBits - 1)
        slot.epoch = UInt16(word >> voidedBits)
        return slot
    }
}
