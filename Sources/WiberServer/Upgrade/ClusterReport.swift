import Foundation

/// What `/api/cluster` and `/api/topics` say of a cluster, as far as an upgrade needs it.
struct ClusterReport: Decodable {
    struct Node: Decodable {
        var id: String
        var state: String
        var leaving: Bool?
        var version: String?
        var levelMin: Int?
        var levelMax: Int?
        var wireMin: Int?
        var wireMax: Int?

        enum CodingKeys: String, CodingKey {
            case id, state, leaving, version
            case levelMin = "feature_level_min"
            case levelMax = "feature_level_max"
            case wireMin = "wire_version_min"
            case wireMax = "wire_version_max"
        }
    }

    struct Topic: Decodable {
        struct Replica: Decodable {
            var node: String
            var current: Bool
        }

        var name: String
        var leader: String?
        var replicas: [Replica]
        var movingTo: [String]?

        enum CodingKeys: String, CodingKey {
            case name, leader, replicas
            case movingTo = "moving_to"
        }
    }

    var cluster: String
    var metaLeader: String?
    var level: Int?
    var nodes: [Node]

    enum CodingKeys: String, CodingKey {
        case cluster, nodes
        case metaLeader = "meta_leader"
        case level = "feature_level"
    }

    static func decode<Value: Decodable>(_ json: String) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(json.utf8))
        } catch {
            throw ClientError.unexpected(json)
        }
    }
}
