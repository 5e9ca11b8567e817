import ArgumentParser
import CWiber
import Foundation
import WiberNode
import WiberServer

/// The command `wiber serve`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run one node in the foreground.",
        discussion: """
            Without a configuration: a single node on 127.0.0.1, port 4222, HTTP 8222, with its \
            data in ./wiber-data. SIGTERM and Ctrl-C hand leadership over and stop. \
            SIGUSR2 does so in lame duck mode: clients are asked to move first.

            Examples:
              wiber serve
              wiber serve --config cluster.yaml --node n1
              wiber serve --config cluster.yaml --node n4 --join
              wiber serve --port 5222 --data /var/lib/wiber
            """
    )

    @Option(help: "The cluster's YAML file.") var config: String?
    @Option(help: "Which of its nodes this is.") var node: String?
    @Option(help: "Where the data goes: DIR/<node>/.") var data: String?
    @Option(help: "The client port, without a configuration.") var port: Int?
    @Flag(help: "Join a cluster that there is; never form one with others.") var join = false
    @Option(help: "How log lines look: text or json.") var logFormat: OutputFormat = .text
    @Option(help: .hidden) var parent: Int32?

    func run() async throws {
        if let parent {
            // A node of `cluster up` must not outlive it.
            _ = wiber_signal_on_parent_death(SIGTERM)
            if getppid() != parent { throw ExitCode(1) }
        }
        let cluster = try load()
        for warning in cluster.warnings { Terminal.complain(warning) }
        let name = try chosenNode(cluster)
        let directory = (data ?? cluster.dataDirectory) + "/" + name
        do {
            let configuration = try cluster.node(name, onlyJoins: join)
            try await NodeRunner(
                configuration: configuration,
                directory: directory,
                logFormat: logFormat == .json ? .json : .text
            ).run()
        } catch {
            Terminal.complain("wiber: \(error)")
            throw ExitCode(1)
        }
    }

    private func load() throws -> ClusterConfiguration {
        if let config {
            if port != nil {
                throw ValidationError("--port goes without --config: the file has the ports")
            }
            return try readConfiguration(config)
        }
        if join {
            throw ValidationError("--join goes with --config: nodes: says whom to ask")
        }
        let port = port ?? 4_222
        guard (1...61_535).contains(port) else {
            throw ValidationError("--port must be from 1 to 61535, because HTTP gets port + 4000")
        }
        return .single(port: port)
    }

    private func chosenNode(_ cluster: ClusterConfiguration) throws -> String {
        if let node { return node }
        if let only = cluster.nodes.first, cluster.nodes.count == 1 { return only.name }
        let names = cluster.nodes.map(\.name).joined(separator: ", ")
        throw ValidationError("say which node this is with --node: \(names)")
    }
}

/// Reads a configuration; everything that is wrong goes to standard error.
func readConfiguration(_ path: String) throws -> ClusterConfiguration {
    do {
        return try ClusterConfiguration.read(path)
    } catch {
        Terminal.complain("\(error)")
        throw ExitCode(1)
    }
}
