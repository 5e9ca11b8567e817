/// The versions of the protocol between nodes that a node speaks; two nodes use the highest that both
/// do.
public struct WireVersions: Hashable, Sendable, CustomStringConvertible {
    /// The lowest.
    public let lowest: UInt8
    /// The highest.
    public let highest: UInt8

    /// What this binary speaks: the one place that says so.
    public static let supported = WireVersions(5, 5)
    /// The first version whose greeting says a range; greetings have this version for ever, and may
    /// only grow at their end.
    public static let greeting: UInt8 = 5

    /// A range.
    ///
    /// - Precondition: `lowest` is not above `highest`.
    public init(_ lowest: UInt8, _ highest: UInt8) {
        precondition(lowest <= highest, "versions \(lowest) to \(highest)")
        self.lowest = lowest
        self.highest = highest
    }

    /// `5 to 6`, or `5` alone.
    public var description: String {
        lowest == highest ? "\(lowest)" : "\(lowest) to \(highest)"
    }

    /// The version that two nodes use; `nil` if there is none that both speak.
    public func common(with other: WireVersions) -> UInt8? {
        let version = min(highest, other.highest)
        return version >= max(lowest, other.lowest) ? version : nil
    }

    /// Why two nodes cannot talk, in words for both sides.
    public static func conflict(
        _ node: String,
        _ versions: WireVersions,
        _ other: String,
        _ others: WireVersions
    ) -> String {
        let isOlder = versions.highest < others.lowest
        let (old, new) = isOlder ? (node, other) : (other, node)
        return
            "node \(node) speaks version \(versions) of the protocol between nodes, and node"
            + " \(other) version \(others): start \(old) with a newer release, or \(new) with an"
            + " older one, so that both speak one that the other does"
    }

    /// Appends both, 8 bits each.
    public func encode(into bytes: inout [UInt8]) { bytes += [lowest, highest] }

    /// Reads both.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> WireVersions {
        let lowest = try reader.integer(UInt8.self)
        let highest = try reader.integer(UInt8.self)
        guard lowest <= highest else {
            throw .invalid(field: "wire versions", value: UInt64(lowest))
        }
        return WireVersions(lowest, highest)
    }
}
