import Testing
import WiberSim

@Suite("Seeds that once failed")
struct RegressionTests {
    /// A seed, and what was wrong; since the simulator has changed, it may tell another story now.
    struct Regression: Sendable, CustomTestStringConvertible {
        let seed: UInt64
        var scenario = Scenario.swarm
        let name: String
        var testDescription: String { "\(scenario) \(seed): \(name)" }
    }

    static let all = [
        Regression(
            seed: 1_795_702_967_537,
            name: "a member that had not heard of its cluster could not vote for one that had"
        ),
        Regression(
            seed: 1_795_702_967_591,
            name: "the checker counted on a node whose new disk the cluster had yet to refuse"
        ),
        Regression(
            seed: 1_795_702_968_164,
            name: "only the node with the shortest log knew that the cluster had formed"
        ),
        Regression(
            seed: 1_795_702_968_961,
            name: "two of three had to elect, one of them without an entry"
        ),
        Regression(
            seed: 1_795_727_419_638,
            name: "damage of what was written last met a file that had lost its end"
        ),
        Regression(
            seed: 1_795_836_248_818,
            name: "a follower whose lane to the leader was reset waited in vain for its word"
        ),
        Regression(
            seed: 14,
            scenario: .removals,
            name:
                "a group that was not in use yet could not write a file anew with bodies of others"
        ),
        Regression(
            seed: 1_795_846_391_416,
            name:
                "a compressed file that could not be read for a moment was taken for a damaged one"
        ),
        Regression(
            seed: 187,
            scenario: .nodes,
            name: "a new node whose file had only nodes that are gone refused those that called it"
        ),
        Regression(
            seed: 140,
            scenario: .nodes,
            name: "a removed node was taken for the one that replaced it, of the same name"
        ),
        Regression(
            seed: 161,
            scenario: .nodes,
            name: "a topic could not leave a node for one that was dead"
        ),
        Regression(
            seed: 246,
            scenario: .nodes,
            name: "a node could not leave while another one that should vote was dead"
        ),
        Regression(
            seed: 57,
            scenario: .damage,
            name: "the checker did not know a hard state that a dying process had written"
        ),
        Regression(
            seed: 942,
            scenario: .damage,
            name: "the checker did not see that a log had been healed before the process ended"
        ),
        Regression(
            seed: 1_169,
            scenario: .damage,
            name: "the checker counted on a replica that was not in use"
        ),
        Regression(
            seed: 1_629,
            scenario: .damage,
            name: "the checker asked a repaired log for what others had committed without it"
        ),
        Regression(
            seed: 402,
            scenario: .damage,
            name: "a file that was gone came back by a write, as an empty one"
        ),
        Regression(
            seed: 632,
            scenario: .damage,
            name: "a sector in two places hid the last batch of a log"
        ),
        Regression(
            seed: 28_005_227,
            name: "a segment file that went after the start was never repaired, nor its topic used"
        ),
        Regression(
            seed: 30_000_009,
            name: "what followed a log that had lost its end was in no other log any more"
        ),
        Regression(
            seed: 6_161,
            scenario: .moves,
            name: "a leader that led again stored a forwarded publish before one it had sent back"
        ),
        Regression(
            seed: 38_000_020,
            name: "the checker wanted a leader kept that somebody had asked to hand over"
        ),
        Regression(
            seed: 96,
            scenario: .moves,
            name: "a node that came back to a topic voted by a configuration of before"
        ),
        Regression(
            seed: 196,
            scenario: .moves,
            name: "a start carried out an old decision against a replica of a later one"
        ),
        Regression(
            seed: 99,
            scenario: .moves,
            name: "a replica's files came back with the power, after it had left"
        ),
        Regression(
            seed: 166,
            scenario: .moves,
            name: "a topic was given to nodes that were down, and one that had left held it on"
        ),
        Regression(
            seed: 12,
            scenario: .moves,
            name: "the checker counted on nodes that a change of members had left for others"
        ),
        Regression(
            seed: 32,
            scenario: .absences,
            name: "a replica could not read what had left all other logs, nor take what was left"
        ),
        Regression(
            seed: 40_078,
            scenario: .absences,
            name: "the checker took a term for durable that a snapshot's entry had brought"
        ),
        Regression(
            seed: 60_057,
            scenario: .absences,
            name: "the checker did not know that a snapshot's write had raised the term"
        ),
        Regression(
            seed: 40_436,
            scenario: .absences,
            name: "the checker counted on a node that had never joined"
        ),
        Regression(
            seed: 445,
            scenario: .absences,
            name: "the checker took a replica for whole that could not be read"
        ),
        Regression(
            seed: 3_216,
            scenario: .absences,
            name: "word of a durable entry was lost, and nobody asked again"
        ),
        Regression(
            seed: 30_000_052,
            scenario: .absences,
            name: "the checker wanted messages that retention had removed while they were read"
        ),
        Regression(
            seed: 25_000_108,
            scenario: .restarts,
            name: "the checker held it against a leader that a node of its quorum stopped"
        ),
        Regression(
            seed: 201,
            scenario: .damage,
            name: "damage in unused places kept a node from starting"
        ),
        Regression(
            seed: 14_001_182,
            name: "the checker asked a quorum for what its damaged replica had lost"
        ),
        Regression(
            seed: 15_000_136,
            name: "an acknowledgement came late, of a disk that was wiped meanwhile"
        ),
        Regression(
            seed: 15_000_750,
            name: "a replica needed an entry that had left all other logs"
        ),
        Regression(
            seed: 3_001_262,
            name: "two slow disks multiplied, and a job outlasted the run"
        ),
        Regression(
            seed: 3_001_795,
            name: "the answer to a forward of a process before was taken for that to another one"
        ),
        Regression(
            seed: 7_000_403,
            name: "new publishes joined a refused batch, ahead of older ones under way"
        ),
    ]

    @Test(arguments: all)
    func `a seed that once failed holds`(regression: Regression) {
        let report = Simulation.run(
            seed: regression.seed,
            SimulationOptions(regression.scenario)
        )
        #expect(report.violation == nil, "\(report.violation?.text ?? "")")
    }
}
