import Glibc
import WiberBase

/// All hunts, some of them side by side.
struct Pack {
    private let options: Options
    private var waiting: [Mutant?]
    private var running: [Child] = []
    /// The most seeds that a mutant needed: the code without one must pass as many.
    private var seedsNeeded: UInt64 = 1
    private(set) var hasFailed = false

    init(_ options: Options) {
        self.options = options
        waiting = options.mutants.reversed()
    }

    /// Hunts all mutants, then looks at the code without one.
    mutating func run() {
        Mutants.say("| mutant | breaks | caught by | seeds | seconds |\n|---|---|---|---|---|\n")
        hunt(seeds: options.seeds)
        waiting = [nil]
        hunt(seeds: seedsNeeded)
    }

    private mutating func hunt(seeds: UInt64) {
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < options.jobs, let mutant = waiting.popLast() {
                guard let child = Child(mutant, seeds: seeds) else {
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
            if running[place].seconds > Double(options.minutes * 60) { running[place].end() }
            guard polls[place].revents != 0, !running[place].read() else { continue }
            finished(running.remove(at: place))
        }
    }

    private mutating func finished(_ child: Child) {
        let outcome = child.outcome()
        let name = child.mutant?.rawValue ?? Hunt.control
        let isGood = (outcome.caughtBy != nil) == (child.mutant != nil)
        if !isGood { hasFailed = true }
        seedsNeeded = max(seedsNeeded, UInt64(outcome.seeds) ?? 1)
        let seconds = (child.seconds * 10).rounded() / 10
        Mutants.say(
            "| `\(name)` | \(child.mutant?.breaks ?? "nothing") |"
                + " \(outcome.caughtBy ?? "**nothing**") | \(outcome.seeds) | \(seconds) |\n"
        )
        if let text = outcome.text { Mutants.say("\(name): \(text)\n", to: 2) }
    }
}
