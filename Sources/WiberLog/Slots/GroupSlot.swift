import WiberBase

/// A group that was opened here once, in `groups`; records are numbered in the order of opening.
///
///     byte  size  field
///     0     16    see ``SlotRecord``; magic "WGR1"
///     16    8     group
///     24    8     number   its own place in the file, so that a misplaced write is seen
///     32    4+n   name     of the topic: length u32, bytes; empty for meta
///     …     8     since    the meta entry that brought the group here last, or took it away; 0: that
///                          which made it
///     …           zeros up to 512
///
/// The second copy is written only once the group's hard state is durable: a group whose second
/// copy exists and whose hard state does not is damaged, never new (rule 9). Both are written again
/// when the group leaves or comes back.
struct GroupSlot: SlotRecord {
    static let magic: UInt32 = 0x3152_4757
    static let slotSize = 512
    static let path = "groups"

    var generation: UInt64 = 1
    var group: GroupID
    var number: UInt64
    var name: String
    var since = LogIndex.zero

    /// Whether `name` is the name of a topic, or empty for meta: safe as a part of a path.
    static func isValidName(_ name: String, of group: GroupID) -> Bool {
        group == .meta ? name.isEmpty : TopicConfiguration.isValidName(name.utf8)
    }

    private static let nameInPathMax = 200

    /// Where the group's segments are: another place once its log was replaced as a whole.
    ///
    /// The number says whose they are; the name is for people, and cut to what a file system takes.
    func directory(_ epoch: UInt16) -> String {
        if group == .meta { return "meta" }
        let directory = "topics/\(group)-\(name.prefix(Self.nameInPathMax))"
        return epoch == 0 ? directory : directory + "/\(epoch)"
    }

    func encodeFields(into bytes: inout [UInt8]) {
        bytes.appendInteger(group.rawValue)
        bytes.appendInteger(number)
        bytes.appendString(name)
        bytes.appendInteger(since.rawValue)
    }

    static func decodeFields(
        _ reader: inout ByteReader,
        generation: UInt64
    ) throws(CodecError) -> GroupSlot {
        let group = try reader.identifier(GroupID.self)
        let number = try reader.integer(UInt64.self)
        let name = try reader.string(limit: 255)
        guard isValidName(name, of: group) else {
            throw .invalid(field: "name", value: UInt64(name.utf8.count))
        }
        return GroupSlot(
            generation: generation,
            group: group,
            number: number,
            name: name,
            since: try reader.identifier()
        )
    }
}
