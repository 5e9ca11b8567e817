import Foundation
import Testing

/// Nodes in a temporary folder on free ports; all are killed when it goes.
final class Cluster {
    let folder: URL
    let configuration: URL
    private(set) var nodes: [Node]
    private let yaml: String

    /// Writes the configuration; `topics` and `more` are YAML, and `tags` what is in the brackets of each
    /// node.
    ///
    /// With `volumeSize` each node's data has a file system of its own, of so many MiB; with
    /// `network` the nodes run there and not on this machine's loopback.
    init(
        nodes count: Int,
        tags: [String] = [],
        topics: String = "",
        more: String = "",
        volumeSize: Int? = nil,
        network: Network? = nil
    ) throws {
        let folder = Leftovers.newFolder()
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        configuration = folder.appending(path: "cluster.yaml")
        let ports = try FreePorts.take(count * 3)
        var nodes: [Node] = []
        var yaml = "cluster: test\nnodes:\n"
        for place in 0..<count {
            let own = Array(ports[place * 3..<place * 3 + 3])
            let id = "n\(place + 1)"
            let site = network?.sites[place] ?? .loopback
            yaml += "  - { id: \(id), host: \(site.address), port: \(own[0]), "
            yaml += "rpc_port: \(own[1]), http_port: \(own[2])"
            yaml += (tags.isEmpty ? "" : ", tags: [\(tags[place])]") + " }\n"
            nodes.append(
                Node(
                    id: id,
                    ports: own,
                    folder: folder,
                    configuration: configuration,
                    site: site,
                    volume: try volumeSize.map { try Volume(id, in: folder, megabytes: $0) }
                )
            )
        }
        if !topics.isEmpty { yaml += "topics:\n" + topics }
        self.yaml = yaml
        self.nodes = nodes
        try configure(more)
    }

    /// Writes the configuration again, with other lines at its end: for nodes that start later.
    func configure(_ more: String) throws {
        try Data((yaml + more).utf8).write(to: configuration)
    }

    deinit {
        for node in nodes { _ = try? node.kill() }
        for node in nodes { node.volume?.close() }
        _ = try? FileManager.default.removeItem(at: folder)
    }

    /// A running cluster: every node is ready.
    static func started(
        nodes count: Int,
        tags: [String] = [],
        topics: String = "",
        more: String = "",
        volumeSize: Int? = nil,
        network: Network? = nil
    ) throws -> Cluster {
        let cluster = try Cluster(
            nodes: count,
            tags: tags,
            topics: topics,
            more: more,
            volumeSize: volumeSize,
            network: network
        )
        try cluster.startAll()
        return cluster
    }

    func startAll() throws {
        for node in nodes { try node.start() }
        for node in nodes { try node.waitUntilReady() }
    }

    /// A node to join, with a file of its own that lists it and those there are; not started.
    func add(_ id: String) throws -> Node {
        let ports = try FreePorts.take(3)
        let list = (nodes.map { ($0.id, [$0.port, $0.rpcPort, $0.httpPort]) } + [(id, ports)])
            .map { id, ports in
                "  - { id: \(id), host: 127.0.0.1, port: \(ports[0]), rpc_port: \(ports[1]), "
                    + "http_port: \(ports[2]) }\n"
            }
        let file = folder.appending(path: "cluster-\(id).yaml")
        try Data(("cluster: test\nnodes:\n" + list.joined()).utf8).write(to: file)
        let node = Node(id: id, ports: ports, folder: folder, configuration: file)
        node.joins = true
        nodes.append(node)
        return node
    }

    /// A node is no part of the cluster any more.
    func forget(_ node: Node) throws {
        try node.kill()
        nodes.removeAll { $0 === node }
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

    /// The end of each node's log, for failure messages.
    var logTails: String { nodes.map { "\($0.id):\n\($0.logTail)" }.joined(separator: "\n") }

    /// Copies logs and data to the folder that `WIBER_EVIDENCE` names, if it names one.
    func keepEvidence() {
        guard let place = Settings.evidence else { return }
        let target = URL(filePath: place).appending(path: folder.lastPathComponent)
        do {
            try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
            let logs = nodes.map { folder.appending(path: "\($0.id).stderr").path }
            try Tool.run(["cp", "-r"] + logs + nodes.map(\.data.path) + [target.path])
            print("Logs and data of the failed run: \(target.path)")
        } catch {
            print("Logs and data of the failed run could not be kept: \(error)")
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
