import ArgumentParser
import WiberSim

extension SimCommand {
    struct Explore: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "See all that can happen to a small cluster, within bounds.",
            discussion: """
                Raft scenarios are of the core as it is: new-cluster, takeover, disorder. Storage \
                scenarios are of a model of the storage rules: votes, failed-votes, entries, \
                repairs, caches, failed-syncs, interval. Without any, all are explored. Exits \
                with 1 if a promise was broken; the way there is a shortest one.

                Examples:
                  wiber sim explore
                  wiber sim explore takeover --crashes 2 --states-max 5000000
                  wiber sim explore repairs --breaking holeMarkedUntilSynced
                """
        )
        @Argument(help: "The scenarios.") var scenarios: [String] = []
        @Option(help: "A rule of storage that is broken, to see what it is for.")
        var breaking: String?
        @Option(help: "After so many states a scenario is given up.") var statesMax: Int?
        @Option(help: "The highest term.") var terms: Int?
        @Option(help: "The longest log to which something is proposed.") var entries: Int?
        @Option(help: "How often a process ends.") var crashes: Int?
        @Option(help: "How often the power fails; storage only.") var powerCuts: Int?
        @Option(help: "How often something rots; storage only.") var rots: Int?
        @Option(help: "How often an fsync fails; storage only.") var failedSyncs: Int?

        func validate() throws {
            let known = ExplorationBounds.named.map(\.name) + StorageBounds.named.map(\.name)
            for scenario in scenarios where !known.contains(scenario) {
                let list = known.joined(separator: ", ")
                throw ValidationError("there is no scenario \(scenario): name some of \(list)")
            }
            if let breaking, StorageRule(rawValue: breaking) == nil {
                let list = StorageRule.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("there is no rule \(breaking): name one of \(list)")
            }
            let numbers = [statesMax, terms, entries, crashes, powerCuts, rots, failedSyncs]
            guard numbers.compactMap(\.self).allSatisfy({ (0...1_000_000_000).contains($0) }) else {
                throw ValidationError("bounds are 0 to 10^9")
            }
        }

        func run() throws {
            var isBroken = false
            let rule = breaking.flatMap(StorageRule.init)
            for (name, bounds) in ExplorationBounds.named where isWanted(name) && rule == nil {
                let report = timed(name) { Exploration.run(adjusted(bounds)) }
                isBroken = isBroken || report.violation != nil
            }
            for (name, bounds) in StorageBounds.named where isWanted(name) {
                let report = timed(name) { StorageModel.run(adjusted(bounds), breaking: rule) }
                isBroken = isBroken || report.violation != nil
            }
            if isBroken { throw ExitCode(1) }
        }

        private func isWanted(_ name: String) -> Bool {
            scenarios.isEmpty || scenarios.contains(name)
        }

        private func timed(
            _ name: String,
            _ explore: () -> ExplorationReport
        ) -> ExplorationReport {
            let start = ContinuousClock.now
            let report = explore()
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            Terminal.say("\(name), \((seconds * 10).rounded() / 10) s: \(report)")
            return report
        }

        private func adjusted(_ bounds: ExplorationBounds) -> ExplorationBounds {
            var bounds = bounds
            bounds.statesMax = statesMax ?? bounds.statesMax
            bounds.termMax = terms.map(UInt64.init) ?? bounds.termMax
            bounds.entriesMax = entries ?? bounds.entriesMax
            bounds.crashesMax = crashes ?? bounds.crashesMax
            return bounds
        }

        private func adjusted(_ bounds: StorageBounds) -> StorageBounds {
            var bounds = bounds
            bounds.statesMax = statesMax ?? bounds.statesMax
            bounds.termMax = min(terms ?? bounds.termMax, 1_000)
            bounds.entriesMax = min(entries ?? bounds.entriesMax, 1_000)
            bounds.crashesMax = crashes ?? bounds.crashesMax
            bounds.powerCutsMax = powerCuts ?? bounds.powerCutsMax
            bounds.rotsMax = rots ?? bounds.rotsMax
            bounds.failedSyncsMax = failedSyncs ?? bounds.failedSyncsMax
            return bounds
        }
    }
}
