import Testing
import WiberBase

@testable import WiberTopic

/// What Raft and the disk do to the logs.
extension Lab {
    /// The candidate wins if a majority's logs are not more up to date (Raft §5.4.1).
    mutating func elect(_ candidate: Int) {
        let votes = replicas.count { $0.lastEntry <= replicas[candidate].lastEntry }
        guard votes >= 2 else { return }
        if let leader { replicas[leader].stepDown() }
        leader = candidate
        term += 1
        let replica = replicas[candidate]
        let noOp = replica.topic.control(
            .noOp,
            [],
            group: group,
            entry: EntryID(index: replica.lastIndex.next, term: Term(term)),
            wall: Timestamp(replica.wall)
        )
        replicas[candidate].append(noOp)
    }

    /// Sends a follower some of what it lacks.
    mutating func replicate(_ follower: Int) {
        guard let leader, leader != follower else { return }
        let match = match(follower)
        if replicas[follower].lastIndex > match {
            guard replicas[leader].lastIndex > match else { return }
            replicas[follower].truncate(from: match.next)
        }
        var next = match.next
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            guard let chunk = replicas[leader].chunk(at: next) else { break }
            replicas[follower].append(chunk)
            next = next.next
        }
        replicas[follower].apply(through: replicas[leader].applied)
    }

    /// Commits what a majority holds, in the leader's own term only (Raft §5.4.2).
    mutating func commit() {
        guard let leader else { return }
        let matches = (0..<3).map { $0 == leader ? replicas[leader].lastIndex : match($0) }.sorted()
        guard let chunk = replicas[leader].chunk(at: matches[1]), chunk.id.term.rawValue == term
        else { return }
        while replicas[leader].applied < matches[1] {
            let index = replicas[leader].applied.next
            replicas[leader].apply(through: index)
            // The driver hands over what was committed, so that it need not load it later.
            if Bool.random(using: &random), let chunk = replicas[leader].chunk(at: index) {
                replicas[leader].topic.feedFront(chunk)
            }
        }
        for node in 0..<3 where node != leader {
            replicas[node].apply(through: min(match(node), matches[1]))
        }
    }

    /// How far a follower's log is the leader's.
    private func match(_ follower: Int) -> LogIndex {
        guard let leader else { return .zero }
        var index = min(replicas[leader].lastIndex, replicas[follower].lastIndex)
        while index > replicas[follower].applied,
            replicas[leader].chunk(at: index)?.id != replicas[follower].chunk(at: index)?.id
        {
            index = index.previous
        }
        return index
    }

    /// A node starts again and builds the topic from its files.
    mutating func restart(_ node: Int) {
        if leader == node { leader = nil }
        let old = replicas[node]
        var replica = old
        replica.topic = TopicState(configuration: old.topic.configuration)
        replica.open = []
        replica.asked = []
        replica.rollup = .zero
        replica.forgotten = LogIndex(UInt64(old.cut))
        if !old.log.isEmpty {
            // What is known to be committed may be older than what was.
            let known = UInt64.random(in: 0...3, using: &random)
            let back = old.applied.rawValue > known ? old.applied.rawValue - known : 0
            replica.applied = LogIndex(max(back, min(old.applied, old.firstIndex).rawValue))
            var from = max(replica.applied, old.firstIndex)
            if let committed = old.chunk(at: replica.applied)?.header,
                let since = replica.topic.recoveryNeeds(committed: committed)
            {
                let needed = old.log.first { $0.lastTime >= since }?.header.index
                from = min(from, needed ?? from)
            }
            let removals = old.log.first { $0.header.removalCount > 0 }?.header.index
            from = min(from, removals ?? from)
            for chunk in old.log where chunk.header.index >= from {
                if chunk.header.index <= replica.applied {
                    replica.topic.recovered(chunk, digester: digester)
                } else {
                    replica.topic.appended(chunk, digester: digester)
                }
            }
        }
        replicas[node] = replica
    }

    /// Deletes files that nobody needs: not for messages, nor for ids, nor for other replicas.
    mutating func cutFiles(_ node: Int) {
        let replica = replicas[node]
        let applied = replicas.map(\.applied).min() ?? .zero
        let first = replica.topic.firstSequence
        let keep = replica.log.first { $0.header.nextSequence > first }?.header.index
        var below = min(applied, keep ?? applied, replica.topic.oldestIDIndex ?? applied)
        below = min(
            below,
            LogIndex(replica.applied.rawValue > 4 ? replica.applied.rawValue - 4 : 0)
        )
        guard below > replica.firstIndex else { return }
        let count = Int(below.rawValue - replica.firstIndex.rawValue)
        replicas[node].log.removeFirst(count)
        replicas[node].cut += count
    }

    /// Everything is well again: all replicas hold and apply the same.
    mutating func converge() {
        var rounds = 0
        while leader == nil {
            elect(rounds % 3)
            rounds += 1
        }
        seal()
        repeat {
            for _ in 0..<200 {
                for node in 0..<3 { replicate(node) }
                commit()
                for node in 0..<3 { replicate(node) }
            }
            commit()
        } while sweepUntilLoaded()
    }

    private mutating func sweepUntilLoaded() -> Bool {
        for _ in 0..<8 where leader != nil { feedIndex(leader ?? 0, wholly: true) }
        expire()
        for _ in 0..<20 where sweep() { return true }
        return false
    }
}
