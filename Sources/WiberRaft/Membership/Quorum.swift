package import WiberBase

/// Majorities: of the voters, and of the outgoing ones as well while a change is under way.
extension Configuration {
    /// Whether enough voters satisfy `condition` to decide; never in an empty configuration.
    package func isQuorum(_ condition: (NodeID) -> Bool) -> Bool {
        guard Self.isMajority(of: voters, condition) else { return false }
        guard let outgoing else { return true }
        return Self.isMajority(of: outgoing, condition)
    }

    /// The largest number that a quorum has reached, when each voter has reached `value`.
    func quorumValue(_ value: (NodeID) -> UInt64) -> UInt64 {
        let counted = Mutant.learnerCounts.isOn ? voters + learners : voters
        let incoming = Self.majorityValue(of: counted, value)
        guard let outgoing else { return incoming }
        return min(incoming, Self.majorityValue(of: outgoing, value))
    }

    private static func isMajority(of nodes: [NodeID], _ condition: (NodeID) -> Bool) -> Bool {
        var count = 0
        for node in nodes where condition(node) { count += 1 }
        return count > nodes.count / 2
    }

    /// Sorts on the stack: at most ``nodesMax`` numbers, and no allocation.
    private static func majorityValue(of nodes: [NodeID], _ value: (NodeID) -> UInt64) -> UInt64 {
        let count = nodes.count
        guard count > 0 else { return 0 }
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { sorted in
            for (place, node) in nodes.enumerated() {
                let new = value(node)
                var slot = place
                while slot > 0, sorted[slot - 1] < new {
                    sorted.initializeElement(at: slot, to: sorted[slot - 1])
                    slot -= 1
                }
                sorted.initializeElement(at: slot, to: new)
            }
            return sorted[count / 2]
        }
    }
}
