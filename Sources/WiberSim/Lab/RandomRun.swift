import WiberBase
import WiberRaft

/// A cluster with faults at random, then a time to heal.
package final class RandomRun {
    let lab: RaftLab
    let seed: UInt64
    private let changesMembers: Bool
    private var context: UInt64 = 0
    /// How many changes of members were begun.
    private(set) var changes = 0

    /// A run of `count` nodes; of those whose members change, the first three vote at first.
    package init(count: Int, changesMembers: Bool, seed: UInt64) {
        self.seed = seed
        self.changesMembers = changesMembers
        lab = RaftLab(count: count, voters: changesMembers ? 3 : count, seed: seed)
        lab.conditions.latency = 200_000...lab.pick(1_000_000...30_000_000)
        lab.conditions.diskTime = 200_000...lab.pick(1_000_000...40_000_000)
        lab.conditions.dropped = lab.roll(500) ? lab.pick(0...200) : 0
        lab.conditions.duplicated = lab.roll(500) ? lab.pick(0...200) : 0
        lab.conditions.slowReads = lab.roll(500) ? lab.pick(0...300) : 0
        lab.conditions.failedReads = lab.roll(500) ? lab.pick(0...300) : 0
        lab.conditions.entriesPerAppend = lab.pick(1...8)
    }

    /// What did not hold.
    package var violations: [String] { lab.checks.violations }

    /// Lets everything happen.
    package func go() {
        // In a storm, leaders come and go before they have replicated much (Raft, figure 8).
        let isStormy = lab.roll(500)
        if isStormy {
            lab.conditions.latency = 200_000...2_000_000
            lab.conditions.diskTime = 200_000...lab.pick(1_000_000...8_000_000)
        }
        for _ in 0..<Int(lab.pick(20...120)) where lab.checks.violations.isEmpty {
            act()
            if isStormy, lab.roll(500) { lab.loseContact(anyPlace()) }
            if changesMembers, lab.roll(250) { changeMembers() }
            lab.run(milliseconds: lab.pick(0...(isStormy ? 60 : 200)))
        }
        recover()
    }

    private func anyPlace() -> Int { Int(lab.pick(0...UInt64(lab.nodes.count - 1))) }

    private func act() {
        let place = anyPlace()
        switch lab.pick(0...19) {
        case 0...6:
            for place in lab.nodes.indices {
                for _ in 0...Int(lab.pick(0...5)) { lab.propose(place) }
            }
        case 7...8: lab.crash(lab.roll(600) ? lab.leaderPlace ?? place : place)
        case 9...10: lab.restart(place)
        case 11: lab.partition(split())
        case 12: lab.block(from: place, to: anyPlace())
        case 13...14: lab.heal()
        case 15: lab.nodes[place].isDiskStalled.toggle()
        case 16:
            guard let leader = lab.leaderPlace else { return }
            let target = lab.roll(500) ? nil : NodeID(UInt64(place + 1))
            lab.step(leader, .transfer(to: target))
        case 17...18:
            context += 1
            lab.read(lab.roll(800) ? lab.leaderPlace ?? place : place, context)
        default:
            let other = anyPlace()
            guard other != place else { return }
            lab.step(place, .laneEnded(NodeID(UInt64(other + 1))))
            lab.schedule(.reconnect(place, other), after: lab.pick(1_000_000...50_000_000))
        }
        for place in lab.nodes.indices { lab.startDisk(place) }
    }

    /// Asks some leader for any configuration.
    private func changeMembers() {
        guard let leader = lab.leaderPlace else { return }
        var target = Configuration.Target(voters: [])
        for node in lab.nodes {
            switch lab.pick(0...3) {
            case 0...1: target.voters.append(node.id)
            case 2: target.learners.append(node.id)
            default: break
            }
        }
        if lab.nodes[leader].raft?.refusal(of: target) == nil { changes += 1 }
        lab.step(leader, .changeConfiguration(target))
    }

    private func split() -> [[Int]] {
        var parts: [[Int]] = [[], []]
        for place in lab.nodes.indices { parts[lab.roll(400) ? 0 : 1].append(place) }
        return parts
    }

    /// Everything gets well: a leader must come, and every node must catch up with it.
    private func recover() {
        lab.conditions = RaftLab.Conditions()
        lab.heal()
        for place in lab.nodes.indices {
            lab.nodes[place].isDiskStalled = false
            lab.restart(place)
            lab.startDisk(place)
        }
        lab.run(milliseconds: 10_000)
        guard let leader = lab.leaderPlace, lab.propose(leader) else {
            return lab.checks.fail("no leader after healing: \(summary)")
        }
        lab.run(milliseconds: 3_000)
        // A change may have been finished only now, and the leader may have left.
        guard let leader = lab.leaderPlace, let raft = lab.nodes[leader].raft else {
            return lab.checks.fail("no leader after a proposal: \(summary)")
        }
        if raft.configuration.isJoint { lab.checks.fail("joint for ever: \(summary)") }
        let last = lab.nodes[leader].log.count
        for node in lab.nodes
        where raft.configuration.contains(node.id) && Int(node.commit.rawValue) != last {
            lab.checks.fail("node \(node.id) is behind after healing: \(summary)")
        }
    }

    private var summary: String {
        lab.nodes.map { node in
            let raft = node.raft
            return
                "\(node.id): \(raft.map { "\($0.role)" } ?? "crashed") term=\(raft?.currentTerm ?? .zero) "
                + "leader=\(raft?.leader ?? .zero) commit=\(node.commit) log=\(node.log.count) "
                + "(\(raft?.configuration.description ?? "crashed"))"
        }.joined(separator: " | ")
    }
}
