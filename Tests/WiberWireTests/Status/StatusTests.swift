import Testing
import WiberBase

@testable import WiberWire

@Suite("Status as JSON")
struct StatusTests {
    private let start = Timestamp(1_795_394_164_000_000_001)

    @Test func `a topic has the contract's fields and more`() {
        var configuration = TopicConfiguration(name: "orders", replicas: 3)
        configuration.description = "New \"orders\""
        configuration.retention.maxAge = 86_400_000_000_000
        configuration.retention.maxMessages = 1_000
        var topic = TopicStatus(configuration: configuration)
        topic.leader = "n1"
        topic.replicas = [
            TopicStatus.Replica(node: "n1", role: "leader", matchIndex: 9, isCurrent: true),
            TopicStatus.Replica(node: "n2", role: "follower", matchIndex: nil, isCurrent: nil),
        ]
        topic.term = 4
        topic.firstSequence = 3
        topic.lastSequence = 12
        topic.messages = 10
        topic.bytes = 1_280
        topic.lastTime = start
        topic.subscribers = 2
        topic.publishRateThousandths = 12_500
        var json = JSONWriter()
        topic.write(into: &json)
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"name":"orders","description":"New \"orders\"","#
                + #""subjects":["orders","orders.>"],"leader":"n1","replicas":["#
                + #"{"node":"n1","role":"leader","match_index":9,"current":true},"#
                + #"{"node":"n2","role":"follower","match_index":null,"current":false}],"#
                + #""term":4,"first_sequence":3,"last_sequence":12,"messages":10,"bytes":1280,"removed":0,"#
                + #""first_time":null,"last_time":"2026-11-23T00:36:04.000000001Z","#
                + #""subscribers":2,"publish_rate":12.500,"retention":{"max_age_ms":86400000,"#
                + #""max_bytes":null,"max_messages":1000,"max_per_subject":null},"#
                + #""compression":"none","rollup":false,"message_ttl":false,"dedup":{"by":"id","window_ms":120000}}"#
        )
    }

    @Test func `a topic that may not be everywhere, or hold everything, says so`() throws {
        var configuration = TopicConfiguration(name: "t", replicas: 1)
        configuration.placement = .init(tags: ["ssd"], spread: "zone")
        configuration.quota = .init(bytes: 10)
        var json = JSONWriter()
        TopicStatus(configuration: configuration).write(into: &json)
        let text = String(decoding: json.bytes, as: UTF8.self)
        #expect(text.contains(#""quota":{"bytes":10,"messages":null}"#))
        #expect(text.contains(#""placement":{"tags":["ssd"],"spread":"zone"}"#))
    }

    @Test(arguments: [
        (TopicConfiguration.DedupKey.none, "none"), (.id, "id"), (.content, "content"),
    ])
    func `a new topic is empty`(key: TopicConfiguration.DedupKey, text: String) throws {
        var configuration = TopicConfiguration(name: "t", replicas: 1)
        configuration.dedupKey = key
        var json = JSONWriter()
        TopicStatus(configuration: configuration).write(into: &json)
        let topic = try parsed(String(decoding: json.bytes, as: UTF8.self))
        #expect(topic["first_sequence"] as? Int == 1)
        #expect(topic["last_sequence"] as? Int == 0)
        #expect(topic["messages"] as? Int == 0)
        #expect((topic["dedup"] as? [String: Any])?["by"] as? String == text)
    }

    @Test func `a cluster has the contract's fields and more`() {
        let cluster = ClusterStatus(
            cluster: "demo",
            clusterID: UniqueID(high: 1, low: 0xabc),
            node: "n1",
            metaLeader: nil,
            level: .base,
            levelWaitsFor: "n2 knows 1",
            nodes: [
                node("n1", roundTrip: nil),
                node(
                    "n2",
                    ["ssd", "zone:a"],
                    roundTrip: Instant.Span(nanoseconds: 1_250_999),
                    levels: LevelRange(.base, .base)
                ),
            ]
        )
        #expect(
            String(decoding: cluster.json, as: UTF8.self)
                == #"{"cluster":"demo","cluster_id":"00000000000000010000000000000abc","#
                + #""node":"n1","meta_leader":null,"feature_level":1,"feature_level_waits_for":"n2 knows 1","#
                + #""nodes":[{"id":"n1","host":"::1","port":9101,"#
                + #""http_port":13101,"state":"alive","drained":false,"leaving":false,"meta":"voter","#
                + #""tags":[],"replicas":4,"leaders":2,"#
                + #""since":"2026-11-23T00:36:04.000000001Z","version":null},"#
                + #"{"id":"n2","host":"::1","port":9101,"http_port":13101,"state":"alive","#
                + #""drained":false,"leaving":false,"meta":"voter","#
                + #""tags":["ssd","zone:a"],"replicas":4,"leaders":2,"#
                + #""since":"2026-11-23T00:36:04.000000001Z","rtt_ms":1.250,"#
                + #""version":"0.1.0","feature_level_min":1,"feature_level_max":1,"#
                + #""wire_version_min":5,"wire_version_max":5}]}"#
        )
    }

    private func node(
        _ id: String,
        _ tags: [String] = [],
        roundTrip: Instant.Span?,
        levels: LevelRange? = nil
    ) -> ClusterStatus.Node {
        ClusterStatus.Node(
            id: id,
            host: "::1",
            port: 9_101,
            httpPort: 13_101,
            state: "alive",
            isDrained: false,
            isLeaving: false,
            metaRole: "voter",
            tags: tags,
            replicas: 4,
            leaders: 2,
            since: start,
            roundTrip: roundTrip,
            levels: levels,
            wire: levels == nil ? nil : WireVersions(5, 5),
            software: levels == nil ? nil : "0.1.0"
        )
    }
}
