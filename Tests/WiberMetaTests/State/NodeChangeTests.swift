import Testing
import WiberBase
import WiberMeta

@Suite("Nodes of a cluster come and go")
struct NodeChangeTests {
    private func node(_ name: String, port: UInt16 = 9_000) -> NodeRecord {
        NodeRecord(
            id: .zero,
            name: name,
            host: "10.0.0.\(port % 250)",
            port: port,
            rpcPort: port + 1_000,
            httpPort: port + 4_000,
            storeID: .zero
        )
    }

    @Test func `a number is given once, also when its node is gone`() {
        var state = MetaState.formed()
        let first = state.nodes.count
        var index: UInt64 = 10
        for turn in 1...3 {
            index += 1
            let new = NodeID(UInt64(first + turn))
            #expect(
                state.apply(.addNode(node("x"), replacing: nil), at: LogIndex(index)) == [
                    .nodeAdded(new)
                ]
            )
            #expect(state.node(new)?.since == LogIndex(index))
            let store = UniqueID(high: 9, low: index)
            #expect(
                state.apply(.bindStore(node: new, storeID: store), at: LogIndex(index)).count == 1
            )
            #expect(state.apply(.forgetNode(new), at: LogIndex(index)) == [], "it does not leave")
            #expect(state.apply(.removeNode(new), at: LogIndex(index)) == [.nodeLeaving(new)])
            #expect(state.apply(.removeNode(new), at: LogIndex(index)) == [])
            #expect(state.apply(.drain(new, false), at: LogIndex(index)) == [])
            #expect(state.apply(.forgetNode(new), at: LogIndex(index)).count == 1)
            #expect(state.formerStores.contains(store))
            #expect(state.node(new) == nil)
        }
    }

    @Test func `who has not come holds nothing, and who leaves gets nothing more`() {
        var state = MetaState.formed()
        let count = state.nodes.count
        _ = state.apply(.addNode(node("x"), replacing: nil), at: LogIndex(5))
        #expect(state.place(replicas: 15).count == count)
        let new = NodeID(UInt64(count + 1))
        let store = UniqueID(high: 9, low: 9)
        _ = state.apply(.bindStore(node: new, storeID: store), at: LogIndex(6))
        #expect(state.place(replicas: 15).contains(new))
        _ = state.apply(.removeNode(new), at: LogIndex(7))
        #expect(state.place(replicas: 15).count == count)
    }

    @Test func `one command lets a node leave and another of its name come`() {
        var state = MetaState.formed()
        let old = state.nodes[0]
        let changes = state.apply(
            .addNode(node(old.name), replacing: old.id),
            at: LogIndex(5)
        )
        let new = NodeID(UInt64(state.nodes.count))
        #expect(changes == [.nodeAdded(new), .nodeLeaving(old.id)])
        #expect(state.node(named: old.name)?.id == new)
        #expect(
            state.apply(.addNode(node(old.name), replacing: old.id), at: LogIndex(6)) == [],
            "it leaves already"
        )
    }

    @Test func `a cluster has a limit, and no command before it is formed counts`() {
        var none = MetaState()
        #expect(none.apply(.addNode(node("x"), replacing: nil), at: LogIndex(1)) == [])
        var state = MetaState.formed()
        for number in 0..<30 {
            let new = node("x\(number)", port: UInt16(9_000 + number))
            _ = state.apply(.addNode(new, replacing: nil), at: LogIndex(UInt64(10 + number)))
        }
        #expect(state.nodes.count == MetaState.nodesMax)
    }
}
