import WiberBase

/// Why a node does not join, or does not leave, for the person who asked for it.
extension MetaState {
    func refusal(ofAdd record: NodeRecord, replacing replaced: NodeID?) -> String? {
        let name = record.name
        guard name.utf8.count <= 63, TopicConfiguration.isValidName(Array(name.utf8)) else {
            return "a node's id has 1 to 63 of A-Z a-z 0-9 _ -"
        }
        guard record.hasAddress, record.port > 0, record.httpPort > 0,
            Set([record.port, record.rpcPort, record.httpPort]).count == 3
        else {
            return
                "a node needs a host, a name or an address alone, and three different ports: for"
                + " clients, for nodes, for HTTP"
        }
        if let replaced {
            guard let old = node(replaced) else { return "there is no such node to replace" }
            guard !old.isLeaving else {
                return
                    "\(old.name) is on its way out of the cluster already; `wiber cluster status`"
                    + " says how far it is"
            }
        }
        if let other = nodes.first(where: { $0.name == name && $0.id != replaced }) {
            return other.isLeaving
                ? "a node of the name \(name) is on its way out of the cluster; wait until it is gone"
                : "there is a node \(name); `wiber cluster replace-node \(name)` puts another one in"
                    + " its place"
        }
        let isTaken = { (other: NodeRecord) in
            other.id != replaced && other.host == record.host && other.rpcPort == record.rpcPort
        }
        if let other = nodes.first(where: isTaken) {
            return "\(other.name) is at \(record.host):\(record.rpcPort) already; give another port"
        }
        if let single = nodes.first(where: { $0.rpcPort == 0 }) {
            return
                "\(single.name) has no port for other nodes: give it an rpc_port in a configuration"
                + " file with nodes:, and start it again"
        }
        guard nodes.count < Self.nodesMax else {
            return "a cluster has \(Self.nodesMax) nodes at most; remove one first"
        }
        return lastNode.rawValue < NodeID.nodeMax ? nil : "no more nodes can be numbered"
    }

    func refusal(ofRemove id: NodeID) -> String? {
        guard let record = node(id) else { return "there is no such node" }
        guard !record.isLeaving else {
            return "\(record.name) is on its way out of the cluster already; `wiber cluster status`"
                + " says how far it is"
        }
        let left = nodes.filter { $0.canHold && $0.id != id }
        guard !left.isEmpty else {
            return "this is the last node that holds topics; add another one first"
        }
        let tooLarge = allTopics.filter { topic in
            topic.configuration.replicas > left.count
                && topic.replicas.contains { $0.node == id.node }
        }
        guard let first = tooLarge.first?.configuration else {
            return refusal(ofPlacingWithout: record)
        }
        return
            "\(tooLarge.count) topics, \(first.name) among them, have more replicas than there would"
            + " be nodes: add a node first, replace \(record.name) by one"
            + " (`wiber cluster replace-node`), or ask for fewer with"
            + " `wiber topic replicas \(first.name) \(left.count)`"
    }

    /// Topics that a node holds, and that would have no other place.
    private func refusal(ofPlacingWithout record: NodeRecord) -> String? {
        var rest = self
        rest.nodes.removeAll { $0.id == record.id }
        let stuck = placedTopics.lazy.filter { topic in
            topic.replicas.contains { $0.node == record.id }
        }
        for topic in stuck.map(\.configuration) {
            if let refusal = rest.refusal(ofPlacing: topic.replicas, topic.placement) {
                return "without \(record.name), topic \(topic.name) has no place: \(refusal)"
            }
        }
        return nil
    }
}
