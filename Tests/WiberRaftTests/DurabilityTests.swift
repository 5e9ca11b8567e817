import Testing
import WiberBase

@testable import WiberRaft

@Suite("Durable before told (Raft §5.1)")
struct DurabilityTests {
    @Test func `a vote is durable before its answer leaves`() {
        var node = SingleNode()
        let request = VoteRequest(term: Term(1), last: .zero)
        let asked = node.receive(.voteRequest(request), from: 2)
        let voted = HardState(term: Term(1), votedFor: NodeID(2))
        #expect(asked.first == .persist(voted))
        #expect(!asked.contains { if case .send = $0 { true } else { false } })
        let answer = VoteResponse(term: Term(1), isGranted: true)
        #expect(
            node.step(.hardStateDurable(voted)) == [.send(.voteResponse(answer), to: NodeID(2))]
        )
    }

    @Test func `an answer of an older term is not sent after a newer one is known`() {
        var node = SingleNode()
        _ = node.receive(.voteRequest(VoteRequest(term: Term(1), last: .zero)), from: 2)
        _ = node.receive(.voteRequest(VoteRequest(term: Term(2), last: .zero)), from: 3)
        let old = HardState(term: Term(1), votedFor: NodeID(2))
        #expect(node.step(.hardStateDurable(old)) == [])
        let new = HardState(term: Term(2), votedFor: NodeID(3))
        let answer = VoteResponse(term: Term(2), isGranted: true)
        #expect(node.step(.hardStateDurable(new)) == [.send(.voteResponse(answer), to: NodeID(3))])
    }

    @Test func `a candidate asks for votes only once its own is durable`() {
        var node = SingleNode()
        let voted = HardState(term: Term(1), votedFor: NodeID(1))
        let campaign = node.step(.campaign)
        #expect(campaign.first == .persist(voted))
        #expect(!campaign.contains { if case .send = $0 { true } else { false } })
        let request = RaftMessage.voteRequest(VoteRequest(term: Term(1), last: .zero))
        #expect(
            node.step(.hardStateDurable(voted)) == [
                .send(request, to: NodeID(2)), .send(request, to: NodeID(3)),
            ]
        )
    }

    @Test func `an entry is acknowledged once it is durable`() {
        var node = SingleNode()
        let taken = node.append(term: 1, [1, 1])
        #expect(taken.contains(.accept(from: LogIndex(1), through: LogIndex(2))))
        #expect(node.persisted().appendAnswers == [])
        let first = node.step(.logDurable(through: LogIndex(1), term: Term(1)))
        #expect(first.appendAnswers.map(\.match) == [LogIndex(1)])
        let second = node.step(.logDurable(through: LogIndex(2), term: Term(1)))
        #expect(second.appendAnswers.map(\.match) == [LogIndex(2)])
    }

    @Test func `a completion of another term counts for nothing`() {
        // Entry 2 of term 1 was replaced by one of term 2 while the disk wrote the first.
        var node = SingleNode(hardState: HardState(term: Term(1)), log: [1])
        _ = node.append(term: 1, previous: (1, 1), [1])
        _ = node.append(from: 3, term: 2, previous: (1, 1), [2])
        _ = node.persisted()
        #expect(node.step(.logDurable(through: LogIndex(2), term: Term(1))).appendAnswers == [])
        #expect(node.raft.durableIndex == LogIndex(1))
        let done = node.step(.logDurable(through: LogIndex(2), term: Term(2)))
        #expect(done.appendAnswers.map(\.match) == [LogIndex(2)])
    }

    @Test func `a durable term vouches for what was appended before it`() {
        var node = SingleNode()
        _ = node.append(term: 1, [1, 1, 1])
        _ = node.append(from: 3, term: 2, previous: (2, 1), [2])
        #expect(node.raft.durableIndex == .zero)
        _ = node.step(.hardStateDurable(HardState(term: Term(2))))
        #expect(node.raft.durableIndex == LogIndex(2), "entry 3 was replaced after the request")
    }

    @Test func `only what this term's leader has verified is acknowledged`() {
        var node = SingleNode(hardState: HardState(term: Term(1)), log: [1, 1, 1, 1])
        let request = AppendRequest(
            term: Term(2),
            previous: EntryID(index: LogIndex(2), term: Term(1)),
            commit: LogIndex(4),
            isProbe: true
        )
        _ = node.receive(.append(request), from: 2)
        #expect(node.persisted().appendAnswers.map(\.match) == [LogIndex(2)])
        #expect(node.raft.commitIndex == LogIndex(2))
    }

    @Test func `a leader counts its own log only as far as it is durable`() {
        var node = SingleNode(voters: [1, 2])
        node.lead()
        _ = node.step(.proposed(kind: .normal, bytes: 10))
        _ = node.sent(to: 2, through: 2)
        #expect(!node.acknowledge(from: 2).contains(.committed(through: LogIndex(2))))
        let durable = node.step(.logDurable(through: LogIndex(2), term: Term(1)))
        #expect(durable.contains(.committed(through: LogIndex(2))))
    }

    @Test func `entries without their term's hard state teach the term`() {
        let node = SingleNode(
            hardState: HardState(term: Term(1), votedFor: NodeID(2)),
            log: [1, 3]
        )
        #expect(node.raft.hardState == HardState(term: Term(3)))
        #expect(!node.raft.isHardStateDurable)
    }
}
