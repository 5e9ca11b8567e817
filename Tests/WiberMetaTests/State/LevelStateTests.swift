import Testing
import WiberBase
import WiberMeta

@Suite("The cluster's feature level in the meta log")
struct LevelStateTests {
    private let old = LevelRange(.base, .base)
    private let new = LevelRange(.base, .software)

    /// Three nodes whose stores are known.
    private var bound: MetaState {
        var state = MetaState.formed()
        for number: UInt64 in 1...3 {
            let store = UniqueID(high: 5, low: number)
            _ = state.apply(
                .bindStore(node: NodeID(number), storeID: store),
                at: LogIndex(1 + number)
            )
        }
        return state
    }

    private func announce(
        _ state: inout MetaState,
        _ node: UInt64,
        _ levels: LevelRange,
        _ software: String? = nil
    ) -> [MetaChange] {
        state.apply(.announce(NodeID(node), levels, software: software), at: LogIndex(20))
    }

    private func raise(_ state: inout MetaState, _ level: FeatureLevel = .software) -> [MetaChange]
    {
        state.apply(.raise(level), at: LogIndex(30))
    }

    @Test func `it rises only when every node has said that it knows the next one`() {
        var state = bound
        #expect(state.level == .base)
        #expect(raise(&state) == [], "nobody has said anything")
        #expect(announce(&state, 1, new) == [.nodeAnnounced(NodeID(1))])
        #expect(announce(&state, 1, new) == [], "the same again")
        #expect(announce(&state, 2, new).count == 1)
        #expect(announce(&state, 3, old).count == 1)
        #expect(state.nodes(without: .software).map(\.id) == [NodeID(3)])
        #expect(state.levelOfAll == .base)
        #expect(raise(&state) == [])
        #expect(announce(&state, 3, new).count == 1)
        #expect(state.levelOfAll == .software)
        #expect(raise(&state, FeatureLevel(rawValue: 3)) == [], "nobody knows that one")
        #expect(raise(&state) == [.levelRaised(.software)])
        #expect(raise(&state) == [], "it was raised")
        #expect(raise(&state, .base) == [], "it never falls")
        #expect(state.level == .software)
    }

    @Test func `who says less than the level is not heard, and who leaves is not waited for`() {
        var state = bound
        for node: UInt64 in 1...3 { _ = announce(&state, node, new) }
        #expect(raise(&state).count == 1)
        #expect(announce(&state, 2, old) == [])
        #expect(state.node(NodeID(2))?.levels == new)

        state = bound
        _ = announce(&state, 1, new)
        _ = announce(&state, 2, new)
        _ = announce(&state, 3, old)
        let other = sampleNode(9)
        #expect(
            state.apply(.addNode(other, replacing: NodeID(3)), at: LogIndex(25)).count == 2,
            "another one comes for n3"
        )
        #expect(raise(&state) == [.levelRaised(.software)], "who never came does not count")
        #expect(state.node(NodeID(4))?.levels == nil)
    }

    @Test func `a name of a release comes with level 2`() {
        #expect(MetaCommand.announce(NodeID(1), new, software: nil).level == .base)
        #expect(MetaCommand.announce(NodeID(1), new, software: "0.2").level == .software)
        #expect(MetaCommand.raise(.software).level == .base, "whoever is left behind must see it")
        var state = bound
        _ = announce(&state, 1, new, "0.2")
        #expect(state.node(NodeID(1))?.software == "0.2")
    }

    @Test func `compression of a topic comes with level 3`() {
        let plain = TopicConfiguration(name: "orders", replicas: 1)
        var small = plain
        small.compression = .zstd
        #expect(MetaCommand.createTopic(plain, replicas: []).level == .base)
        #expect(MetaCommand.createTopic(small, replicas: []).level == .compression)
        let group = GroupID(9)
        #expect(MetaCommand.updateTopic(group, from: plain, to: plain).level == .base)
        #expect(MetaCommand.updateTopic(group, from: nil, to: plain).level == .base)
        #expect(MetaCommand.updateTopic(group, from: plain, to: small).level == .compression)
        #expect(MetaCommand.updateTopic(group, from: small, to: plain).level == .compression)
    }

    @Test func `a name that is none, and flags of a later version, are refused`() {
        var bytes = MetaCommand.announce(NodeID(1), new, software: "0.2").encoded
        func decode() throws -> MetaCommand {
            try bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                return try MetaCommand.decode(&reader)
            }
        }
        #expect(throws: Never.self) { try decode() }
        bytes[bytes.count - 1] = UInt8(ascii: "\n")
        #expect(throws: CodecError.self) { try decode() }
        bytes = MetaCommand.announce(NodeID(1), new, software: nil).encoded
        bytes[bytes.count - 1] = 2
        #expect(throws: CodecError.self) { try decode() }
    }
}
