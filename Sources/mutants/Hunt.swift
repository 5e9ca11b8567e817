import WiberBase
import WiberSim

/// One mutant's process: seed after seed until something is wrong.
enum Hunt {
    /// Where it is looked for.
    enum Place: Hashable {
        /// Whole nodes, with faults from a scenario.
        case nodes(Scenario)
        /// Cores alone.
        case cores

        static let all = Scenario.allCases.map(Place.nodes) + [.cores]

        /// How a process is told; also what a report says.
        var name: String {
            switch self {
            case .nodes(let scenario): scenario.rawValue
            case .cores: "cores alone"
            }
        }

        init?(_ name: String) {
            guard let place = Place.all.first(where: { $0.name == name }) else { return nil }
            self = place
        }

        /// A run of cores is so much cheaper than one of whole nodes that there are as many more.
        var seedFactor: UInt64 {
            switch self {
            case .nodes: 1
            case .cores: 20
            }
        }

        /// Runs a seed.
        ///
        /// - Returns: what is wrong, with the check before a colon.
        func run(_ seed: UInt64) -> String? {
            switch self {
            case .nodes(let scenario):
                let report = Simulation.run(seed: seed, SimulationOptions(scenario))
                return report.violation.map { "\($0.check): \($0.text)" }
            case .cores:
                // Three to six of them; every second cluster changes its members.
                let count = 3 + Int(seed / 2 % 4)
                let run = RandomRun(count: count, changesMembers: seed % 2 == 0, seed: seed)
                run.go()
                return run.violations.first.map { "properties of Raft: \($0)" }
            }
        }
    }

    static let flag = "--hunt"
    /// What stands for the code without a mutant.
    static let control = "none"

    /// Begins a line that says which seed comes, and one that says what was seen.
    static let seedPrefix = "seed "
    static let caughtPrefix = "caught "

    /// - Parameter arguments: the mutant's name, the place, and how many seeds.
    static func run(_ arguments: [String]) {
        guard arguments.count == 3, let place = Place(arguments[1]),
            let seeds = UInt64(arguments[2])
        else { return }
        #if Mutants
        Mutant.active = Mutant(rawValue: arguments[0])
        #endif
        for seed in 0..<seeds {
            Mutants.say("\(seedPrefix)\(seed + 1)\n")
            guard let problem = place.run(seed + 1) else { continue }
            return Mutants.say("\(caughtPrefix)\(problem)\n")
        }
    }
}

extension Mutant {
    /// Where it shows soonest: cores alone have what nodes do not do yet, changes of members, and
    /// rare orders of messages; a scenario has much of the one kind of fault that is needed.
    var place: Hunt.Place {
        switch self {
        case .oldTermCommitted, .staleCompletionTrusted, .appendTruncates:
            .cores
        case .hardStateOnce, .hardStateSyncedOnce, .cacheTrusted, .failedSyncRetried,
            .diskErrorIgnored, .tailCopiedInPart, .segmentsNotSynced, .nameNotSynced,
            .renameNotSynced, .segmentsNotCut:
            .nodes(.power)
        case .rotCutAsTorn, .payloadNotVerified, .segmentRotCut, .damagedIsNew, .holesCut,
            .gapIgnored, .holeFilledAsIs, .woundForgotten, .barrierSkipped, .sealMissing,
            .matchKeptAcrossRestart:
            .nodes(.damage)
        case .staleForwardTaken, .tailNotFollowed, .timeNotAfterLast, .leaderNotSticky,
            .commitBeyondVerified, .readWithoutQuorum, .readBeforeNoOp, .upToDateSkipped:
            .nodes(.leaders)
        case .requestsNumberedAnew, .forwardSentTwice:
            .nodes(.restarts)
        case .removalsForgotten, .removalsNotUndone, .removedCounts, .rewriteNotSynced,
            .rewriteErasesLive, .eraseForgottenAtStart, .deadlinesForgotten,
            .floorIgnored, .quotaIgnored:
            .nodes(.removals)
        case .idsTrimmed, .snapshotNotSynced, .snapshotTakenAnyway:
            .nodes(.absences)
        case .memberReused, .oldDecisionCarriedOut, .configurationAtCommit, .changesOverlap,
            .anyVoteCounts, .configurationKept, .learnerCounts, .placementIgnored:
            .nodes(.moves)
        case .nodeNumberReused, .nodeNumberListed, .nodeForgottenEarly: .nodes(.nodes)
        case .levelRaisedEarly: .nodes(.upgrades)
        case .unformedVotes, .termsShared, .otherStoreAccepted: .nodes(.wipes)
        default: .nodes(.swarm)
        }
    }
}
