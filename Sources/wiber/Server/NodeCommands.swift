import ArgumentParser
import Foundation
import WiberServer

/// Where a node is, as options.
struct NodeOptions: ParsableArguments {
    @Option(help: "What others dial.") var host: String?
    @Option(help: "Its client port.") var port: Int?
    @Option(help: "Its port for nodes; else the client port + 1000.") var rpcPort: Int?
    @Option(help: "Its HTTP port; else the client port + 4000.") var httpPort: Int?

    /// The API's request for a node of a name; `nil` if nothing was said of where it is.
    func request(_ id: String) throws -> [String: Any]? {
        guard host != nil || port != nil || rpcPort != nil || httpPort != nil else { return nil }
        guard let host, let port else {
            throw ValidationError("give both --host and --port: what others dial, and for clients")
        }
        var request: [String: Any] = ["id": id, "host": host, "port": port]
        request["rpc_port"] = rpcPort
        request["http_port"] = httpPort
        return request
    }

    static func json(_ request: [String: Any]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: request), as: UTF8.self)
    }
}

extension ClusterCommand {
    struct AddNode: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add-node",
            abstract: "Let a node join the cluster.",
            discussion: """
                The node may be started before or afterwards, with an empty data directory and a
                configuration whose nodes: has the node itself and one of the others at least. It
                gets the cluster's log and then takes new topics; `wiber topic move` and
                `wiber topic replicas` give it topics that there are.

                Examples:
                  wiber cluster add-node n4 --host 10.0.0.4 --port 4222
                  wiber serve --node n4 --config cluster.yaml --join
                """
        )
        @Argument(help: "The node's id.") var node: Word
        @OptionGroup var address: NodeOptions
        @OptionGroup var client: ClientOptions

        func validate() throws {
            if try address.request(node.text) == nil {
                throw ValidationError("say where the node is, with --host and --port")
            }
        }

        func run() throws {
            try client.guarded {
                let line = try LineClient(servers: client.server)
                let request = try address.request(node.text) ?? [:]
                try line.post("/api/nodes", json: try NodeOptions.json(request))
                switch client.output {
                case .json: Terminal.printJSON(["node": node.text, "added": true])
                case .text:
                    Terminal.say("\(node) belongs to the cluster; start it, unless it runs:")
                    Terminal.say("  wiber serve --node \(node) --config FILE --join")
                    Terminal.say("where nodes: in FILE lists it and one other node at least, as")
                    Terminal.say(
                        "  - { id: \(node), host: \(address.host ?? ""), port: \(address.port ?? 0) }"
                    )
                }
            }
        }
    }

    struct RemoveNode: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove-node",
            abstract: "Let a node leave the cluster for good.",
            discussion: """
                What it holds goes to other nodes first, as far as it can be had; it may be down.
                Then it is forgotten: its process stops, and its data directory is of no more use.
                Refused while a topic has more replicas than there would be nodes.

                Examples:
                  wiber cluster remove-node n4
                """
        )
        @Argument(help: "The node.") var node: Word
        @Flag(inversion: .prefixedNo, help: "Wait until it is gone.") var wait = true
        @OptionGroup var client: ClientOptions

        func run() throws {
            try client.guarded {
                let line = try LineClient(servers: client.server)
                try line.post("/api/nodes/\(node.inPath)", json: "{}", method: "DELETE")
                try NodeProgress(client: client, node: node).run(line, waits: wait)
            }
        }
    }

    struct ReplaceNode: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "replace-node",
            abstract: "Let a node with an empty disk, or another one, take a node's place.",
            discussion: """
                For a node whose disk is lost: give this command, and start it as always, on an empty
                data directory. For another machine: say where it is. The new node gets all that the
                old one holds; then the old one is forgotten. The old one may be down.

                Examples:
                  wiber cluster replace-node n2
                  wiber cluster replace-node n2 --by n4 --host 10.0.0.4 --port 4222
                """
        )
        @Argument(help: "The node that leaves.") var node: Word
        @Option(help: "The id of the one that comes; else the same.") var by: Word?
        @OptionGroup var address: NodeOptions
        @Flag(inversion: .prefixedNo, help: "Wait until the old one is gone.") var wait = true
        @OptionGroup var client: ClientOptions

        func validate() throws {
            if try address.request(node.text) == nil, by != nil {
                throw ValidationError("say where \(by?.text ?? "") is, with --host and --port")
            }
        }

        func run() throws {
            try client.guarded {
                let line = try LineClient(servers: client.server)
                let request = try address.request(by?.text ?? node.text) ?? [:]
                let path = "/api/nodes/\(node.inPath)/replace"
                try line.post(path, json: try NodeOptions.json(request))
                if client.output == .text {
                    Terminal.say(
                        "start \(by?.text ?? node.text) on an empty data directory, unless it runs"
                    )
                }
                try NodeProgress(client: client, node: node).run(line, waits: wait)
            }
        }
    }
}

/// Tells how far a node is that leaves.
struct NodeProgress {
    let client: ClientOptions
    let node: Word

    func run(_ line: LineClient, waits: Bool) throws {
        var last = ""
        var unchanged = 0
        while waits, let leaving = try ask({ try leaving(line) }) {
            let topics = try ask { try Terminal.list(try line.get("/api/topics")) }
            let moving = topics.filter { $0["moving_to"] is [String] }.count
            let held = leaving["replicas"] as? Int ?? 0
            let part = leaving["meta"] as? String == "voter" ? ", and votes in meta" : ""
            let text = "\(node) holds \(held) topics\(part); \(moving) are moving"
            if text != last, client.output == .text { Terminal.say(text) }
            unchanged = text == last ? unchanged + 1 : 0
            last = text
            if unchanged == 20 {
                Terminal.complain(
                    "nothing has changed for 10 s; `wiber cluster status` says whether a node is down or"
                        + " was not started. It goes on by itself, also if this command ends"
                )
            }
            Thread.sleep(forTimeInterval: 0.5)
        }
        switch client.output {
        case .text: Terminal.say(waits ? "\(node) has left the cluster" : "\(node) is leaving")
        case .json: Terminal.printJSON(["node": node.text, "done": waits])
        }
    }

    /// The node that is asked may be the one that leaves.
    private func ask<Answer>(_ question: () throws -> Answer) throws -> Answer {
        do {
            return try question()
        } catch let error as ClientError {
            if case .refused = error { throw error }
            throw ClientError.refused(
                "\(error). It is on its way all the same: `wiber cluster status` of another node says how"
                    + " far \(node) is"
            )
        }
    }

    private func leaving(_ line: LineClient) throws -> [String: Any]? {
        let cluster = try Terminal.object(try line.get("/api/cluster"))
        let nodes = cluster["nodes"] as? [[String: Any]] ?? []
        return nodes.first {
            $0["id"] as? String == node.text && $0["leaving"] as? Bool == true
        }
    }
}
