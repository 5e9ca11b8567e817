import Foundation
import Testing

/// Nodes in a temporary folder on free ports; all are killed when it goes.
final class Cluster {
    let folder: URL
    let configuration: URL
    let nodes: [Node]

    /// Writes the configuration; `topics` and `more` are YAML.
    init(nodes count: Int, topics: String = "", more: String = "") throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "wiber-e2e-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        configuration = folder.appending(path: "cluster.yaml")
        let ports = try FreePorts.take(count * 3)
        var nodes: [Node] = []
        var yaml = "cluster: test\nnodes:\n"
        for place in 0..<count {
            let own = Array(ports[place * 3..<place * 3 + 3])
            let id = "n\(place + 1)"
            yaml += "  - { id: \(id), host: 127.0.0.1, port: \(own[0]), "
            yaml += "rpc_port: \(own[1]), http_port: \(own[2]) }\n"
            nodes.append(Node(id: id, ports: own, folder: folder, configuration: configuration))
        }
        if !topics.isEmpty { yaml += "topics:\n" + topics }
        yaml += more
        try Data(yaml.utf8).write(to: configuration)
        self.nodes = nodes
    }

    deinit {
        for node in nodes { _ = try? node.kill() }
        _ = try? FileManager.default.removeItem(at: folder)
    }

    /// A running cluster: every node is ready.
    static func started(
        nodes count: Int,
        topics: String = "",
        more: String = ""
    ) throws -> Cluster {
        let cluster = try Cluster(nodes: count, topics: topics, more: more)
        try cluster.startAll()
        return cluster
    }

    func startAll() throws {
        for node in nodes { try node.start() }
        for node in nodes { try node.waitUntilReady() }
    }

    /// The node that leads a topic, as a majority of the running nodes says it.
    func leader(of topic: String, within limit: Duration = .seconds(15)) throws -> Node {
        try obtain("a leader of \(topic)", within: limit) {
            let running = nodes.filter(\.isRunning)
            let said = running.compactMap { try? $0.topic(topic).leader }
            guard let name = said.first, said.allSatisfy({ $0 == name }),
                said.count == running.count
            else { return nil }
            return running.first { $0.id == name }
        }
    }

    func others(than node: Node) -> [Node] { nodes.filter { $0.id != node.id } }
}

/// All end-to-end tests, one after the other: each has the machine for itself.
@Suite("End to end", .serialized)
enum EndToEnd {}

/// The median of some times, in seconds.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
