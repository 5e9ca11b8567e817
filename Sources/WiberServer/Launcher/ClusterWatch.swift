import WiberNode

/// Looks at every node's metrics and tells what changed: role, term, up or down.
struct ClusterWatch {
    private struct Seen: Equatable {
        var role: String
        var term: String
    }

    private let configuration: ClusterConfiguration
    private var seen: [String: Seen] = [:]

    init(configuration: ClusterConfiguration) { self.configuration = configuration }

    /// A line for each node whose role or term in the meta group is new.
    mutating func look() -> [String] {
        var lines: [String] = []
        for node in configuration.nodes {
            let now = state(host: node.host, port: node.httpPort)
            guard now != seen[node.name] else { continue }
            if seen[node.name] == nil, now.role == "starting" { continue }
            seen[node.name] = now
            let term = now.term.isEmpty ? "" : ", term \(now.term)"
            lines.append("\(node.name): \(now.role)\(term)")
        }
        return lines
    }

    private func state(host: String, port: Int) -> Seen {
        guard let answer = try? HTTPGet.get("/metrics", host: host, port: port, timeout: 1) else {
            return Seen(role: seen.isEmpty ? "starting" : "down", term: "")
        }
        var term = ""
        var role = "follower"
        for line in String(decoding: answer.body, as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix("wiber_raft_term{topic=\"meta\"}") {
                term = line.split(separator: " ").last.map(String.init) ?? ""
            } else if line == "wiber_raft_is_leader{topic=\"meta\"} 1" {
                role = "leader"
            }
        }
        return Seen(role: role, term: term)
    }
}
