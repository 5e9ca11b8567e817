public import WiberBase

/// A directory that a binary must not open: the cluster's feature level was another when it was
/// written.
public struct LevelRefusal: Hashable, Sendable, CustomStringConvertible {
    /// The release that wrote it last; empty if it did not say.
    public var writer: String
    /// The release that is to open it.
    public var reader: String
    /// The levels that this one can work at.
    public var levels: LevelRange
    /// What is in the way.
    public var conflict: LevelConflict

    /// Why a directory is refused; `nil` if it is not.
    init?(
        _ superblock: Superblock,
        _ levels: LevelRange = .supported,
        software: String = ""
    ) {
        let level = superblock.level
        let isHeld = LevelRange.supported.contains(level) && level > levels.max
        guard
            let conflict = LevelConflict(
                node: superblock.nodeName,
                software: software,
                levels: levels,
                at: level,
                isHeld: isHeld
            )
        else { return nil }
        writer = SoftwareName.isValid(superblock.software) ? superblock.software : ""
        reader = software
        self.levels = levels
        self.conflict = conflict
    }

    /// What is wrong, and what to do.
    public var description: String {
        let level = conflict.level
        let writer = writer.isEmpty ? "another release" : "wiber \(self.writer)"
        let reader = self.reader.isEmpty ? "this binary" : "this binary (\(self.reader))"
        let start =
            "the data directory of \(conflict.node) was written by \(writer) at feature level"
            + " \(level), and \(reader) knows \(levels)"
        if conflict.isHeld {
            return start + " by its configuration: use feature_level_max: \(level) or more, or take"
                + " it out; a level is never lowered"
        }
        return level > levels.max
            ? start
                + ": use \(writer) or a newer one; or, to go back for good, restore a backup into"
                + " a new cluster of this release"
            : start + ": use a release that knows level \(level), let the cluster's level rise, and"
                + " then this one"
    }
}
