import Testing
import WiberBase
import WiberMeta
import WiberRaft
import WiberTopic

@testable import WiberNode

@Suite("Nodes join a cluster, leave it, and take the place of others")
struct MembershipTests {
    private func lab(nodes: Int = 3, seed: UInt64 = 1) -> NodeLab {
        var options = NodeLab.Options()
        options.nodes = nodes
        options.seed = seed
        options.topics = [TopicConfiguration(name: "news", replicas: min(3, nodes))]
        let lab = NodeLab(options)
        #expect(lab.run { lab.isSettled("news") })
        return lab
    }

    private func meta(_ lab: NodeLab, _ place: Int) -> (state: MetaState, of: Configuration)? {
        guard let core = lab.machines[place].core, let raft = core.groups[0].raft else {
            return nil
        }
        return (core.meta, raft.configuration)
    }

    /// Whether these machines, and no others, are the cluster, and all of them know it.
    private func isCluster(_ lab: NodeLab, of places: [Int], voters: Int) -> Bool {
        let stores = Set(places.compactMap { lab.machines[$0].core?.storeID })
        return stores.count == places.count
            && places.allSatisfy { place in
                guard let (state, configuration) = meta(lab, place) else { return false }
                return Set(state.nodes.map(\.storeID)) == stores && !configuration.isJoint
                    && configuration.members == state.nodes.map(\.id)
                    && configuration.voters.count == voters
                    && lab.machines[place].core?.readiness() == nil
            }
    }

    private func isHeld(_ lab: NodeLab, by places: [Int]) -> Bool {
        lab.isSettled("news") && lab.replicas("news") == places
    }

