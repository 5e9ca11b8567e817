/// What all nodes of a cluster understand: a number that only rises, when every node knows the next
/// one (docs/decisions/0014).
///
/// Whatever is written to a log or told to other nodes belongs to a level. Below it nobody writes it.
public struct FeatureLevel: RawRepresentable, Hashable, Comparable, Sendable,
    CustomStringConvertible
{
    /// The bare number.
    public let rawValue: UInt16
    /// Wraps a number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// The bare number.
    public var description: String { String(rawValue) }
    /// Orders by number.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// What every cluster begins with, and what there was before there were levels.
    public static let base = FeatureLevel(rawValue: 1)
    /// The meta log says which software each node runs.
    public static let software = FeatureLevel(rawValue: 2)
    /// A removal may ask for its bodies to be erased.
    public static let erase = FeatureLevel(rawValue: 3)
    /// A topic's segments can be compressed.
    public static let compression = FeatureLevel(rawValue: 3)
}

/// The levels that a node can work at.
public struct LevelRange: Hashable, Sendable, CustomStringConvertible {
    /// The lowest: a cluster below it is not understood any more.
    public let min: FeatureLevel
    /// The highest: a cluster above it is not understood yet.
    public let max: FeatureLevel

    /// What this binary can: the one place that says so.
    public static let supported = LevelRange(.base, .erase)

    /// A range.
    ///
    /// - Precondition: `min` is 1 at least and not above `max`.
    public init(_ min: FeatureLevel, _ max: FeatureLevel) {
        precondition(min >= .base, "level \(min)")
        precondition(min <= max, "levels \(min) to \(max)")
        self.min = min
        self.max = max
    }

    /// `1 to 2`, or `1` alone.
    public var description: String { min == max ? "\(min)" : "\(min) to \(max)" }

    /// Whether a node can work in a cluster at a level.
    public func contains(_ level: FeatureLevel) -> Bool { level >= min && level <= max }

    /// The same, held down to a level if that is less.
    public func held(to limit: FeatureLevel?) -> LevelRange {
        guard let limit else { return self }
        return LevelRange(min, Swift.max(min, Swift.min(max, limit)))
    }

    /// Appends both, 16 bits each.
    public func encode(into bytes: inout [UInt8]) {
        bytes.appendInteger(min.rawValue)
        bytes.appendInteger(max.rawValue)
    }

    /// Reads both.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> LevelRange {
        let min = FeatureLevel(rawValue: try reader.integer())
        let max = FeatureLevel(rawValue: try reader.integer())
        guard min >= .base, min <= max else {
            throw .invalid(field: "levels", value: UInt64(min.rawValue))
        }
        return LevelRange(min, max)
    }
}
