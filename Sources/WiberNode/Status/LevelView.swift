package import WiberBase

/// What a checker sees of the feature level on one node.
package struct LevelView {
    /// A node, as the meta log has it.
    package struct Node {
        package var id: NodeID
        package var told: FeatureLevel?
        package var hasCome: Bool
        package var isLeaving: Bool
    }

    /// The level of the meta log as far as it is applied.
    package var applied: FeatureLevel
    /// What the superblock says, or will say with the next job.
    package var onDisk: FeatureLevel
    package var nodes: [Node]

    /// The level of what the node writes.
    package var inForce: FeatureLevel { max(applied, onDisk) }
}
