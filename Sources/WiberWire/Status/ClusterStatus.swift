public import WiberBase

/// What a node says about the cluster, from what it has heard (contract: `/api/cluster`).
public struct ClusterStatus: Sendable {
    /// One node.
    public struct Node: Sendable {
        /// Its id.
        public var id: String
        /// Where to dial it.
        public var host: String
        /// Its client port.
        public var port: Int
        /// Its HTTP port.
        public var httpPort: Int
        /// `alive`, `suspect` or `dead`.
        public var state: String
        /// Whether it shall lead nothing and hold nothing.
        public var isDrained: Bool
        /// Whether it is on its way out of the cluster.
        public var isLeaving: Bool
        /// `voter` or `learner` of the meta group, or `none`.
        public var metaRole: String
        /// What it says that it has, and where it is.
        public var tags: [String]
        /// How many topics it holds.
        public var replicas: Int
        /// How many topics it leads.
        public var leaders: Int
        /// Since when it is in its state.
        public var since: Timestamp
        /// The time to it and back; `nil` for the answering node.
        public var roundTrip: Instant.Span?
        /// The feature levels at which it can work, if that is known.
        public var levels: LevelRange?
        /// The versions of the protocol between nodes that it speaks, if that is known.
        public var wire: WireVersions?
        /// The release that it runs, if that is known.
        public var software: String?
        /// A node.
        public init(
            id: String,
            host: String,
            port: Int,
            httpPort: Int,
            state: String,
            isDrained: Bool,
            isLeaving: Bool,
            metaRole: String,
            tags: [String] = [],
            replicas: Int,
            leaders: Int,
            since: Timestamp,
            roundTrip: Instant.Span?,
            levels: LevelRange? = nil,
            wire: WireVersions? = nil,
            software: String? = nil
        ) {
            self.id = id
            self.host = host
            self.port = port
            self.httpPort = httpPort
            self.state = state
            self.isDrained = isDrained
            self.isLeaving = isLeaving
            self.metaRole = metaRole
            self.tags = tags
            self.replicas = replicas
            self.leaders = leaders
            self.since = since
            self.roundTrip = roundTrip
            self.levels = levels
            self.wire = wire
            self.software = software
        }
    }

    /// The cluster's name.
    public var cluster: String
    /// What names it for ever; zero while unformed.
    public var clusterID: UniqueID
    /// The answering node.
    public var node: String
    /// The leader of the meta group, if it is known.
    public var metaLeader: String?
    /// The cluster's feature level.
    public var level: FeatureLevel
    /// What is in the way of a higher one that the answering node knows; `nil` if nothing is.
    public var levelWaitsFor: String?
    /// All nodes.
    public var nodes: [Node]

    /// A cluster.
    public init(
        cluster: String,
        clusterID: UniqueID,
        node: String,
        metaLeader: String?,
        level: FeatureLevel = .base,
        levelWaitsFor: String? = nil,
        nodes: [Node]
    ) {
        self.cluster = cluster
        self.clusterID = clusterID
        self.node = node
        self.metaLeader = metaLeader
        self.level = level
        self.levelWaitsFor = levelWaitsFor
        self.nodes = nodes
    }

    /// The JSON of `/api/cluster`.
    public var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("cluster", cluster)
            json.field("cluster_id", "\(clusterID)")
            json.field("node", node)
            json.field("meta_leader", metaLeader)
            json.field("feature_level", UInt64(level.rawValue))
            json.field("feature_level_waits_for", levelWaitsFor)
            json.array("nodes", nodes) { json, node in
                json.object { json in
                    json.field("id", node.id)
                    json.field("host", node.host)
                    json.field("port", UInt64(clamping: node.port))
                    json.field("http_port", UInt64(clamping: node.httpPort))
                    json.field("state", node.state)
                    json.field("drained", node.isDrained)
                    json.field("leaving", node.isLeaving)
                    json.field("meta", node.metaRole)
                    json.array("tags", node.tags) { $0.string($1) }
                    json.field("replicas", UInt64(clamping: node.replicas))
                    json.field("leaders", UInt64(clamping: node.leaders))
                    json.field("since", node.since)
                    if let roundTrip = node.roundTrip {
                        json.field("rtt_ms", thousandths: roundTrip.nanoseconds / 1_000)
                    }
                    node.writeVersions(into: &json)
                }
            }
        }
        return json.bytes
    }
}

extension ClusterStatus.Node {
    func writeVersions(into json: inout JSONWriter) {
        json.field("version", software)
        if let levels {
            json.field("feature_level_min", UInt64(levels.min.rawValue))
            json.field("feature_level_max", UInt64(levels.max.rawValue))
        }
        if let wire {
            json.field("wire_version_min", UInt64(wire.lowest))
            json.field("wire_version_max", UInt64(wire.highest))
        }
    }
}
