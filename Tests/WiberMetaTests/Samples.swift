import WiberBase
import WiberMeta

/// A node with everything derived from its number.
func sampleNode(_ id: UInt64, store: UInt64 = 0) -> NodeRecord {
    NodeRecord(
        id: NodeID(id),
        name: "n\(id)",
        host: "127.0.0.1",
        port: UInt16(9_100 + id),
        rpcPort: UInt16(10_100 + id),
        httpPort: UInt16(13_100 + id),
        storeID: UniqueID(high: store, low: store)
    )
}

/// A topic that captures its name and all below it, unless told otherwise.
func topic(_ name: String, _ subjects: [String]? = nil) -> TopicConfiguration {
    var topic = TopicConfiguration(name: name, replicas: 1)
    topic.subjects = subjects ?? topic.subjects
    return topic
}

let sampleCluster = UniqueID(high: 1, low: 2)

extension MetaState {
    /// A cluster of as many nodes.
    static func formed(nodes count: UInt64 = 3) -> MetaState {
        var state = MetaState()
        let nodes = (1...count).map { sampleNode($0) }
        _ = state.apply(.form(clusterID: sampleCluster, nodes: nodes), at: LogIndex(1))
        return state
    }

    /// Makes a topic where its place is by the load.
    mutating func create(_ topic: TopicConfiguration, replicas: Int, at index: UInt64) {
        let command = MetaCommand.createTopic(topic, replicas: place(replicas: replicas))
        _ = apply(command, at: LogIndex(index))
    }
}
