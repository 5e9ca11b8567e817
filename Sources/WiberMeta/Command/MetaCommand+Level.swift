public import WiberBase

/// What belongs to feature levels.
extension MetaCommand {
    /// The level from which on the command may be written.
    ///
    /// That of ``raise(_:)`` is the lowest: a release that knows the new level no more than this
    /// command must still see that it is left behind.
    public var level: FeatureLevel {
        switch self {
        case .announce(_, _, .some): .software
        case .createTopic(let topic, _): topic.compression == .none ? .base : .compression
        case .updateTopic(_, let old, let new):
            old?.compression == .zstd || new.compression == .zstd ? .compression : .base
        case .form, .bindStore, .deleteTopic, .move, .settled, .drain,
            .addNode, .removeNode, .forgetNode, .moveNode, .restored, .tagNode,
            .announce(_, _, nil), .raise:
            .base
        }
    }

    private static let softwareFlag: UInt8 = 1

    /// Node, levels, and flags (8 bits, 1: the name of a release follows).
    static func encode(
        _ node: NodeID,
        _ levels: LevelRange,
        _ software: String?,
        into bytes: inout [UInt8]
    ) {
        bytes.appendInteger(node.rawValue)
        levels.encode(into: &bytes)
        bytes.append(software == nil ? 0 : softwareFlag)
        if let software { bytes.appendString(software) }
    }

    static func announcement(_ reader: inout ByteReader) throws(CodecError) -> MetaCommand {
        let node: NodeID = try reader.identifier()
        let levels = try LevelRange.decode(&reader)
        let flags = try reader.integer(UInt8.self)
        guard flags <= softwareFlag else { throw .invalid(field: "flags", value: UInt64(flags)) }
        guard flags == softwareFlag else { return .announce(node, levels, software: nil) }
        let software = try reader.string(limit: SoftwareName.lengthMax)
        guard SoftwareName.isValid(software) else {
            throw .invalid(field: "software", value: UInt64(software.utf8.count))
        }
        return .announce(node, levels, software: software)
    }
}
