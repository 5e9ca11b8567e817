import Testing
import WiberBase

@testable import WiberRaft

@Suite("Who waits, who votes (Raft §5.2, thesis §4.2.3 and §9.6)")
struct ElectionTests {
    /// A follower of node `leader` in term 1, whose beats are fresh `later` milliseconds on.
    private func follower(of leader: UInt64, later: UInt64 = 0) -> SingleNode {
        var node = SingleNode()
        _ = node.append(from: leader, term: 1, [1])
        _ = node.persisted()
        _ = node.step(.logDurable(through: LogIndex(1), term: Term(1)))
        node.now = node.now + .milliseconds(later)
        node.liveness[NodeID(leader)] = node.now
        return node
    }

    private func request(preVote: Bool, transfer: Bool = false) -> RaftMessage {
        let last = EntryID(index: LogIndex(1), term: Term(1))
        return .voteRequest(
            VoteRequest(term: Term(2), last: last, isPreVote: preVote, isTransfer: transfer)
        )
    }

    private func isGranted(_ effects: [Effect]) -> Bool? {
        for case .send(.voteResponse(let answer), _) in effects { return answer.isGranted }
        return nil
    }

    @Test func `a leader's beats keep a follower waiting`() {
        var node = follower(of: 2, later: 900)
        _ = node.step(.deadline)
        #expect(node.raft.role == .follower)
        #expect(node.raft.nextDeadline > node.now)
    }

    @Test func `the beats of a leader that is no voter keep nobody waiting`() {
        var node = follower(of: 9, later: 900)
        #expect(node.raft.leader == NodeID(9))
        _ = node.step(.deadline)
        #expect(node.raft.role == .preCandidate)
    }

    @Test func `no vote and no term is taken while the leader lives`() {
        var node = follower(of: 2)
        let preVote = node.receive(request(preVote: true), from: 3)
        #expect(isGranted(preVote) == false)
        let vote = node.receive(request(preVote: false), from: 3)
        #expect(vote == [])
        #expect(node.raft.currentTerm == Term(1))
    }

    @Test func `a transfer gets its vote though the leader lives`() {
        var node = follower(of: 2)
        _ = node.receive(request(preVote: false, transfer: true), from: 3)
        #expect(isGranted(node.persisted()) == true)
    }

    @Test func `a leader that asks for votes itself leads no more`() {
        var node = follower(of: 2)
        let effects = node.receive(request(preVote: true), from: 2)
        #expect(isGranted(effects) == true)
        #expect(node.raft.leader == nil)
    }

    @Test func `stickiness ends with the leader's lane, and comes back with its word only`() {
        var node = follower(of: 2)
        _ = node.step(.laneEnded(NodeID(2)))
        _ = node.step(.laneOpened(NodeID(2), isSameIncarnation: true))
        let granted = node.receive(request(preVote: true), from: 3)
        #expect(isGranted(granted) == true)
        _ = node.append(from: 2, term: 1, previous: (1, 1), [])
        let refused = node.receive(request(preVote: true), from: 3)
        #expect(isGranted(refused) == false)
    }

    @Test func `a lane that comes back while the leader's own stayed has changed nothing`() {
        var node = follower(of: 2)
        _ = node.step(.laneEnded(NodeID(2)))
        _ = node.step(.laneOpened(NodeID(3), isSameIncarnation: true, isNothingMissed: true))
        #expect(isGranted(node.receive(request(preVote: true), from: 3)) == true)
        _ = node.step(.laneOpened(NodeID(2), isSameIncarnation: true, isNothingMissed: true))
        #expect(isGranted(node.receive(request(preVote: true), from: 3)) == false)
    }

    @Test func `a refused connection to the leader begins a pre-vote at once`() {
        var node = follower(of: 2)
        let other = node.step(.laneRefused(NodeID(3)))
        #expect(other == [])
        _ = node.step(.laneRefused(NodeID(2)))
        #expect(node.raft.role == .preCandidate)
        #expect(node.raft.currentTerm == Term(1))
    }

    @Test func `who has just granted a pre-vote lets the other go first`() {
        var node = follower(of: 2)
        _ = node.step(.laneEnded(NodeID(2)))
        _ = node.receive(request(preVote: true), from: 3)
        _ = node.step(.laneRefused(NodeID(2)))
        #expect(node.raft.role == .follower)
        #expect(node.raft.nextDeadline <= node.now + .milliseconds(400))
    }

    @Test func `the votes of nodes that are no voters count for nothing`() {
        var node = SingleNode()
        _ = node.step(.campaign)
        _ = node.persisted()
        let vote = RaftMessage.voteResponse(VoteResponse(term: Term(1), isGranted: true))
        _ = node.receive(vote, from: 8)
        _ = node.receive(vote, from: 9)
        #expect(node.raft.role == .candidate)
        _ = node.receive(vote, from: 3)
        #expect(node.raft.role == .leader)
    }

    @Test func `a lower priority waits longer and votes all the same`() {
        var options = RaftOptions(seed: 1)
        let usual = SingleNode(options: options).raft.nextDeadline
        options.priority = 0
        var patient = SingleNode(options: options)
        #expect(patient.raft.nextDeadline == usual + .milliseconds(600))
        _ = patient.receive(.voteRequest(VoteRequest(term: Term(1), last: .zero)), from: 2)
        #expect(isGranted(patient.persisted()) == true)
    }

    @Test func `where terms are divided, each voter stands in its own`() {
        var terms: Set<UInt64> = []
        for id: UInt64 in 1...3 {
            for last: UInt64 in 0...8 {
                let hardState = HardState(term: Term(last))
                var node = SingleNode(id: id, voters: [1, 2, 3], hardState: hardState)
                node.raft.areTermsDivided = true
                _ = node.step(.campaign)
                if node.raft.role == .preCandidate {
                    let answer = VoteResponse(
                        term: node.raft.nextTerm,
                        isGranted: true,
                        isPreVote: true
                    )
                    _ = node.receive(.voteResponse(answer), from: id % 3 + 1)
                }
                let term = node.raft.currentTerm.rawValue
                #expect(node.raft.role == .candidate)
                #expect(term > last && term <= last + 3)
                #expect((term - 1) % 3 == id - 1)
                terms.insert(term)
            }
        }
        #expect(terms.count == 11)
    }

    @Test func `a node without a configuration never campaigns`() {
        var node = SingleNode(voters: [])
        #expect(node.raft.nextDeadline == .distantFuture)
        let effects = node.step(.campaign)
        #expect(effects == [])
    }
}
