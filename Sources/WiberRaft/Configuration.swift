public import WiberBase

/// Who votes and who only learns; joint while it changes (Raft §6).
public struct Configuration: Equatable, Sendable, CustomStringConvertible {
    /// The most nodes in one configuration.
    public static let nodesMax = 15

    /// The voters, sorted.
    public private(set) var voters: [NodeID]
    /// The voters before the change, sorted; `nil` unless the configuration is joint.
    public private(set) var outgoing: [NodeID]?
    /// Nodes that get the log and do not vote, sorted.
    public private(set) var learners: [NodeID]

    /// A configuration that is not joint.
    public init(voters: [NodeID], learners: [NodeID] = []) {
        self.init(voters: voters, outgoing: nil, learners: learners)
    }

    private init(voters: [NodeID], outgoing: [NodeID]?, learners: [NodeID]) {
        self.voters = Set(voters).sorted()
        self.outgoing = outgoing.map { Set($0).sorted() }
        self.learners = Set(learners).subtracting(voters).sorted()
    }

    /// Whether both the old and the new voters must agree.
    public var isJoint: Bool { outgoing != nil }
    /// Every node that gets the log, sorted.
    public var members: [NodeID] { Set(voters + (outgoing ?? []) + learners).sorted() }
    /// Whether a node's vote counts.
    public func isVoter(_ node: NodeID) -> Bool {
        voters.contains(node) || outgoing?.contains(node) == true
    }

    /// The joint configuration on the way to another one.
    public func joint(with target: Configuration) -> Configuration {
        Configuration(voters: target.voters, outgoing: voters, learners: target.learners)
    }

    /// The configuration that a joint one leads to.
    public var final: Configuration { Configuration(voters: voters, learners: learners) }

    /// Whether the nodes that satisfy `holds` are a majority, of both halves if it is joint.
    public func hasQuorum(_ holds: (NodeID) -> Bool) -> Bool {
        guard Self.isMajority(voters, holds) else { return false }
        return outgoing.map { Self.isMajority($0, holds) } ?? true
    }

    private static func isMajority(_ nodes: [NodeID], _ holds: (NodeID) -> Bool) -> Bool {
        var count = 0
        for node in nodes where holds(node) { count += 1 }
        return count > nodes.count / 2
    }

    /// The highest index that a quorum has, given each node's.
    public func quorumIndex(_ match: (NodeID) -> LogIndex) -> LogIndex {
        let own = Self.quorumIndex(voters, match)
        return outgoing.map { min(own, Self.quorumIndex($0, match)) } ?? own
    }

    private static func quorumIndex(_ nodes: [NodeID], _ match: (NodeID) -> LogIndex) -> LogIndex {
        guard !nodes.isEmpty else { return .zero }
        if nodes.count == 1 { return match(nodes[0]) }
        if nodes.count == 3 {  // The usual case, without an allocation: the median.
            let (a, b, c) = (match(nodes[0]), match(nodes[1]), match(nodes[2]))
            return max(min(a, b), min(max(a, b), c))
        }
        let sorted = nodes.map(match).sorted(by: >)
        return sorted[nodes.count / 2]
    }

    /// `voters [+ outgoing] [learners]`.
    public var description: String {
        var text = voters.map(\.description).joined(separator: ",")
        if let outgoing { text += " from " + outgoing.map(\.description).joined(separator: ",") }
        if !learners.isEmpty {
            text += " learners " + learners.map(\.description).joined(separator: ",")
        }
        return text
    }

    /// Appends flags u8 (1: joint), then voters, outgoing if joint, learners: a count u8 each, then
    /// 8 bytes a node.
    public func encode(into bytes: inout [UInt8]) {
        bytes.append(isJoint ? 1 : 0)
        for nodes in [voters, outgoing, learners].compactMap({ $0 }) {
            bytes.append(UInt8(clamping: nodes.count))
            for node in nodes { bytes.appendInteger(node.rawValue) }
        }
    }

    /// Reads what ``encode(into:)`` wrote.
    ///
    /// - Throws: ``CodecError`` if there are no voters, too many nodes, or the bytes end early.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> Configuration {
        let flags = try reader.integer(UInt8.self)
        guard flags <= 1 else { throw .invalid(field: "flags", value: UInt64(flags)) }
        let voters = try nodes(&reader)
        let outgoing = flags == 1 ? try nodes(&reader) : nil
        let learners = try nodes(&reader)
        guard !voters.isEmpty, outgoing?.isEmpty != true else {
            throw .invalid(field: "voters", value: 0)
        }
        return Configuration(voters: voters, outgoing: outgoing, learners: learners)
    }

    private static func nodes(_ reader: inout ByteReader) throws(CodecError) -> [NodeID] {
        let count = try reader.integer(UInt8.self)
        guard count <= nodesMax else { throw .invalid(field: "nodes", value: UInt64(count)) }
        var nodes: [NodeID] = []
        for _ in 0..<count { nodes.append(try reader.identifier()) }
        return nodes
    }
}
