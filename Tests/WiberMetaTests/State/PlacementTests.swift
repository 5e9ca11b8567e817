import Testing
import WiberBase
import WiberMeta

@Suite("Topics that may not be everywhere")
struct PlacementTests {
    private func nodes(_ ids: UInt64...) -> [NodeID] { ids.map { NodeID($0) } }

    /// Six nodes: zones a, a, b, b, c, c, and the odd ones with a fast disk.
    private var state: MetaState {
        var state = MetaState.formed(nodes: 6)
        for (place, zone) in ["a", "a", "b", "b", "c", "c"].enumerated() {
            let disk = place.isMultiple(of: 2) ? ["ssd"] : []
            tag(&state, UInt64(place + 1), disk + ["zone:\(zone)"])
        }
        return state
    }

    private func tag(_ state: inout MetaState, _ node: UInt64, _ tags: [String]) {
        _ = state.apply(.tagNode(NodeID(node), tags: tags), at: LogIndex(2))
    }

    private func placed(
        tags: [String] = [],
        spread: String? = nil,
        replicas: Int = 3
    ) -> TopicConfiguration {
        var topic = topic("t")
        topic.replicas = replicas
        topic.placement = .init(tags: tags, spread: spread)
        return topic
    }

    private let group = GroupID(5)

    private func create(_ state: inout MetaState, _ topic: TopicConfiguration) {
        let target = state.place(replicas: topic.replicas, on: topic.placement)
        _ = state.apply(.createTopic(topic, replicas: target), at: LogIndex(5))
    }

    @Test func `only nodes with all its tags are a topic's place`() {
        let state = state
        #expect(state.place(replicas: 3, on: .init(tags: ["ssd"])) == nodes(1, 3, 5))
        #expect(state.place(replicas: 5, on: .init(tags: ["ssd"])) == nodes(1, 3, 5))
        #expect(state.place(replicas: 3, on: .init(tags: ["ssd", "zone:b"])) == nodes(3))
        #expect(state.place(replicas: 3, on: .init(tags: ["tape"])) == [])
        #expect(state.place(replicas: 5) == nodes(1, 2, 3, 4, 5))
    }

    @Test func `no two of its nodes are in the same zone`() {
        var state = state
        let spread = TopicConfiguration.Placement(spread: "zone")
        #expect(state.place(replicas: 5, on: spread) == nodes(1, 3, 5))
        #expect(state.place(replicas: 3, on: spread, keeping: nodes(2, 4)) == nodes(2, 4, 5))
        #expect(state.place(replicas: 3, on: spread, avoiding: nodes(1, 5)) == nodes(2, 3, 6))
        #expect(state.place(replicas: 1, on: spread, avoiding: nodes(1, 2)) == nodes(3))
        tag(&state, 3, ["ssd"])
        tag(&state, 4, ["zone"])
        #expect(state.place(replicas: 3, on: spread) == nodes(1, 5))
        #expect(state.fits(nodes(2, 6), spread))
        for bad in [nodes(1, 2), nodes(1, 3), nodes(1, 9)] { #expect(!state.fits(bad, spread)) }
    }

    @Test func `each best place of a random cluster fits, and none is larger`() {
        var random = RandomSource(seed: 7)
        for _ in 0..<200 {
            var state = MetaState.formed(nodes: 6)
            for node in 1...6 as ClosedRange<UInt64> {
                let zone = ["zone:a", "zone:b", "zone:c"].randomElement(using: &random)
                let disk = Bool.random(using: &random) ? "ssd" : nil
                let tags = [zone, disk].compactMap {
                    Int.random(in: 0..<5, using: &random) > 0 ? $0 : nil
                }
                tag(&state, node, tags)
            }
            let tags = Bool.random(using: &random) ? ["ssd"] : []
            let spread = Bool.random(using: &random) ? "zone" : nil
            let placement = TopicConfiguration.Placement(tags: tags, spread: spread)
            let found = state.place(replicas: 6, on: placement)
            #expect(state.fits(found, placement))
            let subsets = (0..<64).map { bits in
                (0..<6).filter { bits >> $0 & 1 == 1 }.map { NodeID(UInt64($0 + 1)) }
            }
            let best = subsets.filter { state.fits($0, placement) }.map(\.count).max()
            #expect(found.count == best)
        }
    }

    @Test func `without enough such nodes nothing is created, and the reason names all tags`() {
        var state = state
        tag(&state, 6, [])
        for (topic, words) in [
            (placed(tags: ["ssd"], replicas: 4), "4 replicas on nodes with ssd need as many nodes"),
            (
                placed(spread: "zone", replicas: 5),
                "5 replicas on nodes, each of another zone, need"
            ),
            (
                placed(tags: ["ssd", "zone:a"]),
                "on nodes with ssd zone:a need as many nodes, and 1"
            ),
        ] {
            let refusal = state.refusal(of: .createTopic(topic, replicas: nodes(1, 3, 5)))
            #expect(refusal?.contains(words) == true, "\(refusal ?? "")")
            #expect(refusal?.contains("n1 has ssd zone:a, n2 has zone:a,") == true)
            #expect(refusal?.contains("n6 has no tags") == true)
        }
        #expect(state.refusal(of: .createTopic(placed(tags: ["ssd"]), replicas: [])) == nil)
    }

    @Test func `a topic does not move where it may not be`() {
        var state = state
        create(&state, placed(tags: ["ssd"], replicas: 2))
        #expect(state.topic(group)?.replicas == nodes(1, 3))
        #expect(state.refusal(of: .move(group, to: nodes(1, 5))) == nil)
        let refusal = state.refusal(of: .move(group, to: nodes(1, 2)))
        #expect(
            refusal?.contains("not right for the topic, which is to be on nodes with ssd: n1 has")
                == true
        )
        let zeros = Array(repeating: NodeID.zero, count: 4)
        let tooMany = state.refusal(of: .move(group, to: zeros))
        #expect(tooMany?.contains("4 replicas on nodes with ssd") == true)
    }

