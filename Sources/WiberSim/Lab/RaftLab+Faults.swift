import WiberBase
import WiberRaft

/// What goes wrong, and what gets well again.
extension RaftLab {
    /// Ends a node's process.
    ///
    /// Of what was on its way to the disk, the first `keeping` got there, or any number.
    func crash(_ place: Int, keeping: Int? = nil) {
        guard nodes[place].raft != nil else { return }
        let queue = nodes[place].diskQueue
        let survivors = keeping ?? Int(random.next() % UInt64(queue.count + 1))
        for work in queue.prefix(survivors) { nodes[place].write(work) }
        nodes[place].raft = nil
        nodes[place].diskQueue = []
        for other in nodes.indices where other != place && !isCut(place, other) {
            schedule(.laneEnded(at: other, of: place), after: pick(500_000...2_000_000))
            schedule(.laneRefused(at: other, of: place), after: pick(10_000_000...50_000_000))
        }
    }

    func restart(_ place: Int) {
        guard nodes[place].raft == nil else { return }
        nodes[place].isDiskStalled = false
        nodes[place].start(now)
        checks.restarted(self, place)
        for other in nodes.indices where other != place {
            schedule(.reconnect(place, other), after: pick(1_000_000...50_000_000))
        }
    }

    private func isCut(_ one: Int, _ other: Int) -> Bool {
        blocked.contains([one, other]) || blocked.contains([other, one])
    }

    /// Opens the lanes between two nodes, if they reach each other.
    func reconnect(_ one: Int, _ other: Int) {
        guard nodes[one].raft != nil, nodes[other].raft != nil, !isCut(one, other) else { return }
        for (at, of) in [(one, other), (other, one)] {
            let isSame = nodes[at].knownIncarnations[of] ?? 1 == nodes[of].incarnation
            nodes[at].knownIncarnations[of] = nodes[of].incarnation
            step(at, .laneOpened(NodeID(UInt64(of + 1)), isSameIncarnation: isSame))
        }
    }

    func block(from: Int, to: Int) { blocked.insert([from, to]) }

    /// Lets everything through again; connections that stood still are found dead and replaced.
    func heal() {
        let pairs = Set(blocked.map { $0.sorted() })
        let cut = pairs.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
        blocked = []
        for pair in cut {
            schedule(.laneEnded(at: pair[0], of: pair[1]), after: 1_000_000)
            schedule(.laneEnded(at: pair[1], of: pair[0]), after: 1_000_000)
            schedule(.reconnect(pair[0], pair[1]), after: pick(10_000_000...50_000_000))
        }
    }

    /// Splits the nodes: only within a part anything gets through.
    func partition(_ parts: [[Int]]) {
        heal()
        for (number, part) in parts.enumerated() {
            for other in parts[(number + 1)...] {
                for one in part {
                    for two in other {
                        block(from: one, to: two)
                        block(from: two, to: one)
                    }
                }
            }
        }
    }

    /// Makes everybody forget having heard of anybody, so that this node's election can be won.
    func loseContact(_ place: Int) {
        for place in nodes.indices {
            nodes[place].liveness = Liveness()
            nodes[place].raft?.forgetContact()
        }
        nodes[place].raft?.expectElection(at: now)
    }

    /// Whoever leads in the highest term.
    var leaderPlace: Int? {
        nodes.indices
            .filter { nodes[$0].raft?.role == .leader }
            .max { leadTerm($0) < leadTerm($1) }
    }

    private func leadTerm(_ place: Int) -> Term { nodes[place].raft?.currentTerm ?? .zero }

    /// Proposes at a leader; `false` if it takes nothing.
    @discardableResult
    func propose(_ place: Int) -> Bool {
        guard let raft = nodes[place].raft, raft.refusal == nil else { return false }
        payload += 1
        let entry = Entry(term: raft.currentTerm, kind: .normal, payload: payload)
        nodes[place].log.append(entry)
        checks.appended(self, place, from: raft.lastIndex.next)
        let work = LabNode.DiskWork.append(
            from: raft.lastIndex.next,
            [entry],
            tag: raft.currentTerm
        )
        nodes[place].diskQueue.append(work)
        step(place, .proposed(kind: .normal, bytes: 100))
        return true
    }

    func read(_ place: Int, _ context: UInt64) {
        checks.readBegan(context)
        step(place, .readIndex(context: context))
    }
}
