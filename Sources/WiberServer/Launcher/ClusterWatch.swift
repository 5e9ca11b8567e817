import WiberNode

/// Looks at every node's metrics and tells what changed: role, term, up or down, topics' leaders.
struct ClusterWatch {
    /// More topics than these are not told about one by one.
    static let topicsMax = 20

    private let nodes: [NodeAddress]
    private var seen: [String: NodeState] = [:]
    private var leaders: [String: Leader] = [:]

    private struct Leader: Equatable {
        var node: String
        var term: UInt64
    }

    init(nodes: [NodeAddress]) { self.nodes = nodes }

    /// Asks all nodes.
    ///
    /// - Returns: a line for each thing that is new.
    mutating func look() -> [String] {
        var states: [String: NodeState] = [:]
        for node in nodes {
            guard
                let answer = try? HTTPGet.get(
                    "/metrics",
                    host: node.host,
                    port: node.httpPort,
                    timeout: 1
                )
            else { continue }
            states[node.name] = NodeState(metrics: String(decoding: answer.body, as: UTF8.self))
        }
        return changes(to: states)
    }

    /// What is new in these states; a node without one does not answer.
    mutating func changes(to states: [String: NodeState]) -> [String] {
        var lines: [String] = []
        for node in nodes.map(\.name) {
            let before = seen[node]
            seen[node] = states[node]
            guard let state = states[node] else {
                if before != nil { lines.append("\(node): does not answer") }
                continue
            }
            let meta = state.groups["meta"] ?? NodeState.Group()
            if before?.groups["meta"] != meta || before == nil {
                lines.append("\(node): \(meta.isLeader ? "leader" : "follower"), term \(meta.term)")
            }
            for (topic, group) in state.groups.sorted(by: { $0.key < $1.key })
            where group.isLeader && topic != "meta" {
                let leader = Leader(node: node, term: group.term)
                let known = leaders[topic]
                guard known != leader, known.map({ $0.term <= leader.term }) ?? true,
                    known != nil || leaders.count < Self.topicsMax
                else { continue }
                leaders[topic] = leader
                lines.append("topic \(topic): led by \(node), term \(group.term)")
            }
        }
        return lines
    }
}

/// What one node's metrics say about its Raft groups.
struct NodeState: Equatable {
    /// One group.
    struct Group: Equatable {
        var term: UInt64 = 0
        var isLeader = false
    }

    /// By topic; the meta group is `meta`.
    var groups: [String: Group] = [:]

    /// Reads the text of `/metrics`; what it does not know it leaves out.
    init(metrics: String) {
        for line in metrics.utf8.split(separator: UInt8(ascii: "\n")) {
            let line = Substring(line)
            if let (topic, value) = Self.sample(line, "wiber_raft_term{topic=\"") {
                groups[topic, default: Group()].term = value
            } else if let (topic, value) = Self.sample(line, "wiber_raft_is_leader{topic=\"") {
                groups[topic, default: Group()].isLeader = value == 1
            }
        }
    }

    private static func sample(_ line: Substring, _ start: String) -> (String, UInt64)? {
        guard line.hasPrefix(start) else { return nil }
        let rest = line.dropFirst(start.count)
        guard let end = rest.firstIndex(of: "\""),
            let value = rest.split(separator: " ").last.flatMap({ UInt64($0) })
        else { return nil }
        return (String(rest[..<end]), value)
    }
}
