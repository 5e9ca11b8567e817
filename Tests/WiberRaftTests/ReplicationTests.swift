import Testing
import WiberBase

@testable import WiberRaft

@Suite("Replication at the leader (Raft §5.3)")
struct ReplicationTests {
    @Test func `no more than the limit of appends is on its way to a follower`() {
        var options = RaftOptions(seed: 1)
        options.inflightAppendsMax = 3
        var node = SingleNode(options: options)
        node.lead()
        var asked = 0
        for _ in 0..<10 {
            let effects = node.step(.proposed(kind: .normal, bytes: 10))
            guard effects.replications.contains(NodeID(2)) else { continue }
            asked += 1
            _ = node.sent(to: 2, through: node.raft.lastIndex.rawValue)
        }
        #expect(asked == 3)
        #expect(node.acknowledge(from: 2, match: 2).replications == [NodeID(2)])
    }

    @Test func `no more than the limit of bytes is on its way to a follower`() {
        var options = RaftOptions(seed: 1)
        options.inflightBytesMax = 1_000
        var node = SingleNode(options: options)
        node.lead()
        _ = node.step(.proposed(kind: .normal, bytes: 900))
        _ = node.sent(to: 2, through: 2, bytes: 900)
        let next = node.step(.proposed(kind: .normal, bytes: 900))
        let budgets = next.compactMap { effect in
            if case .replicate(NodeID(2), _, _, _, let budget) = effect { budget } else { nil }
        }
        #expect(budgets == [100])
        _ = node.sent(to: 2, through: 3, bytes: 900)
        let refused = node.step(.proposed(kind: .normal, bytes: 900)).replications
        #expect(!refused.contains(NodeID(2)))
    }

    @Test func `proposals are refused above the limit of uncommitted bytes`() {
        var options = RaftOptions(seed: 1)
        options.uncommittedBytesMax = 100
        var node = SingleNode(options: options)
        node.lead()
        #expect(node.raft.refusal == nil)
        _ = node.step(.proposed(kind: .normal, bytes: 100))
        #expect(node.raft.refusal == .uncommittedLimit)
        _ = node.step(.logDurable(through: LogIndex(2), term: Term(1)))
        _ = node.sent(to: 2, through: 2)
        _ = node.acknowledge(from: 2)
        #expect(node.raft.refusal == nil)
    }

    @Test func `what could not be sent is asked for again later`() {
        var node = SingleNode()
        node.lead()
        #expect(node.step(.proposed(kind: .normal, bytes: 10)).replications.contains(NodeID(2)))
        #expect(node.sent(to: 2, through: 1) == [])
        node.now = node.now + node.raft.options.retryInterval
        node.liveness[NodeID(2)] = node.now
        node.liveness[NodeID(3)] = node.now
        let effects = node.step(.deadline)
        let isProbed = effects.contains { effect in
            if case .send(.append(let request), NodeID(2)) = effect {
                request.isProbe
            } else {
                false
            }
        }
        #expect(isProbed)
        #expect(node.acknowledge(from: 2, match: 1).replications == [NodeID(2)])
    }

    @Test func `entries of older terms are not committed by counting`() {
        var node = SingleNode(hardState: HardState(term: Term(4)), log: [1, 2])
        _ = node.step(.campaign)
        let pre = VoteResponse(term: Term(5), isGranted: true, isPreVote: true)
        _ = node.receive(.voteResponse(pre), from: 2)
        _ = node.persisted()
        let vote = VoteResponse(term: Term(5), isGranted: true)
        _ = node.receive(.voteResponse(vote), from: 2)
        #expect(node.raft.role == .leader)
        _ = node.step(.logDurable(through: LogIndex(3), term: Term(5)))
        _ = node.acknowledge(from: 2, match: 2)
        _ = node.acknowledge(from: 3, match: 2)
        #expect(node.raft.commitIndex == .zero)
        _ = node.acknowledge(from: 3, match: 3)
        #expect(node.raft.commitIndex == LogIndex(3))
    }

    /// A leader whose log begins at entry 9, and what it does once node 3 has said that it has nothing.
    private func behindStart() -> (node: SingleNode, effects: [Effect]) {
        var node = SingleNode(voters: [1, 2, 3])
        node.lead()
        for _ in 0..<8 { _ = node.step(.proposed(kind: .normal, bytes: 10)) }
        _ = node.step(.logDurable(through: LogIndex(9), term: Term(1)))
        _ = node.sent(to: 2, through: 9)
        _ = node.acknowledge(from: 2, match: 9)
        #expect(node.raft.commitIndex == LogIndex(9))
        _ = node.step(.compacted(through: LogIndex(8)))
        _ = node.step(.laneEnded(NodeID(3)))
        _ = node.step(.laneOpened(NodeID(3), isSameIncarnation: false))
        let empty = AppendResponse(
            term: Term(1),
            isRejected: true,
            match: .zero,
            verified: .zero,
            refused: LogIndex(9),
            hint: .zero
        )
        let effects = node.receive(.appendResponse(empty), from: 3)
        return (node, effects)
    }

