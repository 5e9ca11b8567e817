import WiberBase
import WiberSim

/// One mutant's process: seed after seed until something is wrong.
enum Hunt {
    static let flag = "--hunt"
    /// What stands for the code without a mutant.
    static let control = "none"
    /// A run of cores alone is so much cheaper than one of whole nodes that there are as many more.
    private static let coreRuns: UInt64 = 20

    /// Begins a line that says which seed comes, and one that says what was seen.
    static let seedPrefix = "seed "
    static let caughtPrefix = "caught "

    /// - Parameter arguments: the mutant's name, and how many seeds.
    static func run(_ arguments: [String]) {
        guard arguments.count == 2, let seeds = UInt64(arguments[1]) else { return }
        let mutant = Mutant(rawValue: arguments[0])
        #if Mutants
        Mutant.active = mutant
        #endif
        let isOfNodes = !(mutant?.isOfCores ?? false)
        for seed in 0..<(isOfNodes ? seeds : seeds * coreRuns) {
            Mutants.say("\(seedPrefix)\(seed + 1)\n")
            if let problem = (isOfNodes ? nodes(seed + 1) : nil) ?? cores(seed + 1) {
                return Mutants.say("\(caughtPrefix)\(problem)\n")
            }
        }
    }

    /// A seed of whole nodes.
    private static func nodes(_ seed: UInt64) -> String? {
        Simulation.run(seed: seed).violation.map { "\($0.check): \($0.text)" }
    }

    /// A seed of cores alone, whose members come and go.
    private static func cores(_ seed: UInt64) -> String? {
        let run = RandomRun(count: 3 + Int(seed % 4), changesMembers: true, seed: seed)
        run.go()
        return run.violations.first.map { "cores alone: \($0)" }
    }
}

extension Mutant {
    /// Whether only cores show it: whole nodes have no changes of members yet.
    fileprivate var isOfCores: Bool {
        switch self {
        case .configurationAtCommit, .changesOverlap, .anyVoteCounts, .configurationKept,
            .learnerCounts:
            true
        default: false
        }
    }
}
