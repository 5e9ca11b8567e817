import WiberBase
import WiberRaft

/// A cluster of real cores as a value, in which everything that can happen is an action.
///
/// Time jumps by ten seconds with every action: whoever waits for a deadline has always passed it,
/// nobody is protected by having heard from a leader, and so clocks need not be part of the state.
package struct RaftWorld: StateSpace {
    /// What was used up of the bounds.
    struct Spent {
        var crashes = 0
        var drops = 0
        var duplicates = 0
        var timeouts = 0
        var resignations = 0
        var retries = 0
    }

    static let jump = Instant.Span.seconds(10)

    let bounds: ExplorationBounds
    let misbehaviour: Misbehaviour?
    var now = Instant.zero + jump
    var replicas: [SharedReplica] = []
    /// By sender and receiver, then by age or, where any order is possible, by hash.
    ///
    /// Each once: a message that is sent twice is one that may be duplicated.
    var letters: [RaftLetter] = []
    var history = RaftHistory()
    var spent = Spent()
    /// Who asks whom for a pre-vote in the action at hand.
    var preVote: (candidate: Int, voter: Int)?
    /// Who follows each step, if anybody does; no part of the state.
    var references: ReferenceCluster?
    /// Pre-votes that are carried before the action ends.
    var preVoteLetters: [RaftLetter] = []
    package var violation: String?

    /// A new cluster.
    package init(bounds: ExplorationBounds, misbehaviour: Misbehaviour? = nil) {
        self.bounds = bounds
        self.misbehaviour = misbehaviour
        let voters = (1...max(1, bounds.nodes)).map { NodeID(UInt64($0)) }
        for id in voters {
            var replica = RaftReplica(id: id, voters: voters)
            replica.start(now: now)
            replicas.append(SharedReplica(replica))
        }
        if bounds.isFollowed { references = ReferenceCluster(voters) }
        if bounds.isEstablished { establish() }
    }

    /// Lets node 1 win an election of which everything arrives.
    private mutating func establish() {
        now = now + Self.jump
        timeout(0, asking: replicas.count > 1 ? 1 : nil)
        var hasWork = true
        while hasWork {
            hasWork = false
            for place in replicas.indices where !replicas[place].value.queue.isEmpty {
                write(place)
                hasWork = true
            }
            if !letters.isEmpty {
                deliver(letters.removeFirst())
                hasWork = true
            }
        }
    }

    package var stateHash: StateHash {
        var encoder = StateEncoder()
        history.encode(into: &encoder)
        encoder.count(spent.crashes)
        encoder.count(spent.drops)
        encoder.count(spent.duplicates)
        encoder.count(spent.timeouts)
        encoder.count(spent.resignations)
        encoder.count(spent.retries)
        encoder.count(letters.count)
        var hash = StateHash(encoder.bytes)
        for replica in replicas { hash.combine(replica.hash) }
        for letter in letters { hash.combine(letter.hash) }
        return hash
    }

    package func changes(since before: RaftWorld) -> [String] {
        var lines: [String] = []
        for (place, replica) in replicas.enumerated()
        where replica.hash != before.replicas[place].hash {
            lines.append(replica.value.summary)
        }
        for letter in letters where !before.letters.contains(letter) {
            lines.append("sent \(letter.summary)")
        }
        return lines
    }

    mutating func fail(_ promise: String?) {
        if let promise, violation == nil { violation = promise }
    }

    /// A node by its number.
    func place(of node: NodeID) -> Int? {
        let place = Int(clamping: node.rawValue) - 1
        return replicas.indices.contains(place) ? place : nil
    }
}
