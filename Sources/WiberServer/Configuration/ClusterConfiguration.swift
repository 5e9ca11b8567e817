public import Foundation
public import WiberBase
public import WiberNode
import Yams

/// A cluster as its YAML file describes it; `config check` and `serve` read the same.
public struct ClusterConfiguration: Sendable {
    /// The longest file, in bytes (1 MiB).
    static let fileLengthMax = 1 << 20
    /// How deep YAML may nest.
    static let depthMax = 32

    /// The cluster's name.
    public var cluster = "wiber"
    /// The nodes, sorted by id.
    public var nodes: [NodeAddress] = []
    /// Where each node has its directory.
    public var dataDirectory = "./wiber-data"
    /// Whether PUB and SUB create a missing topic.
    public var autoCreateTopics = true
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
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(
                path: path,
                problems: [
                    ConfigurationProblem(
                        line: 0,
                        column: 0,
                        text: "the file cannot be read: give an existing one with --config"
                    )
                ]
            )
        }
        return try parse(data, path: path)
    }

    /// Reads YAML; `path` is for messages.
    public static func parse(
        _ data: Data,
        path: String
    ) throws(ConfigurationError) -> ClusterConfiguration {
        func failure(_ line: Int, _ column: Int, _ text: String) -> ConfigurationError {
            ConfigurationError(
                path: path,
                problems: [ConfigurationProblem(line: line, column: column, text: text)]
            )
        }
        guard data.count <= fileLengthMax, let text = String(data: data, encoding: .utf8) else {
            throw failure(1, 1, "a configuration is UTF-8 text of at most 1 MiB")
        }
        if let line = tooDeepLine(text) {
            throw failure(
                line,
                1,
                "the YAML nests deeper than \(depthMax): this is no configuration"
            )
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
            throw failure(
                mark?.line ?? 1,
                mark?.column ?? 1,
                "this is not YAML (\(problem)): check the indentation and the brackets"
            )
        }
        var parser = ConfigurationParser()
        let configuration = parser.parse(root, path: path)
        guard parser.reader.errors.isEmpty else {
            let sorted = parser.reader.errors.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
            throw ConfigurationError(path: path, problems: sorted)
        }
        return configuration
    }

    private static func place(of error: any Error) -> (mark: Mark?, problem: String) {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            (mark, problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            (
                context.mark,
                "a key is given twice: \(duplicates.map { "\($0)" }.sorted().joined(separator: ", "))"
            )
        case let other: (nil, other.map { "\($0)" } ?? "unreadable")
        }
    }

    /// The first line that nests too deep for a parser that calls itself.
    private static func tooDeepLine(_ text: String) -> Int? {
        var open = 0
        for (place, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            var dashes = 0
            var indentation = 0
            var isLeading = true
            for byte in line.utf8 {
                switch byte {
                case UInt8(ascii: "["), UInt8(ascii: "{"): open += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"): open = max(0, open - 1)
                case UInt8(ascii: "-"), UInt8(ascii: "?"): dashes += isLeading ? 1 : 0
                case UInt8(ascii: " "): indentation += isLeading ? 1 : 0
                default: isLeading = false
                }
            }
            if open > depthMax || dashes > depthMax || indentation > 8 * depthMax {
                return place + 1
            }
        }
        return nil
    }

    /// What a node is told.
    ///
    /// - Throws: ``UnknownNode`` if there is no such node.
    public func node(_ name: String) throws(UnknownNode) -> NodeConfiguration {
        guard nodes.contains(where: { $0.name == name }) else {
            throw UnknownNode(name: name, known: nodes.map(\.name))
        }
        return NodeConfiguration(
            cluster: cluster,
            nodeName: name,
            nodes: nodes,
            topics: topics,
            autoCreateTopics: autoCreateTopics,
            version: Version.current
        )
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
