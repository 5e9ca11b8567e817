import WiberBase
import WiberLog

/// Groups whose segments were damaged at the start: repaired from other replicas before they are
/// in use (rules.md 4; reliability §3, rules 2 and 5).
///
/// Nothing is cut and nothing is concluded from what is missing. Until every entry is back the
/// group does not vote, campaign, append or acknowledge here, and it serves other replicas' repairs
/// with what is intact; so replicas that are damaged in different places heal each other.
extension ShardCore {
    /// Reads an impaired group's segments; what is damaged is asked for next.
    func startRecovery(_ group: GroupID, span: UInt64 = 1) {
        guard let plan = store.recovery(of: group) else { return }
        let token = token()
        recoveries[token] = (group, min(span, RepairTask.spanMax))
        emit(.runRecovery(token: token, plan))
    }

    func recoveryCompleted(_ token: UInt64, _ result: Result<GroupRecovery.Outcome, LogError>) {
        guard let (group, span) = recoveries.removeValue(forKey: token), !store.isRemoved(group)
        else { return }
        switch result {
        case .success(let outcome): healed(group, outcome)
        case .failure(.disk(let error)): emit(.fatal("\(error)"))
        case .failure(let error):
            guard case .damaged(let list) = error, let damage = list.first, let cure = damage.cure
            else { return stuck(group, "\(error)") }
            var task = RepairTask(damage, cure, span: span, at: time.now)
            task.isForRecovery = true
            if !add(task) { groupsToRecover.insert(group) }
        }
    }

    private func healed(_ group: GroupID, _ outcome: GroupRecovery.Outcome) {
        guard let summary = store.heal(group, outcome) else {
            if store.recovery(of: group) == nil { return }  // The end of its log comes next.
            return stuck(group, "its segments do not fit its write-ahead log")
        }
        counters.groupsHealed += 1
        trace(.info, "group repaired", [("group", "\(group)"), ("last", "\(summary.last)")])
        recoveredGroups.append(summary)
        if let slot = slotOfGroup[group] { activate(slot) }
    }

    private func stuck(_ group: GroupID, _ why: String) {
        trace(.error, "a group cannot be repaired", [("group", "\(group)"), ("why", why)])
        groupsToRecover.insert(group)
        nextRecovery = max(nextRecovery, time.now + limits.repairWait)
    }

    /// What could not be repaired is tried again, for ever: another node may come back.
    func retryRecoveries() {
        guard !groupsToRecover.isEmpty, nextRecovery <= time.now else { return }
        nextRecovery = time.now + .seconds(1)
        let again = groupsToRecover.sorted()
        groupsToRecover = []
        for group in again {
            if store.isImpaired(group) {
                startRecovery(group)
            } else if let slot = slotOfGroup[group] {
                activate(slot)
            }
        }
    }

    /// Why the node does not serve yet, if a group is being repaired.
    package var recoveryReadiness: String? {
        let waiting = groups.first { group in
            group.raft == nil
                && (group.id == .meta
                    || group.replicas.contains { $0.node == selfID && $0.since == .zero })
                && !store.isRemoved(group.id)
        }
        guard let id = store.impairedGroups.first ?? waiting?.id else { return nil }
        if store.isInstalling(id) { return "group \(id) takes a snapshot from another node" }
        return "group \(id) is damaged on this disk and waits for entries from other nodes"
    }
}
