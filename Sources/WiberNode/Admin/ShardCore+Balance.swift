import WiberBase
import WiberMeta
import WiberRaft

/// Leaders spread over the nodes, when somebody asks for it: a cluster does not lead back by itself what
/// a failure or a person has moved.
extension ShardCore {
    /// How many topics change their leader at a time.
    private static let changesMax = 8
    private static let balanceWait = Instant.Span.seconds(9)

    func balance(_ token: UInt64) {
        adminTasks[token] = AdminTask(
            work: .balance(balancedLeaders),
            deadline: time.now + Self.balanceWait,
            nextAsk: time.now
        )
        advance(token)
    }

    /// A leader for each topic that has one: of the replicas that are up and not drained the one with the
    /// fewest so far, and the present one among equals.
    var balancedLeaders: [(group: GroupID, target: NodeID)] {
        var led: [NodeID: Int] = [:]
        var targets: [(group: GroupID, target: NodeID)] = []
        for record in meta.allTopics {
            guard let slot = slotOfGroup[record.group], let leader = groups[slot].leader else {
                continue
            }
            let able = groups[slot].members.map(\.node).filter(isAbleToLead)
            let best = able.min { one, other in
                (led[one] ?? 0, one == leader ? 0 : 1, one)
                    < (led[other] ?? 0, other == leader ? 0 : 1, other)
            }
            guard let best else { continue }
            led[best, default: 0] += 1
            if best != leader { targets.append((record.group, best)) }
        }
        return targets
    }

    private func isAbleToLead(_ node: NodeID) -> Bool {
        guard meta.node(node)?.isDrained == false else { return false }
        guard let place = place(of: node) else { return lameDuck == nil && fullDisk == nil }
        return peers[place].health == .alive && !liveness.isDiskStalled(node)
    }

    func advance(_ token: UInt64, _ targets: [(group: GroupID, target: NodeID)]) {
        guard let task = adminTasks[token] else { return }
        let open = targets.filter { group, target in
            slotOfGroup[group].map { groups[$0].leader != target } ?? false
        }
        guard !open.isEmpty else { return end(token, .done) }
        guard time.now < task.deadline else {
            let text =
                "\(open.count) of \(targets.count) topics have not changed their leader yet; look at"
                + " `wiber cluster status`, and give the command again"
            return end(token, .late(text))
        }
        guard task.nextAsk <= time.now else { return }
        adminTasks[token]?.nextAsk = time.now + .milliseconds(900)
        for (group, target) in open.prefix(Self.changesMax) {
            guard let slot = slotOfGroup[group] else { continue }
            askForTransfer(slot, to: target)
        }
    }
}
