import Foundation
import Testing
import WiberBase
import WiberNode

@testable import WiberServer

/// Reads YAML as if it were the file `c.yaml`.
func parse(_ yaml: String) throws(ConfigurationError) -> ClusterConfiguration {
    try ClusterConfiguration.parse(Data(yaml.utf8), path: "c.yaml")
}

@Suite("Configuration")
struct ConfigurationTests {
    @Test func `every key of the contract is read`() throws {
        let cluster = try parse(
            """
            cluster: demo
            nodes:
              - { id: n2, host: 127.0.0.1, port: 9102, tags: [zone:a, ssd] }
              - { id: n1, host: b.example, port: 9101, rpc_port: 1, http_port: 2, listen: 0.0.0.0 }
              - { id: n3, host: 127.0.0.1, port: 9103 }
            data_dir: ./data
            disk_reserve: 2GiB
            disk_quota: 100GiB
            durability: fsync
            auto_create_topics: false
            clock: { policy: protect, assumed_error: 10ms }
            lame_duck: { duration: 1m, grace: 5s }
            topics:
              - name: notifications
                description: User notifications
                subjects: [notifications, "mail.>"]
                replicas: 1
                retention:
                  { max_age: 24h, max_bytes: 1GiB, max_messages: 1000000, max_per_subject: 3 }
                dedup: { window: 5m, by: content }
                rollup: true
                message_ttl: true
                default_ttl: 1h
                keep_from: 12
                placement: { tags: [ssd], spread: zone }
                quota: { bytes: 10GiB, messages: 1000000 }
                compression: zstd
            """
        )
        #expect(cluster.cluster == "demo" && cluster.dataDirectory == "./data")
        #expect(cluster.diskReserve == 2 << 30)
        #expect(try cluster.node("n2").diskQuota == 100 << 30)
        #expect(try cluster.node("n2").tags == ["ssd", "zone:a"])
        #expect(try cluster.node("n1").tags == [])
        #expect(!cluster.autoCreateTopics)
        #expect(cluster.lameDuck.duration == .seconds(60) && cluster.lameDuck.grace == .seconds(5))
        #expect(cluster.warnings == [])
        #expect(cluster.nodes.map(\.name) == ["n1", "n2", "n3"], "sorted by id")
        #expect(
            cluster.nodes[0]
                == NodeAddress(
                    name: "n1",
                    host: "b.example",
                    port: 9_101,
                    rpcPort: 1,
                    httpPort: 2,
                    listen: "0.0.0.0"
                )
        )
        var topic = TopicConfiguration(name: "notifications", replicas: 1)
        topic.description = "User notifications"
        topic.subjects = ["notifications", "mail.>"]
        topic.retention.maxAge = 86_400_000_000_000
        topic.retention.maxBytes = 1 << 30
        topic.retention.maxMessages = 1_000_000
        topic.retention.maxPerSubject = 3
        topic.allowsRollup = true
        topic.allowsTimeToLive = true
        topic.timeToLiveDefault = 3_600_000_000_000
        topic.keepFrom = 12
        topic.compression = .zstd
        topic.dedupKey = .content
        topic.dedupWindow = 300_000_000_000
        topic.placement = .init(tags: ["ssd"], spread: "zone")
        topic.quota = .init(bytes: 10 << 30, messages: 1_000_000)
        #expect(cluster.topics == [topic])
    }

    @Test func `the reserve of disk space can be turned off`() throws {
        let nodes = "nodes: [{ id: a, host: 10.0.0.1, port: 4222 }]\n"
        #expect(try parse(nodes).diskReserve == nil)
        #expect(try parse(nodes + "disk_reserve: 0").diskReserve == 0)
        #expect(try parse(nodes + "disk_reserve: 0").node("a").diskReserve == 0)
    }

    @Test func `a file can hold the feature level down, also one that a later release knows`()
        throws
    {
        let nodes = "nodes: [{ id: a, host: 10.0.0.1, port: 4222 }]\n"
        #expect(try parse(nodes).node("a").levels == .supported)
        let held = try parse(nodes + "feature_level_max: 1").node("a").levels
        #expect(held == LevelRange(.base, .base))
        #expect(try parse(nodes + "feature_level_max: 99").node("a").levels == .supported)
        for text in ["0", "-1", "70000", "two"] {
            #expect(throws: ConfigurationError.self) {
                try parse(nodes + "feature_level_max: \(text)")
            }
        }
    }

    @Test func `only nodes are required, and the rest has defaults`() throws {
        let cluster = try parse(
            """
            nodes:
              - { id: a, host: 10.0.0.1, port: 4222 }
              - { id: b, host: 10.0.0.2, port: 4222 }
              - { id: c, host: 10.0.0.3, port: 4222 }
            topics: [{ name: t }]
            """
        )
        #expect(cluster.cluster == "wiber")
        #expect(cluster.dataDirectory == "./wiber-data")
        #expect(cluster.autoCreateTopics)
        #expect(cluster.nodes.map(\.rpcPort) == [5_222, 5_222, 5_222])
        #expect(cluster.nodes.map(\.httpPort) == [8_222, 8_222, 8_222])
        #expect(cluster.nodes.map(\.listen) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
        #expect(cluster.topics == [TopicConfiguration(name: "t", replicas: 3)])
    }

    @Test func `a topic without entries after the colon is no error`() throws {
        #expect(try parse("nodes: [{id: a, host: h, port: 1}]\ntopics:\n").topics.isEmpty)
    }

    @Test(arguments: [(1, 1), (2, 1), (3, 3), (4, 3), (5, 3)])
    func `replicas default to the largest odd number up to three`(nodes: Int, replicas: Int) throws
    {
        let list = (1...nodes).map { "{id: n\($0), host: h\($0), port: 1}" }.joined(separator: ", ")
        let cluster = try parse("nodes: [\(list)]\ntopics: [{name: t}]")
        #expect(cluster.topics.map(\.replicas) == [replicas])
    }

    @Test(arguments: [(1, true), (2, true), (3, false), (4, true), (5, false)])
    func `fewer than three nodes or an even number of them is a warning`(
        nodes: Int,
        isWarned: Bool
    ) throws {
        let list = (1...nodes).map { "{id: n\($0), host: h\($0), port: 1}" }.joined(separator: ", ")
        let warnings = try parse("nodes: [\(list)]").warnings
        #expect(warnings.count == (isWarned ? 1 : 0))
        #expect(warnings.allSatisfy { $0.hasPrefix("c.yaml:1:8: warning: ") })
    }

    @Test func `aliases stand for what they name`() throws {
        let cluster = try parse(
            """
            nodes: [{ id: a, host: h, port: 1 }]
            topics:
              - { name: one, retention: &short { max_age: 1h } }
              - { name: two, retention: *short }
            """
        )
        #expect(cluster.topics.map(\.retention.maxAge) == [3_600_000_000_000, 3_600_000_000_000])
    }

    @Test func `a node is told what the file says`() throws {
        let cluster = try parse("cluster: c\nnodes: [{id: n1, host: h, port: 9}]")
        let node = try cluster.node("n1")
        #expect(node.cluster == "c")
        #expect(node.nodeName == "n1")
        #expect(node.nodes == cluster.nodes)
        #expect(throws: UnknownNode.self) { try cluster.node("n2") }
    }

    @Test func `without a file there are a single node, and clusters on this machine`() {
        let single = ClusterConfiguration.single()
        #expect(single.nodes.map(\.port) == [4_222])
        #expect(single.nodes.map(\.httpPort) == [8_222])
        #expect(single.nodes.map(\.rpcPort) == [nil])
        let local = ClusterConfiguration.local(nodes: 12)
        #expect(local.nodes.map(\.name) == local.nodes.map(\.name).sorted())
        #expect(local.nodes.map(\.port) == Array(9_101...9_112))
        #expect(local.nodes.allSatisfy { $0.rpcPort == $0.port + 1_000 })
        #expect(local.nodes.allSatisfy { $0.httpPort == $0.port + 4_000 })
    }
}
