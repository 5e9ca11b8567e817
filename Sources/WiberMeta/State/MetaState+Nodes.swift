public import WiberBase

/// Nodes that come and go: a node that is replaced leaves, and another one, with another number,
/// comes for it.
extension MetaState {
    /// The most nodes of a cluster: as many as can follow the meta group.
    public static let nodesMax = 15
    /// How many stores of nodes that left are remembered.
    static let storesMax = 1_024

    /// The nodes that stay.
    public var stayingNodes: [NodeRecord] { nodes.filter { !$0.isLeaving } }

    /// A node by its name: the one that stays, if another one of the name leaves.
    public func node(named name: String) -> NodeRecord? {
        nodes.last { $0.name == name && !$0.isLeaving } ?? nodes.last { $0.name == name }
    }

    /// Whether a node holds topics, or is to.
    public func isInUse(_ node: NodeID) -> Bool { load[node] ?? 0 > 0 }

    mutating func add(
        _ record: NodeRecord,
        replacing replaced: NodeID?,
        at index: LogIndex
    ) -> [MetaChange] {
        guard isFormed, refusal(ofAdd: record, replacing: replaced) == nil else { return [] }
        var changes: [MetaChange] = []
        if let replaced { changes += leave(replaced) }
        var added = record
        if Mutant.nodeNumberReused.isOn { lastNode = nodes.last?.id ?? .zero }
        lastNode = NodeID(lastNode.rawValue + 1)
        added.id = lastNode
        added.storeID = .zero
        added.levels = nil
        added.software = nil
        added.since = index
        nodes.append(added)
        return [.nodeAdded(added.id)] + changes
    }

    mutating func remove(_ node: NodeID) -> [MetaChange] {
        refusal(ofRemove: node) == nil ? leave(node) : []
    }

    private mutating func leave(_ node: NodeID) -> [MetaChange] {
        guard let place = nodes.firstIndex(where: { $0.id == node }) else { return [] }
        nodes[place].isLeaving = true
        nodes[place].isDrained = true
        return [.nodeLeaving(node)]
    }

    mutating func forget(_ node: NodeID) -> [MetaChange] {
        guard let place = nodes.firstIndex(where: { $0.id == node }), nodes[place].isLeaving,
            !isInUse(node) || Mutant.nodeForgottenEarly.isOn
        else { return [] }
        let record = nodes.remove(at: place)
        if record.storeID != .zero {
            formerStores.append(record.storeID)
            if formerStores.count > Self.storesMax { formerStores.removeFirst() }
        }
        return [.nodeForgotten(record)]
    }

    mutating func move(_ record: NodeRecord) -> [MetaChange] {
        guard let place = nodes.firstIndex(where: { $0.id == record.id }),
            !nodes[place].hasAddress(of: record), record.hasAddress
        else { return [] }
        nodes[place].host = record.host
        nodes[place].port = record.port
        nodes[place].rpcPort = record.rpcPort
        nodes[place].httpPort = record.httpPort
        return [.nodeMoved(record.id)]
    }
}

extension NodeRecord {
    /// Whether it may be given topics to hold.
    var canHold: Bool { !isDrained && (since == .zero || storeID != .zero) }

    /// Whether others can dial it.
    public var hasAddress: Bool { HostName.isValid(host) && rpcPort > 0 }

    /// Whether another record says the same of where it is.
    public func hasAddress(of other: NodeRecord) -> Bool {
        host == other.host && port == other.port && rpcPort == other.rpcPort
            && httpPort == other.httpPort
    }
}
