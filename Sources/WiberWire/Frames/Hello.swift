public import WiberBase

/// Who the sender of a lane is, and what it can; more may follow in later versions.
public struct Hello: Sendable, Equatable {
    /// The versions of this protocol that it speaks.
    public var wire = WireVersions.supported
    /// The feature levels that it can work at.
    public var levels = LevelRange.supported
    /// The level that it knows its cluster to be at.
    public var level = FeatureLevel.base
    /// The name of its release.
    public var software = ""
    /// The cluster; zero while unformed.
    public var cluster: UniqueID
    /// A hash of the configured nodes.
    public var listHash: UInt64
    /// The node's id.
    public var node: String
    /// Its number in the cluster; zero if it is in none.
    public var number = NodeID.zero
    /// The node that is called, by its number; zero if the sender does not know it.
    public var receiver = NodeID.zero
    /// What names its data directory.
    public var store: UniqueID
    /// How often that was opened.
    public var incarnation: UInt64
    /// How many lanes it opens.
    public var shardCount: UInt16
    /// Where others dial it, by its own configuration.
    public var host: String
    /// Its port for clients.
    public var port: UInt16 = 0
    /// Its port for nodes.
    public var rpcPort: UInt16 = 0
    /// Its port for HTTP.
    public var httpPort: UInt16 = 0
    /// Whether it knows no nodes but those of its configuration.
    public var wantsNodes: Bool

    /// A greeting.
    public init(
        cluster: UniqueID,
        listHash: UInt64,
        node: String,
        store: UniqueID,
        incarnation: UInt64,
        shardCount: UInt16,
        host: String = "",
        wantsNodes: Bool = false
    ) {
        self.cluster = cluster
        self.listHash = listHash
        self.node = node
        self.store = store
        self.incarnation = incarnation
        self.shardCount = shardCount
        self.host = host
        self.wantsNodes = wantsNodes
    }

    func encode(into bytes: inout [UInt8]) {
        wire.encode(into: &bytes)
        levels.encode(into: &bytes)
        bytes.appendInteger(level.rawValue)
        bytes.appendString(software)
        cluster.encode(into: &bytes)
        bytes.appendInteger(listHash)
        bytes.appendString(node)
        store.encode(into: &bytes)
        bytes.appendInteger(incarnation)
        bytes.appendInteger(shardCount)
        bytes.appendString(host)
        for port in [port, rpcPort, httpPort] { bytes.appendInteger(port) }
        bytes.appendInteger(number.rawValue)
        bytes.appendInteger(receiver.rawValue)
        bytes.append(wantsNodes ? 1 : 0)
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> Hello {
        let wire = try WireVersions.decode(&reader)
        let levels = try LevelRange.decode(&reader)
        let level = FeatureLevel(rawValue: try reader.integer())
        let software = try reader.string(limit: 255)
        var hello = Hello(
            cluster: try UniqueID.decode(&reader),
            listHash: try reader.integer(),
            node: try reader.string(limit: 255),
            store: try UniqueID.decode(&reader),
            incarnation: try reader.integer(),
            shardCount: try reader.integer(),
            host: try reader.string(limit: 255)
        )
        hello.wire = wire
        hello.levels = levels
        hello.level = level
        hello.software = software
        hello.port = try reader.integer()
        hello.rpcPort = try reader.integer()
        hello.httpPort = try reader.integer()
        hello.number = try reader.identifier()
        hello.receiver = try reader.identifier()
        hello.wantsNodes = try reader.integer(UInt8.self) & 1 != 0
        return hello
    }
}

/// Why a node does not talk to another.
public enum HelloRefusal: UInt8, Sendable {
    /// Its data belongs to another cluster.
    case otherCluster = 1
    /// Its configuration lists other nodes.
    case otherNodes = 2
    /// The cluster knows the node with another data directory.
    case otherStore = 3
    /// The cluster does not know the node.
    case unknownNode = 4
    /// It speaks another version.
    case version = 5
    /// The node was removed from the cluster.
    case removed = 6
    /// Another node is at the place of the one that is called.
    case otherReceiver = 7
    /// One of them cannot work at the cluster's feature level.
    case level = 8
    /// A reason that a later version has: its words say which.
    case unknown = 255
}

/// Who answers, and whether it will listen.
public struct HelloReply: Sendable, Equatable {
    /// Why not; `nil` if it will.
    public var refusal: HelloRefusal?
    /// The same for people.
    public var text: String
    /// The cluster; zero while unformed.
    public var cluster: UniqueID
    /// The node's id.
    public var node: String
    /// What names its data directory.
    public var store: UniqueID
    /// How often that was opened.
    public var incarnation: UInt64
    /// The cluster's nodes, opaque here, for who knows none; else empty.
    public var nodes: [UInt8]
    /// The versions of this protocol that it speaks.
    public var wire = WireVersions.supported
    /// The feature levels that it can work at.
    public var levels = LevelRange.supported
    /// The level that it knows its cluster to be at.
    public var level = FeatureLevel.base
    /// The name of its release.
    public var software = ""

    /// The most bytes of the list of nodes.
    static let nodesMax = 64 << 10

    /// An answer.
    public init(
        refusal: HelloRefusal?,
        text: String,
        cluster: UniqueID,
        node: String,
        store: UniqueID,
        incarnation: UInt64,
        nodes: [UInt8] = []
    ) {
        self.refusal = refusal
        self.text = text
        self.cluster = cluster
        self.node = node
        self.store = store
        self.incarnation = incarnation
        self.nodes = nodes
    }

    func encode(into bytes: inout [UInt8]) {
        encodeForVersion4(into: &bytes)
        wire.encode(into: &bytes)
        levels.encode(into: &bytes)
        bytes.appendInteger(level.rawValue)
        bytes.appendString(software)
    }

    /// What nodes understand that cannot greet with ranges.
    func encodeForVersion4(into bytes: inout [UInt8]) {
        bytes.append(refusal?.rawValue ?? 0)
        bytes.appendString(text)
        cluster.encode(into: &bytes)
        bytes.appendString(node)
        store.encode(into: &bytes)
        bytes.appendInteger(incarnation)
        bytes.appendBlob(nodes)
    }

    static func decode(_ reader: inout ByteReader) throws(CodecError) -> HelloReply {
        let code = try reader.integer(UInt8.self)
        var reply = HelloReply(
            refusal: code == 0 ? nil : HelloRefusal(rawValue: code) ?? .unknown,
            text: try reader.string(),
            cluster: try UniqueID.decode(&reader),
            node: try reader.string(limit: 255),
            store: try UniqueID.decode(&reader),
            incarnation: try reader.integer(),
            nodes: try reader.blob(limit: nodesMax)
        )
        reply.wire = try WireVersions.decode(&reader)
        reply.levels = try LevelRange.decode(&reader)
        reply.level = FeatureLevel(rawValue: try reader.integer())
        reply.software = try reader.string(limit: 255)
        return reply
    }
}
