import Testing
import WiberBase
import WiberRaft

@testable import WiberNode

@Suite("A cluster that forms")
struct FormationTests {
    @Test(arguments: 1...12)
    func `the power may go when one node alone knows that the cluster exists`(seed: UInt64) {
        let lab = NodeLab(nodes: 3, seed: seed)
        #expect(lab.run { lab.formed.count == 1 })
        for place in 0..<3 { lab.cutPower(place) }
        lab.run(for: .seconds(1))
        for place in 0..<3 { lab.start(place) }
        #expect(lab.run { lab.publish(node: 0, "news", "first") != nil })
        #expect(lab.run { lab.formed.count == 3 })
    }

    @Test(arguments: 1...4)
    func `a node that missed the formation helps to elect one that did not`(seed: UInt64) {
        let lab = NodeLab(nodes: 3, seed: seed)
        #expect(lab.run { lab.haveMet })
        lab.isolate(2)
        #expect(lab.run { lab.formed == [0, 1] })
        lab.wipe(1)
        lab.heal()
        #expect(lab.run { lab.publish(node: 2, "news", "first") != nil })
        #expect(lab.formed == [0, 2])
    }

    @Test(arguments: 1...6)
    func `until a cluster has formed, a term belongs to one node`(seed: UInt64) {
        let lab = NodeLab(nodes: 3, seed: seed)
        var led: [UInt64: Int] = [:]
        for round in 0..<2_000 where lab.formed.isEmpty {
            lab.run(for: .milliseconds(2))
            for place in 0..<3 {
                guard let view = lab.machines[place].core?.view(ShardCore.metaSlot),
                    view.role == .candidate || view.role == .leader
                else { continue }
                #expect((view.term.rawValue - 1) % 3 == UInt64(place))
                #expect(led.updateValue(place, forKey: view.term.rawValue) ?? place == place)
            }
            guard round % 40 == 39, round < 1_000 else { continue }
            lab.wipe(round / 40 % 3)
            lab.start(round / 40 % 3)
        }
        #expect(!led.isEmpty)
        #expect(lab.run { !lab.formed.isEmpty })
    }

    @Test(arguments: 1...4)
    func `an empty disk in the place of one that acknowledged helps nobody`(seed: UInt64) {
        let lab = NodeLab(nodes: 3, seed: seed)
        #expect(lab.run { lab.publish(node: 0, "news", "first") != nil })
        lab.isolate(2)
        #expect(lab.run { lab.publish(node: 0, "news", "on two nodes") != nil })
        lab.kill(0)
        lab.wipe(1)
        lab.heal()
        lab.start(1)
        lab.run(for: .seconds(10))
        #expect(lab.leader("news") == nil)
        #expect(lab.machines[1].failure?.contains("replace-node") == true)
        lab.start(0)
        #expect(lab.run { lab.messages("news", 2).map(\.text) == ["first", "on two nodes"] })
    }
}

extension NodeLab {
    /// The machines that belong to a cluster.
    fileprivate var formed: [Int] {
        machines.indices.filter { machines[$0].core?.isFormed == true }
    }

    /// Whether every machine has heard of every other one's store.
    fileprivate var haveMet: Bool {
        machines.allSatisfy { machine in
            guard let core = machine.core else { return false }
            return core.peers.allSatisfy { $0.id == core.selfID || $0.storeID != .zero }
        }
    }
}
