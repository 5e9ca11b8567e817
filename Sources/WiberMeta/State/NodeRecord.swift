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
    /// Whether it shall lead nothing and hold nothing.
    public var isDrained = false
    /// Whether it is on its way out of the cluster: then it is drained, and stays so.
    public var isLeaving = false
    /// The feature levels that it has said it can work at; `nil` until it has.
    public var levels: LevelRange?
    /// The release that it has said it runs; `nil` below level 2.
    public var software: String?
    /// The entry that brought it; zero for the nodes with which the cluster began.
    public var since = LogIndex.zero
    /// What it says that it has, and where it is.
    public var tags: [String] = []

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
