public import WiberBase

/// A node as the cluster knows it.
public struct NodeRecord: Equatable, Sendable {
    /// Its number.
    public var id: NodeID
    /// Its id in the configuration.
    public var name: String
    /// What others dial.
    public var host: String
    /// The client port.
    public var port: UInt16
    /// The port for nodes.
    public var rpcPort: UInt16
    /// The HTTP port.
    public var httpPort: UInt16
    /// What names its data directory; zero until it is bound.
    public var storeID: UniqueID
    /// A node.
    public init(
        id: NodeID,
        name: String,
        host: String,
        port: UInt16,
        rpcPort: UInt16,
        httpPort: UInt16,
        storeID: UniqueID
    ) {
        self.id = id
        self.name = name
        self.host = host
        self.port = port
        self.rpcPort = rpcPort
        self.httpPort = httpPort
        self.storeID = storeID
    }
}

/// What the meta group's log says: nothing changes otherwise.
///
/// The first byte is the format's version, the second says which command; then its fields in the
/// order of their declaration, little-endian, strings and lists after their 32-bit length.
public enum MetaCommand: Equatable, Sendable {
    /// The cluster begins.
    case form(clusterID: UniqueID, nodes: [NodeRecord])
    /// A node's data directory is known.
    case bindStore(node: NodeID, storeID: UniqueID)
    /// A topic begins; its group is the index of this entry.
    case createTopic(TopicConfiguration, replicas: [NodeID])
    /// A topic ends: the tombstone without which nothing is deleted.
    case deleteTopic(GroupID)

    static let version: UInt8 = 1
    static let nodesMax = 1_024

    private enum Tag: UInt8 {
        case form = 1
        case bindStore = 2
        case createTopic = 3
        case deleteTopic = 4
    }

    /// Appends the command.
    public func encode(into bytes: inout [UInt8]) {
        bytes.append(Self.version)
        switch self {
        case .form(let cluster, let nodes):
            bytes.append(Tag.form.rawValue)
            cluster.encode(into: &bytes)
            bytes.appendInteger(UInt32(nodes.count))
            for node in nodes { Self.encode(node, into: &bytes) }
        case .bindStore(let node, let store):
            bytes.append(Tag.bindStore.rawValue)
            bytes.appendInteger(node.rawValue)
            store.encode(into: &bytes)
        case .createTopic(let topic, let replicas):
            bytes.append(Tag.createTopic.rawValue)
            bytes += Self.encode(topic)
            bytes.appendInteger(UInt32(replicas.count))
            for node in replicas { bytes.appendInteger(node.rawValue) }
        case .deleteTopic(let group):
            bytes.append(Tag.deleteTopic.rawValue)
            bytes.appendInteger(group.rawValue)
        }
    }

    /// Reads a command.
    ///
    /// - Throws: ``CodecError`` for a version, a command or a field that this code does not know.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> MetaCommand {
        let version = try reader.integer(UInt8.self)
        guard version == Self.version else {
            throw .invalid(field: "version", value: UInt64(version))
        }
        let number = try reader.integer(UInt8.self)
        guard let tag = Tag(rawValue: number) else {
            throw .invalid(field: "command", value: UInt64(number))
        }
        switch tag {
        case .form:
            let cluster = try UniqueID.decode(&reader)
            var nodes: [NodeRecord] = []
            for _ in 0..<(try count(&reader)) { nodes.append(try node(&reader)) }
            return .form(clusterID: cluster, nodes: nodes)
        case .bindStore:
            return .bindStore(
                node: try reader.identifier(),
                storeID: try UniqueID.decode(&reader)
            )
        case .createTopic:
            let topic = try decodeTopic(&reader)
            var replicas: [NodeID] = []
            for _ in 0..<(try count(&reader)) { replicas.append(try reader.identifier()) }
            return .createTopic(topic, replicas: replicas)
        case .deleteTopic: return .deleteTopic(try reader.identifier())
        }
    }

    private static func count(_ reader: inout ByteReader) throws(CodecError) -> UInt32 {
        let count = try reader.integer(UInt32.self)
        guard count <= nodesMax else { throw .invalid(field: "count", value: UInt64(count)) }
        return count
    }

    private static func encode(_ node: NodeRecord, into bytes: inout [UInt8]) {
        bytes.appendInteger(node.id.rawValue)
        bytes.appendString(node.name)
        bytes.appendString(node.host)
        bytes.appendInteger(node.port)
        bytes.appendInteger(node.rpcPort)
        bytes.appendInteger(node.httpPort)
        node.storeID.encode(into: &bytes)
    }

    private static func node(_ reader: inout ByteReader) throws(CodecError) -> NodeRecord {
        NodeRecord(
            id: try reader.identifier(),
            name: try reader.string(),
            host: try reader.string(),
            port: try reader.integer(),
            rpcPort: try reader.integer(),
            httpPort: try reader.integer(),
            storeID: try UniqueID.decode(&reader)
        )
    }

    // MARK: Topics

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
        return bytes
    }

    /// Reads what ``encode(_:)`` wrote.
    public static func decodeTopic(_ bytes: [UInt8]) throws(CodecError) -> TopicConfiguration {
        var result: Result<TopicConfiguration, CodecError> = .failure(.truncated(offset: 0))
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            do throws(CodecError) {
                result = .success(try decodeTopic(&reader))
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    private static func decodeTopic(
        _ reader: inout ByteReader
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
        return topic
    }

    private static func limit(_ reader: inout ByteReader) throws(CodecError) -> UInt64? {
        let value = try reader.integer(UInt64.self)
        return value == .max ? nil : value
    }
}
