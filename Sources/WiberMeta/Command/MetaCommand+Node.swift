public import WiberBase

/// A node in a command: number, name, host, the ports for clients, nodes and HTTP (16 bits each), and
/// its store.
extension MetaCommand {
    static func encode(_ node: NodeRecord, into bytes: inout [UInt8]) {
        bytes.appendInteger(node.id.rawValue)
        bytes.appendString(node.name)
        bytes.appendString(node.host)
        bytes.appendInteger(node.port)
        bytes.appendInteger(node.rpcPort)
        bytes.appendInteger(node.httpPort)
        node.storeID.encode(into: &bytes)
    }

    static func node(_ reader: inout ByteReader) throws(CodecError) -> NodeRecord {
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

    /// Nodes as a cluster tells them to one that joins: after a version and their number each as in a
    /// command, then the entry that brought it (64 bits) and flags (8 bits, 1: it leaves).
    public static func encode(_ nodes: [NodeRecord]) -> [UInt8] {
        var bytes: [UInt8] = [version]
        bytes.appendInteger(UInt32(nodes.count))
        for node in nodes {
            encode(node, into: &bytes)
            bytes.appendInteger(node.since.rawValue)
            bytes.append(node.isLeaving ? 1 : 0)
        }
        return bytes
    }

    /// Reads what the above wrote.
    public static func decodeNodes(
        _ reader: inout ByteReader
    ) throws(CodecError) -> [NodeRecord] {
        let version = try reader.integer(UInt8.self)
        guard (1...Self.version).contains(version) else {
            throw .invalid(field: "version", value: UInt64(version))
        }
        var nodes: [NodeRecord] = []
        for _ in 0..<(try count(&reader)) {
            var record = try node(&reader)
            record.since = try reader.identifier()
            record.isLeaving = try reader.integer(UInt8.self) & 1 != 0
            guard record.id.node == record.id, record.id > (nodes.last?.id ?? .zero),
                HostName.isValid(record.host)
            else { throw .invalid(field: "node", value: record.id.rawValue) }
            nodes.append(record)
        }
        return nodes
    }
}
