import WiberBase

/// Where a topic may be and what it may hold, in a command.
extension MetaCommand {
    /// The tags of a placement, its spread (empty for none), then the quota of bytes and of messages
    /// (64 bits each, all ones for none).
    static func encode(
        _ placement: TopicConfiguration.Placement,
        _ quota: TopicConfiguration.Quota,
        into bytes: inout [UInt8]
    ) {
        encode(placement.tags, into: &bytes)
        bytes.appendString(placement.spread ?? "")
        bytes.appendInteger(quota.bytes ?? .max)
        bytes.appendInteger(quota.messages ?? .max)
    }

    static func decodePlacement(
        _ topic: inout TopicConfiguration,
        _ reader: inout ByteReader
    ) throws(CodecError) {
        topic.placement.tags = try tags(&reader)
        let spread = try reader.string(limit: NodeTag.lengthMax)
        topic.placement.spread = spread.isEmpty ? nil : spread
        guard topic.placement.isValid else {
            throw .invalid(field: "spread", value: UInt64(spread.utf8.count))
        }
        topic.quota.bytes = try limit(&reader)
        topic.quota.messages = try limit(&reader)
    }

    static func encode(_ tags: [String], into bytes: inout [UInt8]) {
        bytes.appendInteger(UInt32(clamping: tags.count))
        for tag in tags { bytes.appendString(tag) }
    }

    static func tags(_ reader: inout ByteReader) throws(CodecError) -> [String] {
        var tags: [String] = []
        for _ in 0..<(try count(&reader)) {
            tags.append(try reader.string(limit: NodeTag.lengthMax))
        }
        guard NodeTag.refusal(of: tags) == nil else {
            throw .invalid(field: "tags", value: UInt64(tags.count))
        }
        return tags
    }
}
