public import Foundation
public import WiberBase
public import WiberNode
import Yams

/// A cluster as its YAML file describes it; `config check` and `serve` read the same.
public struct ClusterConfiguration: Sendable {
    /// The cluster's name.
    public var cluster = "wiber"
    /// The nodes, sorted by id.
    public var nodes: [NodeAddress] = []
    /// Where each node has its directory.
    public var dataDirectory = "./wiber-data"
    /// Whether PUB and SUB create a missing topic.
    public var autoCreateTopics = true
    /// What must be free on each node's disk, in bytes; `nil`: the default.
    public var diskReserve: UInt64?
    /// The most bytes that each node's directory may hold; `nil`: as many as there are.
    public var diskQuota: UInt64?
    /// What nodes have and where they are, by id.
    public var tags: [String: [String]] = [:]
    /// The feature level above which a node of this file does not go; `nil`: as far as it knows.
    public var levelMax: FeatureLevel?
    /// How a node leaves in lame duck mode.
    public var lameDuck = LameDuckConfiguration()
    /// The topics to create.
    public var topics: [TopicConfiguration] = []
    /// What is odd, as `file:line:column: …`.
    public var warnings: [String] = []

    /// The single node that runs without a configuration.
    public static func single(port: Int = 4_222) -> ClusterConfiguration {
        var configuration = ClusterConfiguration()
        configuration.nodes = [
            NodeAddress(
                name: "n1",
                host: "127.0.0.1",
                port: port,
                rpcPort: nil,
                httpPort: port + 4_000,
                listen: "127.0.0.1"
            )
        ]
        return configuration
    }

    /// Nodes n1, n2, … on this machine, from client port 9101 on.
    public static func local(nodes count: Int) -> ClusterConfiguration {
        var configuration = ClusterConfiguration()
        configuration.nodes = (1...max(1, min(count, 15))).map { number in
            NodeAddress(
                name: number < 10 && count < 10 ? "n\(number)" : String(format: "n%02d", number),
                host: "127.0.0.1",
                port: 9_100 + number,
                rpcPort: 10_100 + number,
                httpPort: 13_100 + number,
                listen: "127.0.0.1"
            )
        }
        return configuration
    }

    /// Reads a file.
    ///
    /// - Throws: ``ConfigurationError`` with everything that is wrong.
    public static func read(_ path: String) throws(ConfigurationError) -> ClusterConfiguration {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(filePath: path))
            data = try file.read(upToCount: YAMLGuard.lengthMax + 1) ?? Data()
        } catch {
            var reason = "the file cannot be read"
            if !FileManager.default.fileExists(atPath: path) { reason = "there is no such file" }
            let problem = ConfigurationProblem(
                line: 0,
                column: 0,
                text: "\(reason): name a readable YAML file, such as examples/cluster.yaml"
            )
            throw ConfigurationError(path: path, problems: [problem])
        }
        return try parse(data, path: path)
    }

    /// Reads YAML; `path` is for messages.
    public static func parse(
        _ data: Data,
        path: String
    ) throws(ConfigurationError) -> ClusterConfiguration {
        let root = try root(of: data, path: path)
        var parser = ConfigurationParser()
        let configuration = parser.parse(root, path: path)
        guard parser.reader.errors.isEmpty else {
            throw ConfigurationError(path: path, problems: parser.reader.sortedErrors)
        }
        return configuration
    }

    /// The YAML, or JSON, that a text is.
    static func root(of data: Data, path: String) throws(ConfigurationError) -> Node {
        func failure(_ line: Int, _ column: Int, _ text: String) -> ConfigurationError {
            ConfigurationError(
                path: path,
                problems: [ConfigurationProblem(line: line, column: column, text: text)]
            )
        }
        guard data.count <= YAMLGuard.lengthMax, let text = String(data: data, encoding: .utf8)
        else { throw failure(1, 1, "a configuration is UTF-8 text of at most 1 MiB") }
        if let problem = YAMLGuard.refusal(of: text) {
            throw ConfigurationError(path: path, problems: [problem])
        }
        let root: Node
        do {
            guard let composed = try Yams.compose(yaml: text) else {
                throw failure(1, 1, "the file is empty: it needs at least nodes:")
            }
            root = composed
        } catch let error as ConfigurationError {
            throw error
        } catch {
            let (mark, problem) = Self.place(of: error)
            throw failure(mark?.line ?? 1, mark?.column ?? 1, problem)
        }
        return root
    }

    private static func place(of error: any Error) -> (mark: Mark?, problem: String) {
        func text(_ problem: String) -> String {
            "this is not YAML (\(problem)): check the indentation, the quotes and the brackets"
        }
        return switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            (mark, text(problem))
        case .duplicatedKeysInMapping(let duplicates, let context):
            (
                context.mark,
                "given twice: "
                    + duplicates.map { ConfigurationReader.shown("\($0)") }.sorted()
                    .joined(separator: ", ") + "; keep one"
            )
        case let other: (nil, text(other.map { "\($0)" } ?? "unreadable"))
        }
    }

    /// What a node is told.
    ///
    /// - Throws: ``UnknownNode`` if there is no such node.
    public func node(
        _ name: String,
        onlyJoins: Bool = false
    ) throws(UnknownNode) -> NodeConfiguration {
        guard nodes.contains(where: { $0.name == name }) else {
            throw UnknownNode(name: name, known: nodes.map(\.name))
        }
        var node = NodeConfiguration(
            cluster: cluster,
            nodeName: name,
            nodes: nodes,
            topics: topics,
            autoCreateTopics: autoCreateTopics,
            version: Version.current,
            lameDuck: lameDuck
        )
        node.diskReserve = diskReserve
        node.diskQuota = diskQuota
        node.tags = tags[name] ?? []
        node.onlyJoins = onlyJoins
        node.levels = node.levels.held(to: levelMax)
        return node
    }
}

/// A node that the configuration does not have.
public struct UnknownNode: Error, CustomStringConvertible {
    /// What was asked for.
    public var name: String
    /// What there is.
    public var known: [String]
    /// What is wrong, and what to do.
    public var description: String {
        "the configuration has no node '\(name)'\(Suggestion.text(for: name, among: known))"
    }
}

/// This build's version.
public enum Version {
    /// As `--version` and INFO state it.
    public static let current = "0.1.0"
}
