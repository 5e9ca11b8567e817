import ArgumentParser
import Foundation
import WiberNode
import WiberServer

/// The command `wiber cluster`.
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Run a cluster on this machine, or look at one.",
        subcommands: [
            Up.self, Status.self, Transfer.self, Balance.self, Drain.self, AddNode.self,
            RemoveNode.self, ReplaceNode.self,
        ]
    )

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run every node of a cluster as a child process.",
            discussion: """
                Without a configuration: nodes n1, n2, … on 127.0.0.1, client ports from 9101 on. \
                Ctrl-C stops all nodes.

                Examples:
                  wiber cluster up
                  wiber cluster up --nodes 5
                  wiber cluster up --config cluster.yaml --data /tmp/demo --restart
                """
        )
        @Option(help: "The cluster's YAML file.") var config: String?
        @Option(help: "Where the data goes: DIR/<node>/.") var data: String?
        @Option(help: "How many nodes, without a configuration.") var nodes: Int?
        @Flag(help: "Start a node again when it ends.") var restart = false

        func run() async throws {
            let cluster: ClusterConfiguration
            let path: String
            if let config {
                if nodes != nil {
                    throw ValidationError("--nodes goes without --config: the file has the nodes")
                }
                cluster = try readConfiguration(config)
                path = config
            } else {
                guard (1...15).contains(nodes ?? 3) else {
                    throw ValidationError("--nodes must be from 1 to 15; best are 3 and 5")
                }
                cluster = .local(nodes: nodes ?? 3)
                path = try write(cluster, into: data ?? cluster.dataDirectory)
            }
            for warning in cluster.warnings { Terminal.complain(warning) }
            let launcher = ClusterLauncher(
                configuration: cluster,
                configurationPath: path,
                dataDirectory: data ?? cluster.dataDirectory,
                restarts: restart,
                program: Terminal.program,
                say: { Terminal.say($0) }
            )
            do {
                let code = try await launcher.run()
                if code != 0 { throw ExitCode(code) }
            } catch let code as ExitCode {
                throw code
            } catch {
                Terminal.complain("wiber: \(error)")
                throw ExitCode(1)
            }
        }

        /// The nodes read a file, so that each can be started again by hand.
        private func write(_ cluster: ClusterConfiguration, into folder: String) throws -> String {
            var yaml = "cluster: \(cluster.cluster)\nnodes:\n"
            for node in cluster.nodes {
                yaml += "  - { id: \(node.name), host: \(node.host), port: \(node.port) }\n"
            }
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true
            )
            let path = folder + "/cluster.yaml"
            try Data(yaml.utf8).write(to: URL(filePath: path), options: .atomic)
            return path
        }
    }

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say which nodes are up and who leads which topic.",
            discussion: """
                Examples:
                  wiber cluster status
                  wiber cluster status --server nats://127.0.0.1:9101 --output json
                """
        )
        @OptionGroup var client: ClientOptions

        func run() throws {
            try client.guarded {
                let line = try LineClient(servers: client.server)
                let topics = try line.request("TOPICS")
                let cluster = try line.get("/api/cluster")
                switch client.output {
                case .json: Terminal.say("{\"cluster\":\(cluster),\"topics\":\(topics)}")
                case .text: try show(cluster, topics)
                }
            }
        }

        private func show(_ cluster: String, _ topics: String) throws {
            let cluster = try Terminal.object(cluster)
            let nodes = cluster["nodes"] as? [[String: Any]] ?? []
            Terminal.say(
                "cluster \(cluster["cluster"] ?? ""), meta leader \(cluster["meta_leader"] ?? "none"),"
                    + " feature level \(Terminal.text(cluster["feature_level"]))"
            )
            if let reason = cluster["feature_level_waits_for"] as? String {
                Terminal.say("the next feature level waits: \(Terminal.safe(reason))")
            }
            var rows = [
                [
                    "NODE", "STATE", "SINCE", "CLIENTS", "HTTP", "META", "HOLDS", "LEADS", "RTT",
                    "TAGS", "VERSION", "LEVELS",
                ]
            ]
            for node in nodes {
                let rtt = (node["rtt_ms"] as? Double).map { String(format: "%.2f ms", $0) } ?? "-"
                rows.append([
                    "\(node["id"] ?? "")",
                    Self.state(node),
                    "\(node["since"] ?? "")",
                    "\(node["host"] ?? ""):\(node["port"] ?? "")", "\(node["http_port"] ?? "")",
                    "\(node["meta"] ?? "")",
                    "\(node["replicas"] ?? "")", "\(node["leaders"] ?? "")", rtt,
                    (node["tags"] as? [String] ?? []).joined(separator: " "),
                    Terminal.safe(Terminal.text(node["version"])), Self.levels(node),
                ])
            }
            Terminal.table(rows)
            Terminal.say("")
            Terminal.topics(try Terminal.list(topics))
        }

        private static func levels(_ node: [String: Any]) -> String {
            guard let low = node["feature_level_min"], let high = node["feature_level_max"] else {
                return "-"
            }
            return "\(low)" == "\(high)" ? "\(low)" : "\(low)-\(high)"
        }

        private static func state(_ node: [String: Any]) -> String {
            let state = "\(node["state"] ?? "")"
            if node["leaving"] as? Bool == true { return state + ", leaving" }
            return node["drained"] as? Bool == true ? state + ", drained" : state
        }
    }
}
