import WiberBase
import WiberRaft

/// Raft's promises, looked at after every event by somebody who sees all nodes (Raft, figure 3).
struct LabChecks {
    private struct Committed {
        var entry: RaftLab.Entry
        /// The term of the leader that committed it first.
        var by: Term
    }
    private struct Origin: Equatable {
        var payload: UInt64
        var previous: Term
    }

    private(set) var violations: [String] = []
    private var leaders: [Term: NodeID] = [:]
    private var votes: [Term: [NodeID: NodeID]] = [:]
    private var origins: [EntryID: Origin] = [:]
    private var committed: [Committed] = []
    private var readsBegan: [UInt64: Int] = [:]
    private(set) var elections = 0
    private(set) var readsDone = 0

    /// How many entries are committed anywhere.
    var committedCount: Int { committed.count }

    mutating func fail(_ text: String) {
        if violations.count < 20 { violations.append(text) }
    }

    /// After every step of a node: its core and its driver have the same log.
    mutating func check(_ lab: RaftLab, _ place: Int) {
        let node = lab.nodes[place]
        guard let raft = node.raft else { return }
        if Int(raft.lastIndex.rawValue) < node.log.count {
            fail("node \(node.id): core ends at \(raft.lastIndex), log at \(node.log.count)")
        }
        if raft.durableIndex.rawValue > UInt64(node.diskLog.count) {
            fail("node \(node.id): durable \(raft.durableIndex), disk \(node.diskLog.count)")
        }
    }

    /// At most one leader a term, and it has everything committed before (election safety,
    /// leader completeness).
    mutating func elected(_ lab: RaftLab, _ place: Int) {
        let node = lab.nodes[place]
        guard let raft = node.raft else { return }
        elections += 1
        let term = raft.currentTerm
        if let other = leaders[term], other != node.id {
            fail("\(other) and \(node.id) lead term \(term)")
        }
        leaders[term] = node.id
        vote(of: node.id, for: node.id, in: term)
        for (position, known) in committed.enumerated() where known.by < term {
            if node.entry(LogIndex(UInt64(position + 1))) != known.entry {
                fail("leader \(node.id) of term \(term) lacks committed \(position + 1)")
                return
            }
        }
    }

    private mutating func vote(of voter: NodeID, for candidate: NodeID, in term: Term) {
        if let before = votes[term]?[voter], before != candidate {
            fail("\(voter) voted for \(before) and \(candidate) in term \(term)")
        }
        votes[term, default: [:]][voter] = candidate
    }

    /// Entries with one index and term are one, and so is all before them (log matching).
    mutating func appended(_ lab: RaftLab, _ place: Int, from first: LogIndex) {
        let node = lab.nodes[place]
        var index = first
        while let entry = node.entry(index) {
            let origin = Origin(
                payload: entry.payload,
                previous: node.entry(index.previous)?.term ?? .zero
            )
            let id = EntryID(index: index, term: entry.term)
            if let known = origins[id], known != origin { fail("two entries \(id)") }
            origins[id] = origin
            index = index.next
        }
    }

    /// What is committed stays, is the same everywhere, and is on the disks of a quorum.
    mutating func committed(
        _ lab: RaftLab,
        _ place: Int,
        from first: LogIndex,
        through last: LogIndex
    ) {
        let node = lab.nodes[place]
        var index = first
        while index <= last {
            guard let entry = node.entry(index) else {
                return fail("\(node.id) commits \(index), which it does not have")
            }
            let position = Int(index.rawValue) - 1
            if position < committed.count {
                if committed[position].entry != entry {
                    fail("\(node.id) commits another \(index): \(entry)")
                }
            } else {
                committed.append(Committed(entry: entry, by: node.raft?.currentTerm ?? .zero))
                checkDurable(lab, node, index, entry)
            }
            index = index.next
        }
    }

    private mutating func checkDurable(
        _ lab: RaftLab,
        _ node: LabNode,
        _ index: LogIndex,
        _ entry: RaftLab.Entry
    ) {
        guard let configuration = node.raft?.configuration else { return }
        let isOnQuorum = configuration.isQuorum { voter in
            let disk = lab.nodes[Int(voter.rawValue) - 1].diskLog
            return disk.count >= index.rawValue && disk[Int(index.rawValue) - 1] == entry
        }
        if !isOnQuorum { fail("\(index) is committed but not on a quorum of disks") }
    }

    /// Nothing is told that is not on the disk.
    mutating func sending(_ lab: RaftLab, _ message: RaftMessage, from place: Int, to: NodeID) {
        let node = lab.nodes[place]
        let disk = node.diskHardState
        switch message {
        case .voteResponse(let response):
            guard response.isGranted, !response.isPreVote else { return }
            if disk != HardState(term: response.term, votedFor: to) {
                fail("\(node.id) tells a vote for \(to) in \(response.term), disk \(disk)")
            }
            vote(of: node.id, for: to, in: response.term)
        case .voteRequest(let request):
            if !request.isPreVote, disk != HardState(term: request.term, votedFor: node.id) {
                fail("\(node.id) asks for votes in \(request.term), disk \(disk)")
            }
        case .appendResponse(let response):
            if disk.term < response.term {
                fail("\(node.id) answers in \(response.term), disk \(disk)")
            }
            let length = Int(response.match.rawValue)
            let isOnDisk =
                length == 0
                || (node.diskLog.count >= length
                    && node.diskLog[length - 1] == node.entry(response.match))
            if !isOnDisk { fail("\(node.id) acknowledges \(length), which is not on its disk") }
        case .append(let request):
            if leaders[request.term] != node.id { fail("\(node.id) never led \(request.term)") }
        case .timeoutNow, .stepDown, .confirm, .confirmed: break
        }
    }

    mutating func readBegan(_ context: UInt64) { readsBegan[context] = committed.count }

    /// A read sees all that was committed when it began.
    mutating func readReady(_ context: UInt64, _ index: LogIndex) {
        readsDone += 1
        guard let began = readsBegan[context] else { return fail("read \(context) from nowhere") }
        if index.rawValue < began { fail("read \(context) at \(index), committed was \(began)") }
    }

    /// A restart forgets no promise.
    mutating func restarted(_ lab: RaftLab, _ place: Int) {
        let node = lab.nodes[place]
        guard let raft = node.raft else { return }
        for (term, voters) in votes {
            guard let candidate = voters[node.id] else { continue }
            if raft.currentTerm < term {
                fail("\(node.id) forgot term \(term)")
            } else if raft.currentTerm == term, raft.hardState.votedFor != candidate {
                fail("\(node.id) forgot its vote for \(candidate) in term \(term)")
            }
        }
    }
}
