/// Why a node cannot work in a cluster at a level, in words for both sides.
public struct LevelConflict: Error, Hashable, Sendable, CustomStringConvertible {
    /// The node.
    public var node: String
    /// What it runs; empty if that is not known.
    public var software: String
    /// The levels that it can work at.
    public var levels: LevelRange
    /// The level that the cluster is at.
    public var level: FeatureLevel
    /// Whether its configuration alone holds it below the level.
    public var isHeld: Bool

    /// What is in the way, if anything is.
    public init?(
        node: String,
        software: String,
        levels: LevelRange,
        at level: FeatureLevel,
        isHeld: Bool = false
    ) {
        guard !levels.contains(level) else { return nil }
        self.node = node
        self.software = software
        self.levels = levels
        self.level = level
        self.isHeld = isHeld
    }

    /// What is wrong, and what to do.
    public var description: String {
        let release = software.isEmpty ? "" : " (wiber \(software))"
        let start =
            "the cluster is at feature level \(level), and node \(node)\(release) knows"
            + " \(levels)"
        if isHeld {
            return start + " by its configuration: a level is never lowered, so take"
                + " feature_level_max out of it, or make it \(level) at least"
        }
        return level > levels.max
            ? start + ": a level is never lowered, so start \(node) with a release that knows"
                + " level \(level)"
            : start + ": start \(node) with an older release that knows level \(level), until the"
                + " cluster's level has risen"
    }
}
