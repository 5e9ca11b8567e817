import Testing
import WiberBase
import WiberMeta

@Suite("The state of the cluster")
struct MetaStateTests {
    @Test func `a cluster forms once`() {
        var state = MetaState()
        #expect(!state.isFormed)
        let nodes = [sampleNode(2), sampleNode(1)]
        #expect(
            state.apply(.form(clusterID: sampleCluster, nodes: nodes), at: LogIndex(1))
                == [.formed(sampleCluster)]
        )
        #expect(state.nodes.map(\.id) == [NodeID(1), NodeID(2)])
        let other = UniqueID(high: 9, low: 9)
        #expect(state.apply(.form(clusterID: other, nodes: [sampleNode(3)]), at: LogIndex(2)) == [])
        #expect(state.clusterID == sampleCluster)
    }

    @Test func `a cluster without nodes, or with one twice, does not form`() {
        var state = MetaState()
        for nodes in [[], [sampleNode(1), sampleNode(1)], [sampleNode(0)]] {
            #expect(
                state.apply(.form(clusterID: sampleCluster, nodes: nodes), at: LogIndex(1)) == []
            )
        }
        #expect(!state.isFormed)
    }

    @Test func `a node is bound to one store, and a store to one node`() {
        var state = MetaState.formed()
        let one = UniqueID(high: 0, low: 1)
        let two = UniqueID(high: 0, low: 2)
        func bind(_ id: UInt64, _ store: UniqueID, _ state: inout MetaState) -> [MetaChange] {
            state.apply(.bindStore(node: NodeID(id), storeID: store), at: LogIndex(2))
        }
        #expect(bind(1, one, &state) == [.storeBound(NodeID(1), one)])
        #expect(bind(1, two, &state) == [])
        #expect(bind(2, one, &state) == [])
        #expect(bind(2, .zero, &state) == [])
        #expect(bind(9, two, &state) == [])
        #expect(state.node(NodeID(1))?.storeID == one)
        #expect(state.node(NodeID(2))?.storeID == .zero)
    }

    @Test func `a topic's group is the index of the entry that made it`() {
        var state = MetaState.formed()
        let command = MetaCommand.createTopic(topic("a"), replicas: [NodeID(2), NodeID(1)])
        #expect(state.apply(command, at: LogIndex(5)) == [.topicCreated(GroupID(5))])
        #expect(state.group(named: "a") == GroupID(5))
        #expect(state.topic(GroupID(5))?.replicas == [NodeID(1), NodeID(2)])
    }

    @Test func `making a topic again changes nothing`() {
        var state = MetaState.formed()
        state.create(topic("a"), replicas: 1, at: 5)
        state.create(topic("a", ["other"]), replicas: 3, at: 6)
        #expect(state.topicCount == 1)
        #expect(state.group(named: "a") == GroupID(5))
        #expect(state.group(capturing: "other") == nil)
    }

    @Test func `a topic on unknown, repeated, no or too many nodes is not made`() {
        var state = MetaState.formed(nodes: 20)
        for replicas in [
            [], [NodeID(99)], [NodeID(1), NodeID(1)], (1...16).map { NodeID($0) },
        ] {
            let command = MetaCommand.createTopic(topic("a"), replicas: replicas)
            #expect(state.apply(command, at: LogIndex(5)) == [])
        }
        let badName = MetaCommand.createTopic(topic("a b"), replicas: [NodeID(1)])
        #expect(state.apply(badName, at: LogIndex(5)) == [])
        #expect(state.topicCount == 0)
    }

    @Test func `a deleted topic leaves its name, its subjects and its place`() {
        var state = MetaState.formed()
        state.create(topic("a"), replicas: 1, at: 5)
        let changes = state.apply(.deleteTopic(GroupID(5)), at: LogIndex(6))
        guard changes.count == 1, case .topicDeleted(let record) = changes[0] else {
            Issue.record("\(changes)")
            return
        }
        #expect(record.group == GroupID(5) && record.configuration.name == "a")
        #expect(state.apply(.deleteTopic(GroupID(5)), at: LogIndex(7)) == [])
        #expect(state.group(named: "a") == nil)
        #expect(state.group(capturing: "a.b") == nil)
        #expect(state.place(replicas: 1) == [NodeID(1)])
        state.create(topic("a"), replicas: 1, at: 8)
        #expect(state.group(named: "a") == GroupID(8))
    }

    @Test func `topics come oldest first`() {
        var state = MetaState.formed()
        for index in [UInt64(9), 12, 30] {
            state.create(topic("t\(index)"), replicas: 1, at: index)
        }
        #expect(state.allTopics.map(\.group.rawValue) == [9, 12, 30])
    }

    @Test(arguments: [1, 2, 3, 5], UInt64(1)...7)
    func `replicas are spread evenly`(replicas: Int, nodes: UInt64) {
        var state = MetaState.formed(nodes: nodes)
        var load: [NodeID: Int] = [:]
        for index in UInt64(2)..<40 {
            let place = state.place(replicas: replicas)
            #expect(place.count == min(replicas, Int(nodes)))
            #expect(place == Set(place).sorted())
            for node in place { load[node, default: 0] += 1 }
            state.create(topic("t\(index)"), replicas: replicas, at: index)
            let most = load.values.max() ?? 0
            let least = load.count < Int(nodes) ? 0 : load.values.min() ?? 0
            #expect(most - least <= 1)
        }
    }

    @Test func `without nodes there is no place`() {
        #expect(MetaState().place(replicas: 3) == [])
    }

    @Test func `the first leader is another one for the next topic`() {
        var state = MetaState.formed()
        for index in UInt64(3)...5 { state.create(topic("t\(index)"), replicas: 3, at: index) }
        #expect(Set(state.allTopics.map(\.firstLeader)).count == 3)
    }
}