    private func failures(_ lab: NodeLab) -> [String] { lab.machines.compactMap(\.failure) }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `a new node joins, wherever its name stands in the list, and takes topics`(
        seed: UInt64
    ) throws {
        let lab = lab(seed: seed)
        let new = lab.addMachine(seed.isMultiple(of: 2) ? "n4" : "a0")
        let name = lab.machines[new].name
        if seed < 3 { lab.start(new) }  // It may wait for the command.
        lab.run(for: .seconds(2))
        #expect(lab.administer(at: 1, .addNode(lab.address(new))) == .done)
        lab.start(new)
        #expect(lab.run { isCluster(lab, of: [0, 1, 2, 3], voters: 3) })
        #expect(lab.publish(node: new, "news", "from the new one") != nil)
        let move = AdminCommand.moveTopic(name: "news", nodes: ["n2", "n3", name])
        #expect(lab.administer(at: new, move) == .done)
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: [1, 2, 3]) })
        #expect(lab.publish(node: 0, "news", "from an old one") != nil)
        for place in lab.machines.indices { lab.kill(place) }
        for place in lab.machines.indices { lab.start(place) }
        #expect(lab.run { isCluster(lab, of: [0, 1, 2, 3], voters: 3) })
        #expect(lab.run { isHeld(lab, by: [1, 2, 3]) })
        #expect(lab.messages("news", new).count == 2)
        #expect(failures(lab) == [])
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `a node leaves: what it holds goes elsewhere, it stops, and nobody lets it in again`(
        seed: UInt64
    ) throws {
        let lab = lab(nodes: 4, seed: seed)
        #expect(lab.publish(node: 0, "news", "a") != nil)
        let leaving = try #require(lab.replicas("news").first { $0 < 3 })
        let name = lab.machines[leaving].name
        #expect(lab.administer(at: 0, .removeNode(name)) == .done)
        let rest = [0, 1, 2, 3].filter { $0 != leaving }
        #expect(lab.run(within: .seconds(30)) { isCluster(lab, of: rest, voters: 3) })
        #expect(isHeld(lab, by: rest))
        #expect(lab.run { lab.machines[leaving].failure?.contains("was removed") == true })
        lab.start(leaving)
        #expect(lab.run { lab.machines[leaving].failure?.contains("was removed") == true })
        #expect(lab.publish(node: rest[0], "news", "b") != nil)
        #expect(lab.run { lab.messages("news", rest[2]).count == 2 })
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `an empty disk takes the place of a lost one, under the same name`(seed: UInt64) throws {
        let lab = lab(seed: seed)
        for number in 1...30 { #expect(lab.publish(node: 1, "news", "a\(number)") != nil) }
        let lost = Int(seed % 3)
        let name = lab.machines[lost].name
        lab.wipe(lost)
        lab.start(lost)
        #expect(lab.run { lab.machines[lost].failure?.contains("replace-node \(name)") == true })
        let other = (lost + 1) % 3
        #expect(lab.administer(at: other, .replaceNode(name, by: nil)) == .done)
        lab.start(lost)
        #expect(lab.run(within: .seconds(30)) { isCluster(lab, of: [0, 1, 2], voters: 3) })
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: [0, 1, 2]) })
        #expect(lab.messages("news", lost).map(\.text) == (1...30).map { "a\($0)" })
        // Both have the same address, and only one of them is called there.
        let opened = lab.story.count { $0.contains("lane opened node=\(name) ") }
        #expect(opened < 10, "\(opened) lanes to \(name) were opened by the other two")
        #expect(lab.machines[lost].core?.selfID == NodeID(4))
        // Whatever the file says of it, it is who it was.
        lab.kill(lost)
        lab.kill((lost + 2) % 3)
        lab.start(lost)
        #expect(lab.publish(node: lost, "news", "b") != nil)
    }

    @Test func `another machine takes over from one that runs`() throws {
        let lab = lab()
        #expect(lab.publish(node: 0, "news", "a") != nil)
        let new = lab.addMachine("n2")
        lab.start(new)
        let address = lab.address(new)
        #expect(lab.administer(at: 2, .replaceNode("n2", by: address)) == .done)
        #expect(lab.run(within: .seconds(30)) { isCluster(lab, of: [0, 2, 3], voters: 3) })
        #expect(lab.run(within: .seconds(30)) { isHeld(lab, by: [0, 2, 3]) })
        #expect(lab.run { lab.machines[1].failure?.contains("was removed") == true })
        #expect(lab.messages("news", new).count == 1)
    }

    @Test func `a cluster grows from one node to five and shrinks to one`() throws {
        let lab = lab(nodes: 1)
        #expect(lab.publish(node: 0, "news", "a") != nil)
        for place in 1...4 {
            _ = lab.addMachine("n\(place + 1)")
            #expect(lab.administer(at: 0, .addNode(lab.address(place))) == .done)
            lab.start(place)
            let voters = [2, 3, 3, 5][place - 1]
            #expect(lab.run { isCluster(lab, of: Array(0...place), voters: voters) })
        }
        #expect(lab.administer(at: 3, .setReplicas(name: "news", 3)) == .done)
        #expect(lab.run(within: .seconds(30)) { lab.replicas("news").count == 3 })
        #expect(lab.run { lab.isSettled("news") })
        #expect(lab.administer(at: 3, .setReplicas(name: "news", 1)) == .done)
        for place in (1...4).reversed() {
            #expect(lab.administer(at: 0, .removeNode("n\(place + 1)")) == .done)
            let voters = min(3, place)
            #expect(
                lab.run(within: .seconds(30)) {
                    isCluster(lab, of: Array(0..<place), voters: voters)
                }
            )
        }
        #expect(lab.publish(node: 0, "news", "b") != nil)
        #expect(lab.run { lab.messages("news", 0).count == 2 })
    }

    @Test func `commands that make no sense are refused with what to do`() throws {
        let lab = lab()
        func refusal(_ command: AdminCommand) -> String {
            if case .refused(let text)? = lab.administer(at: 1, command) { return text }
            return "not refused"
        }
        #expect(refusal(.addNode(lab.address(1))).contains("there is a node n2"))
        var other = lab.address(1)
        other.name = "n9"
        #expect(refusal(.addNode(other)).contains("n2 is at n2:5001 already"))
        other.host = ""
        #expect(refusal(.addNode(other)).contains("needs a host"))
        other.name = "a.b"
        #expect(refusal(.addNode(other)).contains("1 to 63 of A-Z"))
        #expect(refusal(.removeNode("n3")).contains("wiber topic replicas news 2"))
        #expect(refusal(.removeNode("n7")).contains("the nodes are n1, n2, n3"))
        #expect(refusal(.replaceNode("n7", by: nil)).contains("there is no node n7"))
        #expect(lab.administer(at: 1, .replaceNode("n3", by: nil)) == .done)
        #expect(refusal(.replaceNode("n3", by: nil)).contains("n3"))
    }

    @Test func `an address that is none is not written down, not even once`() throws {
        let lab = lab()
        #expect(lab.run { isCluster(lab, of: [0, 1, 2], voters: 3) })
        lab.run(for: .seconds(1))
        let last = lab.machines[0].core?.groups[0].raft?.commitIndex ?? .zero
        for (place, host) in ["a b\r\n", String(repeating: "a", count: 254)].enumerated() {
            lab.kill(place)
            lab.machines[place].host = host
            lab.start(place)
        }
        lab.run(for: .seconds(5))
        #expect(lab.run { isCluster(lab, of: [0, 1, 2], voters: 3) })
        let now = lab.machines[0].core?.groups[0].raft?.commitIndex ?? .zero
        #expect(now.rawValue <= last.rawValue + 20, "only elections write to the meta log")
    }

    @Test func `a node whose address changes says so itself`() throws {
        let lab = lab()
        #expect(lab.run { isCluster(lab, of: [0, 1, 2], voters: 3) })
        let new = lab.addMachine("n2")
        lab.kill(1)
        lab.machines[new].disk = lab.machines[1].disk.afterProcessCrash()
        lab.start(new)  // The same data on another machine.
        let isKnown = {
            [0, 2].allSatisfy { place in
                meta(lab, place)?.state.node(named: "n2")?.rpcPort == UInt16(5_000 + new)
            }
        }
        #expect(lab.run { isKnown() })
        #expect(lab.run { lab.isSettled("news") })
    }
}
