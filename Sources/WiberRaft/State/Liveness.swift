public import WiberBase

/// When each node was last heard from, by beats or by anything else that is fresh.
///
/// Beats go between nodes, not between groups, so that an idle group sends nothing: its followers
/// ask here whether their leader's node lives. Copying costs a reference count.
public struct Liveness: Sendable {
    private struct Entry {
        var node: NodeID
        var heard: Instant?
        var isDiskStalled: Bool
    }
    private var entries: [Entry] = []

    /// Nobody was heard from yet.
    public init() {}

    /// When `node` was last heard from; `nil` if never, or if its last word is void.
    public subscript(_ node: NodeID) -> Instant? {
        get {
            for entry in entries where entry.node == node.node { return entry.heard }
            return nil
        }
        set {
            if let place = entries.firstIndex(where: { $0.node == node.node }) {
                entries[place].heard = newValue
            } else {
                entries.append(Entry(node: node.node, heard: newValue, isDiskStalled: false))
            }
        }
    }

    /// Whether `node` last said that its disk makes no progress.
    public func isDiskStalled(_ node: NodeID) -> Bool {
        for entry in entries where entry.node == node.node { return entry.isDiskStalled }
        return false
    }

    /// Notes what `node` says about its disk.
    public mutating func setDiskStalled(_ isStalled: Bool, for node: NodeID) {
        if let place = entries.firstIndex(where: { $0.node == node.node }) {
            entries[place].isDiskStalled = isStalled
        } else {
            entries.append(Entry(node: node.node, heard: nil, isDiskStalled: isStalled))
        }
    }
}
