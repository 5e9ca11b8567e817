public import WiberBase

/// Who votes in a group, and who only listens (Raft §6).
///
/// Joint while `outgoing` is there: then every decision needs a majority of `voters` and one of
/// `outgoing`. Lists are sorted and without repeats. A voter that becomes a learner is in
/// `outgoing` and in `learners` while the configuration is joint.
///
///     byte  size  field
///     0     1     voters     how many: 0 ... 15
///     1     1     outgoing   how many; 255 if the configuration is not joint
///     2     1     learners   how many
///     3     8·n   the node ids: voters, outgoing, learners, each list ascending
public struct Configuration: Equatable, Sendable, CustomStringConvertible {
    /// What a change of configuration is to lead to.
    public struct Target: Equatable, Sendable {
        /// Who shall vote.
        public var voters: [NodeID]
        /// Who shall only listen.
        public var learners: [NodeID]
        /// A goal; sorts both lists and drops repeats.
        public init(voters: [NodeID], learners: [NodeID] = []) {
            self.voters = Configuration.normalized(voters)
            self.learners = Configuration.normalized(learners)
        }
    }

    /// The most nodes in a list.
    public static let nodesMax = 15

    /// Who votes, or shall vote once the configuration is joint no more.
    public var voters: [NodeID]
    /// Who voted before, while a change is under way; `nil` otherwise.
    public var outgoing: [NodeID]?
    /// Who gets the log without a vote.
    public var learners: [NodeID]

    /// A configuration; sorts the lists and drops repeats.
    public init(voters: [NodeID], outgoing: [NodeID]? = nil, learners: [NodeID] = []) {
        self.voters = Self.normalized(voters)
        self.outgoing = outgoing.map(Self.normalized)
        self.learners = Self.normalized(learners)
    }

    static func normalized(_ nodes: [NodeID]) -> [NodeID] {
        var result: [NodeID] = []
        for node in nodes.sorted() where node != result.last { result.append(node) }
        return result
    }

    /// Whether a change is under way that needs two majorities.
    public var isJoint: Bool { outgoing != nil }

    /// Every node that has a part, in ascending order.
    public var members: [NodeID] { Self.normalized(voters + (outgoing ?? []) + learners) }

    /// Whether `node` votes.
    public func isVoter(_ node: NodeID) -> Bool {
        voters.contains(node) || (outgoing?.contains(node) ?? false)
    }

    /// Whether `node` has any part.
    public func contains(_ node: NodeID) -> Bool { isVoter(node) || learners.contains(node) }

    /// Whether `node` alone decides.
    public func isSoleVoter(_ node: NodeID) -> Bool {
        voters.count == 1 && voters.first == node && outgoing == nil
    }

    /// `1,2,3`, `2,3,4←1,2,3 learners=5`.
    public var description: String {
        func list(_ nodes: [NodeID]) -> String {
            nodes.map(\.description).joined(separator: ",")
        }
        var text = list(voters)
        if let outgoing { text += "←" + list(outgoing) }
        if !learners.isEmpty { text += " learners=" + list(learners) }
        return text
    }

    /// Appends the bytes above.
    public func encode(into bytes: inout [UInt8]) {
        bytes.append(UInt8(clamping: voters.count))
        bytes.append(outgoing.map { UInt8(clamping: $0.count) } ?? .max)
        bytes.append(UInt8(clamping: learners.count))
        for node in voters + (outgoing ?? []) + learners { bytes.appendInteger(node.rawValue) }
    }

    /// Reads the bytes above.
    public static func decode(_ reader: inout ByteReader) throws(CodecError) -> Configuration {
        let voters = try reader.integer(UInt8.self)
        let outgoing = try reader.integer(UInt8.self)
        let learners = try reader.integer(UInt8.self)
        return Configuration(
            decodedVoters: try list(voters, &reader),
            outgoing: outgoing == .max ? nil : try list(outgoing, &reader),
            learners: try list(learners, &reader)
        )
    }

    private init(decodedVoters voters: [NodeID], outgoing: [NodeID]?, learners: [NodeID]) {
        self.voters = voters
        self.outgoing = outgoing
        self.learners = learners
    }

    private static func list(
        _ count: UInt8,
        _ reader: inout ByteReader
    ) throws(CodecError) -> [NodeID] {
        guard count <= nodesMax else { throw .invalid(field: "nodes", value: UInt64(count)) }
        var nodes: [NodeID] = []
        for _ in 0..<count {
            let node = try reader.identifier(NodeID.self)
            guard node > (nodes.last ?? .zero) else {
                throw .invalid(field: "node", value: node.rawValue)
            }
            nodes.append(node)
        }
        return nodes
    }
}
