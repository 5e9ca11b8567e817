import WiberBase
import WiberRaft

/// What holds in every state, beside what ``RaftHistory`` notices as it happens (Raft, figure 3).
extension RaftWorld {
    mutating func check() {
        if bounds.isMembershipFixed { checkCommitted() }
        checkLeaders()
        for one in replicas.indices {
            for other in replicas.indices where other > one { checkMatching(one, other) }
        }
    }

    /// Whatever is committed is on the disks of a majority, now and for ever.
    private mutating func checkCommitted() {
        for (place, known) in history.committed.enumerated() {
            let index = LogIndex(UInt64(place + 1))
            let copies = replicas.count { $0.value.hasDurably(known.entry, at: index) }
            if copies <= replicas.count / 2 {
                return fail("\(index) is committed, but on \(copies) disks only")
            }
        }
    }

    /// A leader has everything that was committed in an earlier term (leader completeness).
    private mutating func checkLeaders() {
        for replica in replicas {
            guard let raft = replica.value.raft, raft.role == .leader else { continue }
            let log = replica.value.log
            for (place, known) in history.committed.enumerated() where known.by < raft.currentTerm {
                if place >= log.count || log[place] != known.entry {
                    return fail("leader \(raft.id) of \(raft.currentTerm) lacks \(place + 1)")
                }
            }
        }
    }

    /// Equal index and term mean an equal entry, and so do all before (log matching).
    private mutating func checkMatching(_ one: Int, _ other: Int) {
        let (left, right) = (replicas[one].value.log, replicas[other].value.log)
        var last = min(left.count, right.count)
        while last > 0, left[last - 1].term != right[last - 1].term { last -= 1 }
        for place in 0..<last where left[place] != right[place] {
            return fail("\(one + 1) and \(other + 1) agree on \(last) but not on \(place + 1)")
        }
    }
}