    @Test func `a topic is misplaced once its placement or the tags are others, until it moves`() {
        var state = state
        create(&state, placed(tags: ["ssd"], replicas: 2))
        #expect(state.misplacedCount == 0)
        tag(&state, 1, ["zone:a"])
        #expect(state.isMisplaced(group) && state.misplacedTopics.map(\.group) == [group])
        _ = state.apply(.move(group, to: nodes(3, 5)), at: LogIndex(9))
        #expect(state.misplacedCount == 0 && state.movingCount == 1)
        let members = state.topic(group)?.move?.target ?? []
        _ = state.apply(.settled(group, move: LogIndex(9), members: members), at: LogIndex(10))
        #expect(state.misplacedCount == 0 && state.movingCount == 0)
        let before = state.topic(group)?.configuration
        var after = placed(tags: ["zone:b"], replicas: 2)
        #expect(state.refusal(of: .updateTopic(group, from: before, to: after)) == nil)
        _ = state.apply(.updateTopic(group, from: before, to: after), at: LogIndex(11))
        #expect(state.isMisplaced(group))
        let changed = state.topic(group)?.configuration
        after.placement.tags = ["tape"]
        let refusal = state.refusal(of: .updateTopic(group, from: changed, to: after))
        #expect(refusal?.contains("on nodes with tape need as many nodes, and 0") == true)
        _ = state.apply(.deleteTopic(group), at: LogIndex(12))
        #expect(state.misplacedCount == 0)
    }

    @Test func `a node without which a topic has no place does not leave`() {
        var state = state
        create(&state, placed(spread: "zone"))
        #expect(state.refusal(of: .removeNode(NodeID(1))) == nil, "n2 is in its zone, too")
        tag(&state, 2, [])
        let refusal = state.refusal(of: .removeNode(NodeID(1)))
        #expect(refusal?.contains("without n1, topic t has no place: 3 replicas") == true)
        #expect(state.refusal(of: .removeNode(NodeID(2))) == nil, "it holds nothing of it")
        #expect(state.apply(.removeNode(NodeID(1)), at: LogIndex(9)) == [])
    }

    @Test func `a node's tags are what it said last, and nonsense changes nothing`() {
        var state = MetaState.formed()
        let command = MetaCommand.tagNode(NodeID(2), tags: ["ssd"])
        #expect(state.refusal(of: command) == nil)
        #expect(state.apply(command, at: LogIndex(2)) == [.nodeTagged(NodeID(2))])
        #expect(state.apply(command, at: LogIndex(3)) == [])
        #expect(state.refusal(of: command) == "node n2 has these tags")
        #expect(state.node(NodeID(2))?.tags == ["ssd"])
        for (node, tags) in [(9, ["a"]), (2, ["a b"]), (2, ["z:a", "z:b"])] {
            let bad = MetaCommand.tagNode(NodeID(UInt64(node)), tags: tags)
            #expect(state.refusal(of: bad) != nil)
            #expect(state.apply(bad, at: LogIndex(4)) == [])
        }
    }
}
