import Foundation
import WiberBase
import WiberNode
import Yams

/// Topics as HTTP requests describe them: the same keys and values as in the configuration, as JSON.
enum TopicRequest {
    /// A new topic.
    ///
    /// - Throws: ``ConfigurationError`` with everything that is wrong.
    static func topic(_ body: Data) throws(ConfigurationError) -> TopicConfiguration {
        let root = try ClusterConfiguration.root(of: body, path: "body")
        var parser = ConfigurationParser()
        var topic = parser.parseTopic(root, nodes: 15)
        if let fields = root.mapping, fields["replicas"] == nil { topic?.replicas = 0 }
        return try result(topic, parser)
    }

    /// What is to change about a topic.
    ///
    /// - Throws: ``ConfigurationError`` with everything that is wrong.
    static func changes(_ body: Data) throws(ConfigurationError) -> TopicChanges {
        let root = try ClusterConfiguration.root(of: body, path: "body")
        var parser = ConfigurationParser()
        return try result(parser.parseChanges(root), parser)
    }

    private static func result<Value>(
        _ value: Value?,
        _ parser: ConfigurationParser
    ) throws(ConfigurationError) -> Value {
        guard let value, parser.reader.errors.isEmpty else {
            throw ConfigurationError(path: "body", problems: parser.reader.sortedErrors)
        }
        return value
    }
}
