import Glibc
import WiberBase

/// All hunts, some of them side by side.
struct Pack {
    /// A hunt that is to be.
    private struct Task {
        /// `nil` is the code without a mutant.
        var mutant: Mutant?
        var place: Hunt.Place
        var seeds: UInt64
    }

    private let options: Options
    private var waiting: [Task]
    private var running: [Child] = []
    /// The most seeds that a mutant needed: the code without one must pass as many.
    private var seedsNeeded: [Hunt.Place: UInt64] = [:]
    private(set) var hasFailed = false

    init(_ options: Options) {
        self.options = options
        waiting = options.mutants.reversed().map { mutant in
            let seeds = options.seeds * mutant.place.seedFactor
            return Task(mutant: mutant, place: mutant.place, seeds: seeds)
        }
    }

    /// Hunts all mutants, then looks at the code without one.
    mutating func run() {
        Mutants.say(
            "| mutant | breaks | where | caught by | seeds | seconds |\n|---|---|---|---|---|---|\n"
        )
        hunt()
        waiting = Hunt.Place.all.compactMap { place in
            seedsNeeded[place].map { Task(mutant: nil, place: place, seeds: $0) }
        }
        hunt()
    }

    private mutating func hunt() {
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < options.jobs, let task = waiting.popLast() {
                guard let child = Child(task.mutant, task.place, seeds: task.seeds) else {
                    Mutants.say("cannot start a process\n", to: 2)
                    exit(2)
                }
                running.append(child)
            }
            listen()
        }
    }

    /// Waits until a child says something, ends, or has had its time.
    private mutating func listen() {
        var polls = running.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        guard poll(&polls, nfds_t(polls.count), 1_000) >= 0 || errno == EINTR else { exit(2) }
        for place in running.indices.reversed() {
            let isLate = running[place].seconds > Double(options.minutes * 60)
            if isLate, running[place].mutant != nil { running[place].end() }
            guard polls[place].revents != 0, !running[place].read() else { continue }
            finished(running.remove(at: place))
        }
    }

    private mutating func finished(_ child: Child) {
        let outcome = child.outcome()
        let name = child.mutant?.rawValue ?? Hunt.control
        let isCaught = outcome.caughtBy != nil
        if isCaught != (child.mutant != nil) { hasFailed = true }
        if isCaught {
            seedsNeeded[child.place] = max(seedsNeeded[child.place] ?? 0, outcome.seeds)
        }
        let seconds = (child.seconds * 10).rounded() / 10
        Mutants.say(
            "| `\(name)` | \(child.mutant?.breaks ?? "nothing") | \(child.place.name) |"
                + " \(outcome.caughtBy ?? "nothing") | \(outcome.seeds) | \(seconds) |\n"
        )
        if let text = outcome.text { Mutants.say("\(name): \(text)\n", to: 2) }
    }
}
