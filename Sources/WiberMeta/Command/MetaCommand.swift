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
    /// A topic has another configuration, if it still has the one that was looked at, which entries
    /// before version 3 do not say; its name, replicas and dedup key stay.
    case updateTopic(GroupID, from: TopicConfiguration?, to: TopicConfiguration)
    /// A topic shall be held by other nodes; the index of this entry names the move.
    case move(GroupID, to: [NodeID])
    /// A topic's own log says who its members are, while it is on a move.
    case settled(GroupID, move: LogIndex, members: [NodeID])
    /// A node shall lead nothing and hold nothing, or may again.
    case drain(NodeID, Bool)
    /// A node joins, under the number that comes next, and perhaps in the place of another one; what
    /// the record says of number and store does not count.
    case addNode(NodeRecord, replacing: NodeID?)
    /// A node shall leave: what it holds goes elsewhere first.
    case removeNode(NodeID)
    /// A node that leaves holds nothing any more.
    case forgetNode(NodeID)
    /// A node is to be dialled elsewhere; name and store stay.
    case moveNode(NodeRecord)
    /// A topic has all of the backup that it was restored from.
    case restored(GroupID)
    /// A node has these tags, and no others.
    case tagNode(NodeID, tags: [String])
    /// A node has said at which feature levels it can work, and, from level 2 on, what it runs.
    case announce(NodeID, LevelRange, software: String?)
    /// The cluster is at a higher feature level from now on; every release knows this command.
    case raise(FeatureLevel)

    /// The newest version; what came with which is said at ``encode(_:)``.
    ///
    /// One that comes with a feature level is written from that level on only.
    static let version: UInt8 = 5
    static let nodesMax = 1_024

    private enum Tag: UInt8 {
        case form = 1
        case bindStore = 2
        case createTopic = 3
        case deleteTopic = 4
        case updateTopic = 5
        case move = 6
        case settled = 7
        case drain = 8
        case addNode = 9
        case removeNode = 10
        case forgetNode = 11
        case moveNode = 12
        case tagNode = 13
        case announce = 16
        case raise = 17
        case restored = 20
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
            Self.encode(replicas, into: &bytes)
        case .deleteTopic(let group):
            bytes.append(Tag.deleteTopic.rawValue)
            bytes.appendInteger(group.rawValue)
        case .updateTopic(let group, let before, let after):
            bytes.append(Tag.updateTopic.rawValue)
            bytes.appendInteger(group.rawValue)
            bytes += Self.encode(before ?? after) + Self.encode(after)
        case .move(let group, let nodes):
            bytes.append(Tag.move.rawValue)
            bytes.appendInteger(group.rawValue)
            Self.encode(nodes, into: &bytes)
        case .settled(let group, let move, let members):
            bytes.append(Tag.settled.rawValue)
            bytes.appendInteger(group.rawValue)
            bytes.appendInteger(move.rawValue)
            Self.encode(members, into: &bytes)
        case .drain(let node, let isDrained):
            bytes.append(Tag.drain.rawValue)
            bytes.appendInteger(node.rawValue)
            bytes.append(isDrained ? 1 : 0)
        case .addNode(let node, let replaced):
            bytes.append(Tag.addNode.rawValue)
            Self.encode(node, into: &bytes)
            bytes.appendInteger((replaced ?? .zero).rawValue)
        case .removeNode(let node):
            bytes.append(Tag.removeNode.rawValue)
            bytes.appendInteger(node.rawValue)
        case .forgetNode(let node):
            bytes.append(Tag.forgetNode.rawValue)
            bytes.appendInteger(node.rawValue)
        case .moveNode(let node):
            bytes.append(Tag.moveNode.rawValue)
            Self.encode(node, into: &bytes)
        case .restored(let group):
            bytes.append(Tag.restored.rawValue)
            bytes.appendInteger(group.rawValue)
        case .tagNode(let node, let tags):
            bytes.append(Tag.tagNode.rawValue)
            bytes.appendInteger(node.rawValue)
            Self.encode(tags, into: &bytes)
        case .announce(let node, let levels, let software):
            bytes.append(Tag.announce.rawValue)
            Self.encode(node, levels, software, into: &bytes)
        case .raise(let level):
            bytes.append(Tag.raise.rawValue)
            bytes.appendInteger(level.rawValue)
        }
    }

    /// Reads a command.
    ///
    /// - Throws: ``CodecError`` for a version, a command or a field that this code does not know.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> MetaCommand {
        let version = try reader.integer(UInt8.self)
        guard (1...Self.version).contains(version) else {
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
            let topic = try decodeTopic(&reader, version: version)
            return .createTopic(topic, replicas: try nodeIDs(&reader))
        case .deleteTopic: return .deleteTopic(try reader.identifier())
        case .updateTopic:
            return .updateTopic(
                try reader.identifier(),
                from: version < 3 ? nil : try decodeTopic(&reader, version: version),
                to: try decodeTopic(&reader, version: version)
            )
        case .move: return .move(try reader.identifier(), to: try nodeIDs(&reader))
        case .settled:
            return .settled(
                try reader.identifier(),
                move: try reader.identifier(),
                members: try nodeIDs(&reader)
            )
        case .drain:
            let node: NodeID = try reader.identifier()
            let flag = try reader.integer(UInt8.self)
            guard flag <= 1 else { throw .invalid(field: "drain", value: UInt64(flag)) }
            return .drain(node, flag == 1)
        case .addNode:
            let record = try node(&reader)
            let replaced: NodeID = try reader.identifier()
            return .addNode(record, replacing: replaced == .zero ? nil : replaced)
        case .removeNode: return .removeNode(try reader.identifier())
        case .forgetNode: return .forgetNode(try reader.identifier())
        case .moveNode: return .moveNode(try node(&reader))
        case .announce: return try announcement(&reader)
        case .raise: return .raise(FeatureLevel(rawValue: try reader.integer()))
        case .restored: return .restored(try reader.identifier())
        case .tagNode: return .tagNode(try reader.identifier(), tags: try tags(&reader))
        }
    }

    /// The command by itself, as nodes send it to the meta leader.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        encode(into: &bytes)
        return bytes
    }

    private static func encode(_ nodes: [NodeID], into bytes: inout [UInt8]) {
        bytes.appendInteger(UInt32(nodes.count))
        for node in nodes { bytes.appendInteger(node.rawValue) }
    }

    private static func nodeIDs(_ reader: inout ByteReader) throws(CodecError) -> [NodeID] {
        var nodes: [NodeID] = []
        for _ in 0..<(try count(&reader)) { nodes.append(try reader.identifier()) }
        return nodes
    }

    static func count(_ reader: inout ByteReader) throws(CodecError) -> UInt32 {
        let count = try reader.integer(UInt32.self)
        guard count <= nodesMax else { throw .invalid(field: "count", value: UInt64(count)) }
        return count
    }
}
