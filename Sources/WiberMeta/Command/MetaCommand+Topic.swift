public import WiberBase

/// A topic's configuration in a command.
///
/// Name, description, subjects, replicas (32 bits), the limits of age, bytes and messages (64 bits
/// each, all ones for none), what makes two messages the same (8 bits) and for how long (64 bits);
/// since version 2, after how long without use it is deleted (64 bits, all ones for never); since
/// version 3, the limit of messages of a subject (64 bits, all ones for none) and flags (8 bits, 1:
/// a publish may take earlier messages along); since version 4, flag 2: the backup that it was
/// restored from follows (128 bits), flag 4: the subject of messages without one follows, and flag 8:
/// it is still being restored; since version 5, flag 16: publishes may say how long their messages stay, and
/// behind all of the above how long others stay, and the floor (64 bits each, all ones for none), then on which
/// nodes it may be and its quota, see ``encode(_:_:into:)``; since feature level 3, flag 32: its segments are
/// compressed.
extension MetaCommand {
    private static let rollupFlag: UInt8 = 1
    private static let restoredFromFlag: UInt8 = 2
    private static let ownSubjectFlag: UInt8 = 4
    private static let isRestoringFlag: UInt8 = 8
    private static let timeToLiveFlag: UInt8 = 16
    private static let zstdFlag: UInt8 = 32

    /// A topic's configuration by itself, as nodes send it to the meta leader.
    public static func encode(_ topic: TopicConfiguration) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendString(topic.name)
        bytes.appendString(topic.description)
        bytes.appendInteger(UInt32(topic.subjects.count))
        for subject in topic.subjects { bytes.appendString(subject) }
        bytes.appendInteger(UInt32(clamping: topic.replicas))
        for limit in [
            topic.retention.maxAge, topic.retention.maxBytes, topic.retention.maxMessages,
        ] {
            bytes.appendInteger(limit ?? .max)
        }
        bytes.append(topic.dedupKey.rawValue)
        bytes.appendInteger(topic.dedupWindow)
        bytes.appendInteger(topic.deleteAfterIdle ?? .max)
        bytes.appendInteger(topic.retention.maxPerSubject ?? .max)
        var flags: UInt8 = topic.allowsRollup ? Self.rollupFlag : 0
        if topic.restoredFrom != nil { flags |= Self.restoredFromFlag }
        if topic.ownSubject != nil { flags |= Self.ownSubjectFlag }
        if topic.isRestoring { flags |= Self.isRestoringFlag }
        if topic.allowsTimeToLive { flags |= Self.timeToLiveFlag }
        if topic.compression == .zstd { flags |= Self.zstdFlag }
        bytes.append(flags)
        topic.restoredFrom?.encode(into: &bytes)
        if let own = topic.ownSubject { bytes.appendString(own) }
        bytes.appendInteger(topic.timeToLiveDefault ?? .max)
        bytes.appendInteger(topic.keepFrom ?? .max)
        encode(topic.placement, topic.quota, into: &bytes)
        return bytes
    }

    /// Reads what ``encode(_:)`` wrote.
    public static func decodeTopic(_ bytes: [UInt8]) throws(CodecError) -> TopicConfiguration {
        var result: Result<TopicConfiguration, CodecError> = .failure(.truncated(offset: 0))
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            do throws(CodecError) {
                result = .success(try decodeTopic(&reader, version: Self.version))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    /// A topic's configuration behind the version of its format, for what outlives this version.
    public static func encodeVersioned(_ topic: TopicConfiguration) -> [UInt8] {
        [version] + encode(topic)
    }

    /// Reads what ``encodeVersioned(_:)`` wrote, here or in an earlier version.
    public static func decodeVersioned(
        _ reader: inout ByteReader
    ) throws(CodecError) -> TopicConfiguration {
        let version = try reader.integer(UInt8.self)
        guard (1...Self.version).contains(version) else {
            throw .invalid(field: "version", value: UInt64(version))
        }
        return try decodeTopic(&reader, version: version)
    }

    static func decodeTopic(
        _ reader: inout ByteReader,
        version: UInt8
    ) throws(CodecError) -> TopicConfiguration {
        var topic = TopicConfiguration(name: try reader.string(limit: 255), replicas: 1)
        guard TopicConfiguration.isValidName(Array(topic.name.utf8)) else {
            throw .invalid(field: "name", value: UInt64(topic.name.utf8.count))
        }
        topic.description = try reader.string()
        topic.subjects = []
        for _ in 0..<(try count(&reader)) { topic.subjects.append(try reader.string(limit: 4_096)) }
        topic.replicas = Int(try reader.integer(UInt32.self))
        topic.retention.maxAge = try limit(&reader)
        topic.retention.maxBytes = try limit(&reader)
        topic.retention.maxMessages = try limit(&reader)
        let key = try reader.integer(UInt8.self)
        guard let dedupKey = TopicConfiguration.DedupKey(rawValue: key) else {
            throw .invalid(field: "dedup", value: UInt64(key))
        }
        topic.dedupKey = dedupKey
        topic.dedupWindow = try reader.integer()
        if version >= 2 { topic.deleteAfterIdle = try limit(&reader) }
        if version >= 3 {
            topic.retention.maxPerSubject = try limit(&reader)
            let flags = try reader.integer(UInt8.self)
            topic.allowsRollup = flags & rollupFlag != 0
            if version >= 4 { try decodeRestore(&topic, flags, &reader) }
            if version >= 5 {
                topic.allowsTimeToLive = flags & timeToLiveFlag != 0
                topic.compression = flags & zstdFlag != 0 ? .zstd : .none
                topic.timeToLiveDefault = try limit(&reader)
                topic.keepFrom = try limit(&reader)
            }
        }
        if version >= 5 { try decodePlacement(&topic, &reader) }
        return topic
    }

    private static func decodeRestore(
        _ topic: inout TopicConfiguration,
        _ flags: UInt8,
        _ reader: inout ByteReader
    ) throws(CodecError) {
        if flags & restoredFromFlag != 0 { topic.restoredFrom = try UniqueID.decode(&reader) }
        topic.isRestoring = topic.restoredFrom != nil && flags & isRestoringFlag != 0
        if flags & ownSubjectFlag != 0 { topic.ownSubject = try reader.string(limit: 255) }
    }

    static func limit(_ reader: inout ByteReader) throws(CodecError) -> UInt64? {
        let value = try reader.integer(UInt64.self)
        return value == .max ? nil : value
    }
}