    @Test func `a follower behind the log's start needs a snapshot, and goes on after it`() {
        var (node, answer) = behindStart()
        #expect(answer.contains(.snapshotNeeded(NodeID(3))))
        #expect(node.raft.progress(of: NodeID(3))?.state == .snapshot)
        _ = node.acknowledge(from: 3, match: 8)
        #expect(node.raft.progress(of: NodeID(3))?.state == .replicate)
        #expect(node.raft.progress(of: NodeID(3))?.next == LogIndex(9))
    }

    @Test func `a snapshot that does not arrive is asked for again`() {
        var (node, answer) = behindStart()
        var asked = answer.count { $0 == .snapshotNeeded(NodeID(3)) }
        for _ in 0..<40 {
            node.now = node.now + .milliseconds(50)
            for follower: UInt64 in 2...3 { node.liveness[NodeID(follower)] = node.now }
            asked += node.step(.deadline).count { $0 == .snapshotNeeded(NodeID(3)) }
        }
        #expect((6...10).contains(asked), "\(asked) times in two seconds")
    }

    @Test func `who has taken an entry and does not say that it is durable is asked`() {
        var node = SingleNode()
        node.lead()
        _ = node.step(.proposed(kind: .normal, bytes: 10))
        _ = node.sent(to: 3, through: 2)
        let taken = AppendResponse(term: Term(1), match: LogIndex(1), verified: LogIndex(2))
        _ = node.receive(.appendResponse(taken), from: 3)
        _ = node.step(.logDurable(through: LogIndex(2), term: Term(1)))
        _ = node.sent(to: 2, through: 2)
        _ = node.acknowledge(from: 2, match: 2)
        #expect(node.raft.commitIndex == LogIndex(2))
        var probes = 0
        for _ in 0..<20 {
            node.now = node.now + .milliseconds(50)
            for follower: UInt64 in 2...3 { node.liveness[NodeID(follower)] = node.now }
            probes += node.step(.deadline).count { effect in
                guard case .send(.append(let request), NodeID(3)) = effect else { return false }
                return request.isProbe && request.commit == LogIndex(2)
            }
        }
        #expect(probes >= 3)
        let commit = node.acknowledge(from: 3, match: 2)
        #expect(node.raft.progress(of: NodeID(3))?.match == LogIndex(2))
        #expect(commit.isEmpty == false || node.raft.progress(of: NodeID(3))?.state == .replicate)
    }

    @Test func `a match survives a reconnect to the same process only`() {
        var node = SingleNode()
        node.lead()
        _ = node.step(.laneEnded(NodeID(2)))
        _ = node.step(.laneOpened(NodeID(2), isSameIncarnation: true))
        #expect(node.raft.progress(of: NodeID(2))?.match == LogIndex(1))
        _ = node.step(.laneEnded(NodeID(2)))
        _ = node.step(.laneOpened(NodeID(2), isSameIncarnation: false))
        #expect(node.raft.progress(of: NodeID(2))?.match == .zero)
        #expect(node.raft.progress(of: NodeID(2))?.state == .probe)
    }

    @Test func `a restored snapshot replaces a log that does not continue it`() {
        var node = SingleNode(hardState: HardState(term: Term(1)), log: [1, 1])
        let entry = EntryID(index: LogIndex(10), term: Term(1))
        let configuration = Configuration(voters: [NodeID(1), NodeID(2)])
        let effects = node.step(.restored(entry, configuration))
        #expect(effects.contains(.configuration(configuration)))
        #expect(effects.contains(.committed(through: LogIndex(10))))
        #expect(node.raft.lastEntry == entry)
        #expect(node.raft.durableIndex == LogIndex(10))
        #expect(
            node.step(.restored(EntryID(index: LogIndex(5), term: Term(1)), configuration)) == []
        )
    }

    @Test func `a stalled log makes the leader give way, and not come back at once`() {
        var node = SingleNode()
        node.lead()
        _ = node.step(.proposed(kind: .normal, bytes: 10))
        let begun = node.now
        while node.raft.role == .leader, node.now < begun + .seconds(4) {
            node.now = node.now + .milliseconds(50)
            node.liveness[NodeID(2)] = node.now
            node.liveness[NodeID(3)] = node.now
            if node.raft.nextDeadline <= node.now { _ = node.step(.deadline) }
        }
        #expect(node.raft.role == .follower)
        #expect(node.now.since(begun) >= .seconds(2))
        #expect(node.raft.nextDeadline >= node.now + .seconds(2))
    }
}
