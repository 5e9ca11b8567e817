public import WiberBase

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

    static func count(_ reader: inout ByteReader) throws(CodecError) -> UInt32 {
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
}
