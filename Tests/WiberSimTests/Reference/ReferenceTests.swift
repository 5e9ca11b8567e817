import Testing
import WiberBase
import WiberRaft
import WiberSim

@Suite("Reference Raft (figure 2)")
struct ReferenceTests {
    @Test(arguments: [3, 5], Array(0..<6 as Range<UInt64>))
    func `a random walk of the core does nothing that the paper forbids`(
        nodes: Int,
        seed: UInt64
    ) {
        let report = ReferenceWalk.run(seed: seed, nodes: nodes, actions: 2_000)
        #expect(report.refusal == nil, "\(report)")
        #expect(report.elections > 0, "\(report)")
        #expect(report.commits > 0, "\(report)")
    }

    @Test(arguments: ExplorationBounds.named.map(\.name))
    func `an exploration of the core does nothing that the paper forbids`(
        scenario: String
    ) throws {
        var bounds = try #require(ExplorationBounds.named.first { $0.name == scenario }?.bounds)
        bounds.isFollowed = true
        #if DEBUG
        bounds.statesMax = 2_000
        #else
        bounds.statesMax = 200_000
        #endif
        let report = Exploration.run(bounds)
        #expect(report.violation == nil, "\(report)")
    }

    @Test func `the same seed walks the same way`() {
        let first = ReferenceWalk.run(seed: 7, nodes: 3, actions: 500)
        #expect(first == ReferenceWalk.run(seed: 7, nodes: 3, actions: 500))
    }

    @Test(arguments: ObservationMutation.allCases)
    func `what the paper forbids is refused`(mutation: ObservationMutation) {
        var mutations = 0
        for seed in 0..<40 as Range<UInt64> {
            let report = ReferenceWalk.run(
                seed: seed,
                nodes: 3,
                actions: 2_000,
                mutation: mutation
            )
            mutations += report.mutations
            if let refusal = report.refusal {
                #expect(mutations == 1, "the first is refused at once, not the \(mutations)th")
                #expect(refusal.hasPrefix("\(mutation.rule): "), "\(report)")
                return
            }
        }
        Issue.record("nothing was refused of \(mutations)")
    }

    @Test(arguments: Misbehaviour.allCases)
    func `what a driver does wrong is refused`(misbehaviour: Misbehaviour) {
        for seed in 0..<60 as Range<UInt64> {
            let report = ReferenceWalk.run(
                seed: seed,
                nodes: 3,
                actions: 2_000,
                misbehaviour: misbehaviour
            )
            if report.refusal != nil { return }
        }
        Issue.record("nothing was refused")
    }

    @Test func `a leader does not commit an old term's entry by counting (figure 8)`() throws {
        var server = try Self.leaderOfTermTwo()
        let answer = AppendResponse(term: Term(2), match: LogIndex(1), verified: LogIndex(1))
        let step = RaftObservation(
            input: .received(.appendResponse(answer), from: NodeID(2)),
            effects: [.committed(through: LogIndex(1))],
            after: Self.view(.leader, term: 2, votedFor: 1, log: 2, commit: 1)
        )
        let refusal = #expect(throws: RaftRefusal.self) { try server.observe(step) }
        #expect(refusal?.description == "commit: 1 commits 1 of term 1 in term 2")
    }

    /// Server 1 of three: an entry of term 1, leader of term 2 with the vote of 2.
    private static func leaderOfTermTwo() throws -> ReferenceRaft {
        var server = ReferenceRaft(
            id: NodeID(1),
            configuration: Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])
        )
        server.wrote([(term: Term(1), kind: .noOp)], from: LogIndex(1))
        server.wrote(HardState(term: Term(1)))
        try server.started(view(.follower, term: 1, votedFor: 0, log: 1))
        let vote = HardState(term: Term(2), votedFor: NodeID(1))
        try server.observe(
            RaftObservation(
                input: .deadline,
                effects: [.persist(vote)],
                after: view(.candidate, term: 2, votedFor: 1, log: 1)
            )
        )
        server.wrote(vote)
        let granted = VoteResponse(term: Term(2), isGranted: true)
        try server.observe(
            RaftObservation(
                input: .received(.voteResponse(granted), from: NodeID(2)),
                effects: [.appendControl(EntryID(index: LogIndex(2), term: Term(2)), .noOp)],
                after: view(.leader, term: 2, votedFor: 1, log: 2)
            )
        )
        return server
    }

    private static func view(
        _ role: Role,
        term: UInt64,
        votedFor: UInt64,
        log: UInt64,
        commit: UInt64 = 0
    ) -> RaftView {
        RaftView(
            hardState: HardState(term: Term(term), votedFor: NodeID(votedFor)),
            role: role,
            commitIndex: LogIndex(commit),
            last: EntryID(index: LogIndex(log), term: Term(log)),
            configuration: Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])
        )
    }
}
