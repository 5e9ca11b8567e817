import WiberBase
import WiberRaft

/// What can happen, and how.
extension RaftWorld {
    package var actions: [RaftAction] {
        var actions: [RaftAction] = []
        for place in replicas.indices {
            guard let raft = replicas[place].value.raft else {
                actions.append(.restart(node: place))
                continue
            }
            if !replicas[place].value.queue.isEmpty { actions.append(.write(node: place)) }
            if raft.role == .leader {
                listLeadership(place, raft, &actions)
            } else {
                listTimeouts(place, raft, &actions)
            }
            if spent.crashes < bounds.crashesMax { listCrashes(place, &actions) }
        }
        for (place, letter) in letters.enumerated()
        where replicas[letter.to].value.raft != nil && isNext(place) {
            actions.append(.deliver(letter: place))
            if spent.duplicates < bounds.duplicatesMax { actions.append(.duplicate(letter: place)) }
        }
        if spent.drops < bounds.dropsMax {
            for place in letters.indices { actions.append(.drop(letter: place)) }
        }
        return actions
    }

    /// Whether nothing has to arrive before it.
    private func isNext(_ place: Int) -> Bool {
        !bounds.isInOrder || place == 0 || !letters[place - 1].isOnSameWay(as: letters[place])
    }

    private func listLeadership(_ place: Int, _ raft: Raft, _ actions: inout [RaftAction]) {
        if spent.resignations < bounds.resignationsMax { actions.append(.resign(node: place)) }
        if spent.retries < bounds.retriesMax, raft.isRetryAwaited {
            actions.append(.retry(node: place))
        }
        if replicas[place].value.log.count < bounds.entriesMax, raft.refusal == nil {
            actions.append(.propose(node: place))
        }
    }

    private func listTimeouts(_ place: Int, _ raft: Raft, _ actions: inout [RaftAction]) {
        guard spent.timeouts < bounds.timeoutsMax, raft.currentTerm.rawValue < bounds.termMax else {
            return
        }
        guard bounds.isPreVoteAtOnce else {
            return actions.append(.timeout(node: place, asking: nil))
        }
        // New nodes are all alike: let the first that times out be node 1, and ask node 2.
        let isFirst = spent.timeouts == 0 && !bounds.isEstablished
        for other in replicas.indices where other != place && replicas[other].value.raft != nil {
            if isFirst, place != 0 || other != 1 { continue }
            actions.append(.timeout(node: place, asking: other))
        }
    }

    /// Log and hard state are different files: any beginning of each may have got there.
    private func listCrashes(_ place: Int, _ actions: inout [RaftAction]) {
        let queue = replicas[place].value.queue
        let appends = queue.count { $0.isAppend }
        for appendsKept in 0...appends {
            for hardStatesKept in 0...(queue.count - appends) {
                actions.append(
                    .crash(node: place, appends: appendsKept, hardStates: hardStatesKept)
                )
            }
        }
    }

    package mutating func perform(_ action: RaftAction) {
        now = now + Self.jump
        switch action {
        case .deliver(let place): deliver(letters.remove(at: place))
        case .duplicate(let place):
            spent.duplicates += 1
            deliver(letters[place])
        case .drop(let place):
            spent.drops += 1
            letters.remove(at: place)
        case .write(let place): write(place)
        case .timeout(let place, let other):
            spent.timeouts += 1
            timeout(place, asking: other)
        case .resign(let place):
            spent.resignations += 1
            step(place, .deadline)
        case .retry(let place):
            spent.retries += 1
            retry(place)
        case .propose(let place): propose(place)
        case .crash(let place, let appends, let hardStates):
            spent.crashes += 1
            crash(place, appends, hardStates)
        case .restart(let place): restart(place)
        }
        dropDeadLetters()
        check()
    }

    package func describe(_ action: RaftAction) -> String {
        switch action {
        case .deliver(let place): "deliver \(letters[place].summary)"
        case .duplicate(let place): "deliver and keep \(letters[place].summary)"
        case .drop(let place): "lose \(letters[place].summary)"
        case .write(let place): "\(place + 1) has written"
        case .timeout(let place, let other):
            "\(place + 1) times out" + (other.map { ", asks \($0 + 1) for a pre-vote" } ?? "")
        case .resign(let place): "\(place + 1) finds no quorum"
        case .retry(let place): "\(place + 1) asks again"
        case .propose(let place): "\(place + 1) takes an entry"
        case .crash(let place, let appends, let hardStates):
            "\(place + 1) crashes, \(appends) appends and \(hardStates) hard states got to disk"
        case .restart(let place): "\(place + 1) restarts"
        }
    }
}

extension RaftReplica.DiskWork {
    var isAppend: Bool {
        switch self {
        case .append: true
        case .persist: false
        }
    }
}
