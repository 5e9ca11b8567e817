import WiberBase
import WiberSim

/// One mutant's process: seed after seed until something is wrong.
enum Hunt {
    /// Where it is looked for.
    enum Place: String, CaseIterable {
        /// Whole nodes.
        case nodes
        /// Cores alone.
        case cores

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
            case .nodes:
                return Simulation.run(seed: seed).violation.map { "\($0.check): \($0.text)" }
            case .cores:
                // Three to six of them; every second cluster changes its members.
                let count = 3 + Int(seed / 2 % 4)
                let run = RandomRun(count: count, changesMembers: seed % 2 == 0, seed: seed)
                run.go()
                return run.violations.first.map { "cores alone: \($0)" }
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
        guard arguments.count == 3, let place = Place(rawValue: arguments[1]),
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
    /// Where it shows: whole nodes have no changes of members yet, and rarely come to what the
    /// others need.
    var place: Hunt.Place {
        switch self {
        case .configurationAtCommit, .changesOverlap, .anyVoteCounts, .configurationKept,
            .learnerCounts, .oldTermCommitted, .staleCompletionTrusted:
            .cores
        default: .nodes
        }
    }
}
