import WiberBase
import WiberNode
import WiberRaft

/// Who belongs to the cluster, as its rules of formation have it (rules.md 17).
extension World {
    /// Whether a machine came back with an empty disk after the cluster had learned of its old one:
    /// it is refused until the node is replaced.
    func isForeign(_ place: Int) -> Bool {
        guard let own = machines[place].core?.storeID, machines[place].id != .zero else {
            return false
        }
        let id = machines[place].id
        return machines.contains { machine in
            guard let named = machine.core?.storesInLog?[id] else { return false }
            return named != .zero && named != own
        }
    }

    /// Whether some machines can elect a leader of meta among themselves: one of them has a log that
    /// is at least as long as those of a majority of all, whose stores it names.
    func canElect(_ places: [Int]) -> Bool {
        let isFormed = machines.contains { $0.core?.isFormed == true }
        return places.contains { candidate in
            guard let core = machines[candidate].core, let own = core.view(0) else { return false }
            guard let stores = core.storesInLog else { return !isFormed }
            let voters = places.filter { place in
                guard let core = machines[place].core, let view = core.view(0) else { return false }
                return stores[machines[place].id] == core.storeID
                    && (view.last.term, view.last.index) <= (own.last.term, own.last.index)
            }
            let ids = voters.map { machines[$0].id }
            return voters.contains(candidate)
                && own.configuration.isQuorum { ids.contains($0.node) }
        }
    }
}
